"""A log that is not what was signed for is noticed when it is opened, and nothing is written."""

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from core.auditing.checkpointer import Checkpointer
from events.errors import LogDamaged, LogRolledBack
from events.projections import ALL
from events.store import EventStore
from tests.core.auditing.conftest import Home


def files(path: Path) -> dict[str, bytes]:
    """The log's files as they are."""
    return {
        name: path.with_name(name).read_bytes()
        for name in (path.name, f"{path.name}-wal")
        if path.with_name(name).exists()
    }


def change(path: Path, *statements: str) -> None:
    """Change the closed log as somebody with the file can."""
    connection = sqlite3.connect(path, isolation_level=None)
    triggers = connection.execute("select name from sqlite_master where type = 'trigger'")
    for (name,) in triggers.fetchall():
        connection.execute(f"drop trigger {name}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


async def grown(home: Home, checkpointer: Checkpointer, events: int) -> None:
    """A log with so many more events, signed for in its middle and at its end, and closed."""
    home.write(events // 2)
    await checkpointer.checkpoint("asked")
    home.write(events - events // 2)
    await checkpointer.close()
    home.close()


async def test_a_log_that_is_as_it_was_is_opened(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Whether it grew since the note or not, at sizes around whole tiles."""
    for events in (1, 3, 250, 256, 300):
        await grown(studio_home, checkpointer, events)
        checkpointer = await studio_home.begin()
        assert checkpointer.notices == ()


async def test_an_older_copy_put_in_place_is_a_rollback(
    studio_home: Home, checkpointer: Checkpointer, tmp_path: Path
) -> None:
    """It is whole in itself: only the note outside can tell. Nothing of it is touched."""
    studio_home.write(5)
    studio_home.close()
    shutil.copy(studio_home.paths.main_db, tmp_path / "old.db")
    checkpointer = await studio_home.begin()
    studio_home.write(20)
    await checkpointer.close()
    studio_home.close()
    shutil.copy(tmp_path / "old.db", studio_home.paths.main_db)
    before = files(studio_home.paths.main_db)
    with pytest.raises(LogRolledBack, match=r"ends with event 7, .* had 27: the newest 20 are gon"):
        studio_home.open()
    assert files(studio_home.paths.main_db)["main.db"] == before["main.db"]


async def test_a_log_that_was_written_anew_is_not_that_log(
    studio_home: Home, checkpointer: Checkpointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every hash recomputed, and under the same name."""
    log_id = checkpointer._store.log_id
    await grown(studio_home, checkpointer, 300)
    studio_home.paths.main_db.unlink()
    monkeypatch.setattr("events.store.uuid4", lambda: log_id)
    forged = EventStore.open(studio_home.paths.main_db, projections=ALL, now=studio_home.clock.now)
    studio_home.store = forged
    studio_home.write(400)
    studio_home.close()
    with pytest.raises(
        LogRolledBack, match=r"are not those that a checkpoint in .* was signed for"
    ):
        studio_home.open()


async def test_hashes_that_do_not_fit_together_are_damage(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """A tile or an old leaf that was changed, also without any note outside."""
    await grown(studio_home, checkpointer, 600)
    shutil.rmtree(studio_home.settings.checkpoints)
    for statement, match in (
        ("update log_tiles set root = zeroblob(32) where number = 0", "do not fit"),
        ("delete from log_tiles where number = 1", "not all there"),
    ):
        copy = studio_home.paths.main_db.read_bytes()
        change(studio_home.paths.main_db, statement)
        with pytest.raises(LogDamaged, match=match):
            studio_home.open()
        studio_home.paths.main_db.write_bytes(copy)
    studio_home.open()


async def test_a_changed_line_in_the_tail_is_named(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """With its position, for whoever has to find out what happened."""
    await grown(studio_home, checkpointer, 30)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 17")
    with pytest.raises(LogDamaged, match="position 17") as damage:
        studio_home.open()
    assert damage.value.position == 17


async def test_a_torn_write_ahead_file_that_loses_what_was_signed_for_is_a_rollback(
    studio_home: Home, checkpointer: Checkpointer, tmp_path: Path
) -> None:
    """It opens as a valid prefix, so nothing but the note outside can say that events are gone."""
    studio_home.write(40)
    await checkpointer.checkpoint("asked")
    signed = studio_home.store.head - 1 if studio_home.store else 0
    studio_home.write(10)
    whole = files(studio_home.paths.main_db)
    chance = random.Random(11)
    told = {"rolled back": 0, "as it was": 0}
    for attempt in range(60):
        wal = bytearray(whole["main.db-wal"])
        if attempt % 2:
            wal = wal[: chance.randrange(len(wal))]
        else:
            wal[chance.randrange(len(wal))] ^= 1 << chance.randrange(8)
        copy = tmp_path / f"{attempt}.db"
        copy.write_bytes(whole["main.db"])
        copy.with_name(f"{attempt}.db-wal").write_bytes(wal)
        left = head_of(copy)
        try:
            EventStore.open(copy, projections=ALL, check=studio_home.check()).close()
            told["as it was"] += 1
            assert left >= signed
        except LogRolledBack:
            told["rolled back"] += 1
            assert left < signed
    assert min(told.values()) > 5


def head_of(path: Path) -> int:
    """How many events are left; 0 also where not even the tables are."""
    connection = sqlite3.connect(path)
    try:
        return int(
            connection.execute("select coalesce(max(position), 0) from events").fetchone()[0]
        )
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


async def test_a_log_that_is_gone_was_signed_for(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Emptied or removed; a folder shared with other studios says nothing of ours."""
    await grown(studio_home, checkpointer, 5)
    for left in (None, b""):
        studio_home.paths.main_db.unlink(missing_ok=True)
        if left is not None:
            studio_home.paths.main_db.write_bytes(left)
        with pytest.raises(LogRolledBack, match=r"there is no log, but .* all of them are gone"):
            studio_home.open()
    studio_home.secrets.put("audit-key", "ab" * 32)
    studio_home.open()


async def test_a_folder_of_notes_is_no_reason_against_a_first_start(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Somebody else's are in it, and we have no key yet."""
    await grown(studio_home, checkpointer, 5)
    studio_home.paths.main_db.unlink()
    studio_home.secrets.delete("audit-key")
    studio_home.open()


async def test_notes_that_nobody_known_signed_are_said(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """They stop nothing: anybody may write into a shared folder."""
    await grown(studio_home, checkpointer, 5)
    path = studio_home.notes.path_of(checkpointer._store.log_id)
    path.write_text(path.read_text().replace("— vllm", "— other"))
    check = studio_home.check()
    EventStore.open(studio_home.paths.main_db, check=check).close()
    assert check.notices == [f"no checkpoint in {path} is signed with a key of this log"]
