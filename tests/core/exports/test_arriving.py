"""An export makes an empty home the home of its log: all of it, or nothing."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.auditing.checkpointer import Checkpointer
from core.auditing.notes import NotesFolder
from core.auditing.opening import open_log
from core.clock import SystemClock
from core.errors import Invalid, Refused
from core.exports import arriving
from core.exports.arriving import Arrival, bring
from core.exports.wish import wish_of
from core.secrets import Secrets
from core.settings import Settings
from events.audit import exported
from events.audit.canonical import parse
from events.audit.checkpoint import Checkpoint, origin_of, signed, signer_for
from events.audit.importing import write_log
from events.audit.manifest import to_base64
from events.audit.merkle import leaf_hash
from events.audit.note import NoteInvalid
from events.audit.sources import LiveLog
from events.codec import canonical_line
from events.facts import (
    AppStarted,
    AuditImported,
    AuditKeyReplaced,
    ProviderSaved,
    RecipeCreated,
)
from events.lock import ProcessLock
from events.projections import ALL, USAGE
from events.store import EventStore
from tests.core.exports.homes import (
    Moment,
    checkpointer_of,
    settings_of,
    taken_to,
    write_main,
    write_month,
)

LOGS = ("main", "usage-2026-10", "usage-2026-11")


@pytest.fixture
def clock() -> Moment:
    """Noon of a day in November."""
    return Moment(2026, 11, 29, 12)


@pytest.fixture
async def log(home: Path, clock: Moment) -> EventStore:
    """The main log of a home with two books of requests and a checkpoint; it is closed."""
    settings_of(home)
    write_month(home, "2026-10", 5, Moment(2026, 10, 7))
    write_month(home, "2026-11", 7, Moment(2026, 11, 7))
    store = write_main(home, clock)
    store.append_now(
        "recipe-secret",
        [
            RecipeCreated(
                recipe_id="secret",
                recipe={"id": "secret", "env": {"HF_TOKEN": "@secret:recipe.secret.HF_TOKEN.1"}},
            )
        ],
        actor="cli",
    )
    saved = ProviderSaved(
        provider_id="far", kind="openai", models=(), key_kept_as="provider.far.key-1"
    )
    store.append_now("provider-far", [saved], actor="cli")
    await _signed(store, home, clock)
    store.close()
    return store


async def _signed(store: EventStore, home: Path, clock: Moment) -> Checkpointer:
    checkpointer = checkpointer_of(store, home, clock)
    await checkpointer.begin()
    await checkpointer.checkpoint("shutdown")
    return checkpointer


@pytest.fixture
def export(log: EventStore, home: Path, tmp_path: Path) -> Path:
    """The home's export."""
    taken_to(home, tmp_path / "export.zip")
    return tmp_path / "export.zip"


@pytest.fixture
def new(tmp_path: Path) -> Settings:
    """A home in which nothing ever was."""
    return Settings(home=tmp_path / "new")


def brought(export: Path, settings: Settings) -> Arrival:
    """Import it."""
    with exported.opened(export) as opened:
        return bring(opened, settings, actor="cli")


def dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table of a log, whole: the log's own and the read models."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
            if name not in ("_sqlite_migrations", "sqlite_sequence")
        ]
        return {
            table: sorted(connection.execute(f"select * from {table}").fetchall(), key=repr)
            for table in tables
        }


def test_the_same_logs_are_there_afterwards(export: Path, home: Path, new: Settings) -> None:
    """Line for line, with the roots that were signed for, and one line more that tells of it."""
    arrival = brought(export, new)
    assert arrival.logs == LOGS
    for name in LOGS:
        before, after = LiveLog(home / f"{name}.db", name), LiveLog(new.home / f"{name}.db", name)
        assert after.log_id == before.log_id
        assert after.root(0, before.size) == before.root(0, before.size)
        assert after.size == before.size + (name == "main")
        before.close()
        after.close()
    store = EventStore.open(new.paths.main_db, read_only=True)
    [newest] = store.read_all(newest_first=True, limit=1)
    store.close()
    source = LiveLog(home / "main.db", "main")
    assert newest.event == AuditImported(
        source_log_id=store.log_id,
        events=arrival.events,
        root=to_base64(source.root(0, source.size)),
    )
    assert arrival.events == source.size + 6 + 8
    source.close()


def test_read_models_are_the_same(export: Path, home: Path, new: Settings) -> None:
    """Whole tables, of every log, but for the one fact more."""
    brought(export, new)
    for name, projections in zip(LOGS, (ALL, USAGE, USAGE), strict=True):
        before, after = dump(home / f"{name}.db"), dump(new.home / f"{name}.db")
        tables = [table for one in projections for table in one.tables]
        assert {table: before[table] for table in tables} == {
            table: after[table] for table in tables
        }


def test_what_no_export_holds_is_named(export: Path, new: Settings) -> None:
    """Secrets stay where they are; whoever moves in hears which are missing."""
    arrival = brought(export, new)
    assert arrival.recipes_without_secrets == ("secret",)
    assert arrival.providers_without_keys == ("far",)
    assert arrival.broken_read_models == ()
    assert b"audit-key" not in b" ".join(path.name.encode() for path in new.home.rglob("*"))


async def test_the_new_home_signs_with_a_key_of_its_own(
    export: Path, new: Settings, clock: Moment
) -> None:
    """It is told in the log, and what the old key signed stays valid."""
    brought(export, new)
    opened = open_log(new, Secrets(new.paths.secrets), SystemClock())
    assert opened.trouble is None  # the old note outside is believed: the log tells its key
    signs = checkpointer_of(opened.store, new.home, clock)
    await signs.begin()
    newest = opened.store.read_all(newest_first=True, limit=3, types=("audit-key-replaced",))
    assert isinstance(newest[0].event, AuditKeyReplaced)
    assert len(signs.verifiers(opened.store.log_id)) == 2
    old = NotesFolder(new.checkpoints).newest(
        opened.store.log_id, signs.verifiers(opened.store.log_id)
    )
    assert old is not None
    fresh = await signs.checkpoint("asked")
    assert fresh.size > old.checkpoint.size
    opened.close()


async def test_an_imported_log_can_be_exported_again(
    export: Path, new: Settings, clock: Moment, tmp_path: Path
) -> None:
    """With both keys, so that every checkpoint in it can be checked."""
    brought(export, new)
    store = EventStore.open(new.paths.main_db, projections=ALL, now=clock.now)
    signs = await _signed(store, new.home, clock)
    fresh = await signs.checkpoint("export")
    taken_to(new.home, tmp_path / "again", fresh=fresh, signs=signs)
    store.close()
    with exported.opened(tmp_path / "again") as opened:
        assert {claim.verdict for claim in exported.verify(opened)} == {"proved"}
        assert len(opened.keys()) == 2 * len(LOGS)
    third = Settings(home=tmp_path / "third")
    assert brought(tmp_path / "again", third).logs == LOGS


@pytest.mark.parametrize("name", ["main.db", "usage-2026-10.db", "usage-2026-09.segment"])
def test_a_home_with_a_log_is_left_alone(export: Path, new: Settings, name: str) -> None:
    """Nothing is merged and nothing replaced; the sentence says what to do."""
    new.paths.create()
    (new.home / name).write_bytes(b"mine")
    before = {path.name for path in new.home.iterdir()}
    with pytest.raises(Refused, match="there is a log here already") as refused:
        brought(export, new)
    assert "empty data directory" in refused.value.next_action
    assert (new.home / name).read_bytes() == b"mine"
    assert {path.name for path in new.home.iterdir()} - before <= {"main.db.lock"}


def test_a_home_that_is_in_use_is_left_alone(export: Path, new: Settings) -> None:
    """Also one whose app has just started and written nothing yet."""
    new.paths.create()
    lock = ProcessLock.take(new.home / "main.db.lock")
    with pytest.raises(Refused, match="in use"):
        brought(export, new)
    lock.release()
    brought(export, new)


def test_a_part_of_a_log_is_refused(log: EventStore, home: Path, tmp_path: Path) -> None:
    """Nobody gets a log that begins in the middle."""
    taken_to(home, tmp_path / "part", wish_of(since="5"))
    with pytest.raises(Invalid, match="only positions 5 to"):
        brought(tmp_path / "part", Settings(home=tmp_path / "new"))
    assert not (tmp_path / "new" / "main.db").exists()


def test_an_export_that_changes_after_it_was_checked_is_refused(
    log: EventStore, home: Path, new: Settings, tmp_path: Path
) -> None:
    """The root of what was written is compared again."""
    taken_to(home, tmp_path / "export")
    lines = tmp_path / "export" / "log.jsonl"
    lines.write_text(lines.read_text().replace('"actor":"cli"', '"actor":"api"', 1))
    with pytest.raises(Invalid, match="not what it was when it was checked"):
        brought(tmp_path / "export", new)
    assert not list(new.home.glob("*.db"))
    assert not (new.home / "importing").exists()


@pytest.mark.parametrize("at", ["_write", "_finish", "_keep_notes", "_put_in_place"])
def test_a_failure_on_the_way_leaves_a_home_without_a_log(
    export: Path, new: Settings, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next attempt succeeds."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(arriving, at, fail)
        with pytest.raises(OSError, match="No space"):
            brought(export, new)
    assert not list(new.home.glob("*.db"))
    assert not (new.home / "importing").exists()
    assert brought(export, new).logs == LOGS


def test_a_kill_while_the_logs_are_put_in_place_is_made_good(
    export: Path, new: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Books that are in place already belong to the log that is to come, and are not in the way."""
    real = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if self.name == "main.db":
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            brought(export, new)
    assert {path.name for path in new.home.glob("*.db")} == {f"{name}.db" for name in LOGS[1:]}
    assert brought(export, new).logs == LOGS
    assert not (new.home / "importing").exists()


@pytest.fixture
def importer(export: Path, new: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that imports, and comes no further than its first lines."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from core.exports.arriving import bring\n"
        "from core.settings import Settings\n"
        "from events.audit import exported\n"
        "def told(log, done):\n"
        "    print('begun', flush=True)\n"
        "    sys.stdin.read()\n"
        "with exported.opened(Path(sys.argv[1])) as opened:\n"
        "    bring(opened, Settings(home=Path(sys.argv[2])), actor='cli', told=told)\n"
    )
    command = [sys.executable, "-c", program, str(export), str(new.home)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_killed_import_leaves_nothing_that_could_be_taken_for_a_log(
    importer: "subprocess.Popen[bytes]", export: Path, new: Settings
) -> None:
    """kill -9 in the middle, then again from the beginning."""
    assert importer.stdout is not None
    assert importer.stdout.readline() == b"begun\n"
    assert (new.home / "importing" / "main.db").exists()
    os.kill(importer.pid, signal.SIGKILL)
    importer.wait()
    assert not (new.home / "main.db").exists()
    assert brought(export, new).logs == LOGS
    assert not (new.home / "importing").exists()


@pytest.mark.parametrize("name", ["main.db", "usage-2026-11.db"])
def test_what_a_log_that_was_moved_away_left_behind_is_in_the_way(
    export: Path, home: Path, new: Settings, name: str
) -> None:
    """SQLite would take its write-ahead file for the new log's, and put the old one back."""
    new.paths.create()
    other = EventStore.open(new.home / name)
    other.append_now("app", [AppStarted(version="1", pid=1)], actor="system")
    left = (new.home / f"{name}-wal").read_bytes()
    other.close()
    (new.home / name).unlink()
    (new.home / f"{name}-wal").write_bytes(left)
    with pytest.raises(Refused, match=f"{name}-wal"):
        brought(export, new)
    (new.home / f"{name}-wal").unlink()
    assert brought(export, new).logs == LOGS


def test_an_identity_that_leads_elsewhere_is_refused(home: Path, tmp_path: Path) -> None:
    """Checkpoints are kept in a file of that name, and an export may say anything."""
    elsewhere, seed = "../../elsewhere", bytes(32)
    settings_of(home)
    with contextlib.closing(EventStore.open(home / "main.db", projections=ALL)) as store:
        begun = store.read_all(limit=1)[0]
    named = msgspec.structs.replace(
        begun, data=begun.data.replace(store.log_id.encode(), elsewhere.encode())
    )
    line = canonical_line(named)
    (home / "main.db").unlink()
    write_log(home / "main.db", [(line, parse(line))])
    note = signed(Checkpoint(origin_of(elsewhere), 1, leaf_hash(line)), signer_for(elsewhere, seed))
    with pytest.raises(NoteInvalid, match="identity"):
        NotesFolder(tmp_path / "a" / "b").append(note)
    taken_to(home, tmp_path / "export")
    with pytest.raises(Invalid, match="identity"):
        brought(tmp_path / "export", Settings(home=tmp_path / "new"))
    assert not list(tmp_path.rglob("elsewhere*"))
