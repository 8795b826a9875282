"""A log that can not be written is looked at: as it is, or as far as it is good."""

import shutil
from pathlib import Path

import pytest

from core.auditing.checkpointer import Checkpointer
from core.auditing.opening import OpenedLog, open_log
from events.errors import LogLocked, LogUnavailable
from events.facts import AppStopped, RecipeCreated
from events.projections.saved_recipes import SavedRecipes, saved_recipes
from tests.core.auditing.conftest import Home
from tests.core.auditing.test_outside import change, grown

RECIPE = RecipeCreated(recipe_id="qwen", recipe={"id": "qwen", "name": "Qwen"})


def opened(home: Home) -> OpenedLog:
    """As the studio opens its log."""
    return open_log(home.settings, home.secrets, home.clock)


def demand_reading_only(log: OpenedLog) -> None:
    """Whatever is appended is refused with what is wrong."""
    assert log.trouble is not None
    assert log.store.problem == log.trouble.sentence
    with pytest.raises(LogUnavailable, match="Nothing is changed, started or stopped"):
        log.store.append_now("app", [AppStopped(reason="x")], actor="cli")


async def test_a_good_log_is_written(studio_home: Home, checkpointer: Checkpointer) -> None:
    """Nothing is said."""
    await grown(studio_home, checkpointer, 20)
    log = opened(studio_home)
    assert (log.trouble, log.notices) == (None, ())
    log.store.append_now("app", [AppStopped(reason="x")], actor="cli")
    log.close()


async def test_a_damaged_log_is_shown_as_it_is(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """With the first bad position, and what its read models say."""
    assert studio_home.store is not None
    studio_home.store.append_now("recipe-qwen", [RECIPE], actor="cli")
    await grown(studio_home, checkpointer, 20)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 9")
    before = studio_home.paths.main_db.read_bytes()
    log = opened(studio_home)
    demand_reading_only(log)
    assert log.trouble is not None
    assert (log.trouble.code, log.trouble.position) == ("log-damaged", 9)
    assert "audit recover" in log.trouble.next_action
    with log.store.reading() as connection:
        assert [saved.recipe["id"] for saved in saved_recipes(connection)] == ["qwen"]
    assert log.store.subscribe().position == log.store.head
    log.close()
    assert studio_home.paths.main_db.read_bytes() == before


async def test_a_log_whose_read_models_can_not_be_used_is_shown_up_to_the_damage(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """From a copy with read models of its own; the copy is gone afterwards."""
    assert studio_home.store is not None
    studio_home.store.append_now("recipe-qwen", [RECIPE], actor="cli")
    await grown(studio_home, checkpointer, 600)
    change(
        studio_home.paths.main_db,
        "update events set actor = 'x' where position = 600",
        f"drop table {SavedRecipes.tables[0]}",
    )
    before = studio_home.paths.main_db.read_bytes()
    log = opened(studio_home)
    demand_reading_only(log)
    assert log.store.head == 599
    with log.store.reading() as connection:
        assert [saved.recipe["id"] for saved in saved_recipes(connection)] == ["qwen"]
    copy = log.store.path
    log.close()
    assert not copy.exists()
    assert studio_home.paths.main_db.read_bytes() == before


async def test_an_older_copy_is_shown(
    studio_home: Home, checkpointer: Checkpointer, tmp_path: Path
) -> None:
    """What is gone is said by the note."""
    studio_home.write(5)
    studio_home.close()
    shutil.copy(studio_home.paths.main_db, tmp_path / "old.db")
    checkpointer = await studio_home.begin()
    await grown(studio_home, checkpointer, 5)
    shutil.copy(tmp_path / "old.db", studio_home.paths.main_db)
    log = opened(studio_home)
    demand_reading_only(log)
    assert log.trouble is not None
    assert log.trouble.code == "log-rolled-back"
    assert log.store.head == 7
    log.close()


def test_a_file_that_is_no_log_is_shown_empty(studio_home: Home) -> None:
    """There is nothing in it that could be shown, and it is left as it is."""
    studio_home.paths.main_db.write_bytes(b"this was a log once, before the disk went bad" * 99)
    before = studio_home.paths.main_db.read_bytes()
    log = opened(studio_home)
    demand_reading_only(log)
    assert log.trouble is not None
    assert log.trouble.code == "log-damaged"
    assert log.store.head == 1  # the beginning of the empty log that stands for it
    log.close()
    assert studio_home.paths.main_db.read_bytes() == before


async def test_a_log_of_a_newer_version_is_shown(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Its tables were changed by steps that this version does not know."""
    await grown(studio_home, checkpointer, 5)
    change(
        studio_home.paths.main_db,
        "insert into _sqlite_migrations (migration_set, name, applied_at)"
        " values ('events', 'm999_of_tomorrow', 'tomorrow')",
        "update log_projections set version = version + 1",
    )
    log = opened(studio_home)
    demand_reading_only(log)
    assert log.trouble is not None
    assert log.trouble.code == "log-newer"
    assert "m999_of_tomorrow" in log.trouble.reason
    assert log.store.head == 9
    log.close()


def test_a_second_process_is_refused_and_not_shown_anything(studio_home: Home) -> None:
    """There is a studio that can be asked."""
    studio_home.open()
    with pytest.raises(LogLocked, match="in use by the process"):
        opened(studio_home)


async def test_a_log_that_is_gone_is_shown_empty(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """And no new one is begun in its place."""
    await grown(studio_home, checkpointer, 5)
    studio_home.paths.main_db.unlink()
    log = opened(studio_home)
    demand_reading_only(log)
    log.close()
    assert not studio_home.paths.main_db.exists()


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("update events set data = cast(x'ff7b7d' as text) where position = 9", "is no text"),
        ("alter table log_tiles rename to log_tiles_of_somebody", "not those of a log"),
    ],
)
async def test_what_sqlite_can_read_and_a_log_can_not_be_is_damage(
    studio_home: Home, checkpointer: Checkpointer, statement: str, match: str
) -> None:
    """And not a matter of room on the disk; what stands there is not quoted."""
    await grown(studio_home, checkpointer, 300)
    change(studio_home.paths.main_db, statement.replace("= 9", "= 290"))
    log = opened(studio_home)
    assert log.trouble is not None
    assert log.trouble.code == "log-damaged"
    assert match in log.trouble.reason
    log.close()
