"""A downgrade opens: what a newer version wrote is kept, shown and counted, and work goes on."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database, Migrations

from events import codec
from events.audit.merkle import leaf_hash
from events.codec import Codec
from events.envelope import UnknownEvent
from events.errors import LogNewer, LogUnavailable
from events.facts import EngineStarted, RecipeCreated, SettingChanged
from events.facts.base import Fact
from events.projections import ALL
from events.projections.engine_runs import engine_runs
from events.projections.present import PRESENT
from events.projections.saved_recipes import saved_recipes
from events.projections.timeline import TimelineFilter, timeline_page
from events.projections.unknown_kinds import unknown_kinds
from events.replay import state_at
from events.snapshots import Snapshots
from events.store import EventStore
from events.upcasting import Data, Upcasters
from tests.events.conftest import Open, append_foreign, append_story
from tests.events.stories import a_day

LATER = Migrations("events")


@LATER()
def m900_of_the_future(db: Database) -> None:
    """A table that this version has no idea of."""
    db.execute("create table log_dreams (number integer primary key)")


@pytest.fixture
def from_the_future(opened: Open, path: Path) -> Path:
    """A log that a newer version has written for a while, and closed."""
    log = opened()
    append_story(log, a_day(runs=2))
    append_foreign(log, "robot", "robot-danced", b'{"steps":3,"recipe_id":"qwen"}')
    append_foreign(log, "recipe-qwen", "recipe-revised", b'{"recipe_id":"qwen","v":2}', schema=2)
    append_foreign(log, "robot", "robot-danced", b'{"how":"well"}', schema=7)
    append_foreign(log, "app", "app-started", b'"not even an object"')
    append_story(log, [("settings", SettingChanged(key="a", value=1, previous=None))])
    log.close()
    connection = sqlite3.connect(path)
    # A newer version's read models: one of a later version, and one that this version has not.
    connection.execute("update log_projections set version = 99 where name = 'engine-runs'")
    connection.execute("alter table engine_runs add column mood text")
    connection.execute("create table dreams (number integer)")
    connection.execute(
        "insert into log_projections (name, version, position, tables) values"
        " ('dreams', 1, 1, '[\"dreams\"]')"
    )
    connection.commit()
    connection.close()
    return path


def test_it_opens_projects_appends_and_verifies(from_the_future: Path, opened: Open) -> None:
    """Everything that this version knows works, and every hash holds, also of what it does not."""
    log = opened()
    assert log.broken_projections == {}
    with log.reading() as connection:
        assert [run.state for run in engine_runs(connection)] == ["stopped", "stopped"]
        assert [saved.revision for saved in saved_recipes(connection)] == [2, 1]
    before = log.head
    append_story(log, a_day(runs=1))
    log.close()
    log = opened()
    told = log.read_all()
    assert log.head == len(told) > before
    assert [one for one in told if leaf_hash(codec.canonical_line(one)) != one.leaf] == []


def test_what_is_not_known_is_kept_shown_and_counted(from_the_future: Path, opened: Open) -> None:
    """In the timeline as it stands, in the state as a count, with and without snapshots."""
    log = opened()
    with log.reading() as connection:
        page = timeline_page(connection, TimelineFilter(kind="robot"))
        of_qwen = timeline_page(connection, TimelineFilter(model="qwen", kind="robot"))
    assert [(one.known, one.data) for one in page.entries] == [
        (False, {"how": "well"}),
        (False, {"steps": 3, "recipe_id": "qwen"}),
    ]
    assert page.entries[0].sentence == (
        "An event of a kind this version does not know: robot-danced."
    )
    assert len(of_qwen.entries) == 1
    snapshots = Snapshots(log, from_the_future.parent / "snapshots", spacing=7)
    while snapshots.step():
        pass
    for state in (state_at(log, log.head, PRESENT), snapshots.state_at(log.head)):
        assert [(kind.type, kind.schema, kind.events) for kind in unknown_kinds(state)] == [
            ("app-started", 1, 1),
            ("recipe-revised", 2, 1),
            ("robot-danced", 1, 1),
            ("robot-danced", 7, 1),
        ]
        state.close()


def test_what_is_not_known_is_logged_once_per_shape(
    from_the_future: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """Known types whose data does not fit; never with what stood in it."""
    log = opened()
    with caplog.at_level(logging.WARNING):
        log.read_all()
        log.read_all()
    assert "not even an object" not in caplog.text
    assert caplog.text.count("app-started in schema 1") <= 1


def test_the_newer_version_finds_everything_again(from_the_future: Path, opened: Open) -> None:
    """After the downgrade it reads its own facts as it wrote them, and ours."""
    log = opened()
    append_story(log, a_day(runs=1))
    rows = [(one.type, one.schema, one.data) for one in log.read_all()]
    assert ("robot-danced", 7, b'{"how":"well"}') in rows
    later = Codec([RobotDanced], _later())
    assert later.decode("robot-danced", 7, b'{"how":"well"}') == RobotDanced(how="well")
    assert later.decode("robot-danced", 1, b'{"steps":3}') == RobotDanced(how="3 steps")
    with log.reading() as connection:
        kept = connection.execute("select position from log_projections where name = 'dreams'")
        assert kept.fetchone() == (1,)


def test_other_tables_of_the_log_itself_are_not_written_to(
    from_the_future: Path, opened: Open
) -> None:
    """What a newer version's own tables demand of a writer is not known; reading them is safe."""
    connection = sqlite3.connect(from_the_future)
    LATER.apply(Database(connection))
    connection.close()
    with pytest.raises(LogNewer, match="m900_of_the_future"):
        opened()
    reader = opened(read_only=True)
    assert unknown_in(reader) == 4
    with pytest.raises(LogUnavailable):
        reader.append_now("app", [SettingChanged(key="a", value=1, previous=0)], actor="cli")


def unknown_in(log: EventStore) -> int:
    """Events that this version does not know, by kind."""
    state = state_at(log, log.head, PRESENT)
    try:
        return len(unknown_kinds(state))
    finally:
        state.close()


def test_steps_are_chained_over_a_whole_log(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts of every shape a type ever had fold into the same read model."""
    steps = Upcasters()

    @steps.step("engine-started", from_schema=1)
    def had_no_group(data: Data) -> Data:
        return {**data, "process_group": data["pid"]}

    @steps.step("engine-started", from_schema=2)
    def told_milliseconds(data: Data) -> Data:
        return {**data, "process_started_at": data["process_started_at"] / 1000}

    log = opened()
    append_story(log, a_day(runs=1)[:9])
    who = '"engine_id":"e0","recipe_id":"qwen"'
    old = f'{{{who},"pid":7,"process_started_at":2500}}'.encode()
    append_foreign(log, "engine-e0", "engine-started", old, schema=1)
    today = Codec(codec.FACT_TYPES, steps)
    monkeypatch.setattr(codec, "CODEC", today)
    monkeypatch.setattr(codec, "decode", today.decode)
    newest = log.read_all(newest_first=True, limit=1)[0]
    assert isinstance(newest.event, EngineStarted)
    assert (newest.event.process_group, newest.event.process_started_at) == (7, 2.5)
    state = state_at(log, log.head, ALL)
    (run,) = engine_runs(state)
    assert (run.pid, run.process_group, run.process_started_at) == (7, 7, 2.5)
    state.close()
    assert isinstance(log.read_all()[1].event, RecipeCreated | UnknownEvent)


class RobotDanced(Fact, frozen=True, kw_only=True, tag="robot-danced"):
    """The robot danced {how}."""

    how: str


def _later() -> Upcasters:
    steps = Upcasters()

    @steps.step("robot-danced", from_schema=1)
    def in_words(data: Data) -> Data:
        return {"how": f"{data['steps']} steps"}

    def unchanged(data: Data) -> Any:
        return data

    for schema in range(2, 7):
        steps.step("robot-danced", from_schema=schema)(unchanged)
    return steps
