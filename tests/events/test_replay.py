"""The past can be seen as it stood, and a fold is the same however it is come by."""

import sqlite3
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import AppStopped
from events.facts.base import Fact
from events.projections import ALL, USAGE
from events.projections.engine_runs import engine_runs
from events.projections.saved_recipes import saved_recipes
from events.replay import empty, fold, position_at, state_at
from events.store import EventStore
from tests.events.conftest import Open, StillClock, append_story
from tests.events.shapes import facts
from tests.events.stories import a_day
from tests.events.test_projector import Broken

EVERY = (*ALL, *USAGE)


class CountStops:
    """How often did it stop?"""

    name = "stops"
    version = 1
    tables = ("stops",)

    def create(self, db: Database) -> None:
        """Make the table with its one row."""
        db.execute("create table stops (number integer)")
        db.execute("insert into stops values (0)")

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Count."""
        if isinstance(recorded.event, AppStopped):
            connection.execute("update stops set number = number + 1")


def picture(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Everything in every read model, in an order that does not depend on how it came there."""
    tables = [table for projection in EVERY for table in projection.tables]
    return {
        table: sorted(connection.execute(f"select * from {table}").fetchall(), key=repr)
        for table in tables
    }


def picture_of(log: EventStore) -> dict[str, list[tuple[object, ...]]]:
    """What the log's own read models hold."""
    with log.reading() as connection:
        return picture(connection)


@pytest.fixture
def day(opened: Open) -> EventStore:
    """A log with a whole day in it."""
    log = opened(EVERY)
    append_story(log, a_day())
    return log


def test_replaying_everything_gives_what_the_log_holds(day: EventStore) -> None:
    """The read models in the file are the fold of the facts, exactly."""
    replayed = state_at(day, day.head, EVERY)
    assert picture(replayed) == picture_of(day)
    assert engine_runs(replayed)
    replayed.close()


def test_folding_twice_gives_the_same(day: EventStore) -> None:
    """No clock, no chance, no order of a set: only the facts."""
    first, second = state_at(day, day.head, EVERY), state_at(day, day.head, EVERY)
    assert list(first.iterdump()) == list(second.iterdump())
    first.close()
    second.close()


def test_the_past_and_what_came_after_make_the_present(day: EventStore) -> None:
    """state_at(k), then the rest, is everything: for every k."""
    whole = picture_of(day)
    for position in range(day.head + 1):
        state = state_at(day, position, EVERY)
        fold(state, EVERY, day.read_all(position))
        assert picture(state) == whole, position
        state.close()


def test_opening_again_changes_no_read_model(day: EventStore, opened: Open) -> None:
    """What was folded while it happened is what is folded afterwards."""
    before = picture_of(day)
    day.close()
    assert picture_of(opened(EVERY)) == before


def test_a_rebuild_gives_what_was_folded_live(day: EventStore, opened: Open) -> None:
    """Throwing every read model away loses nothing."""
    before, path = picture_of(day), day.path
    day.close()
    connection = sqlite3.connect(path)
    connection.execute("delete from log_projections")
    connection.commit()
    connection.close()
    assert picture_of(opened(EVERY)) == before


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=st.lists(st.lists(facts(), min_size=1, max_size=4), max_size=5))
def test_any_facts_in_any_order_fold_live_as_they_replay(
    told: Sequence[Sequence[Fact]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also facts that make no sense together: no projection breaks, none disagrees."""
    log = EventStore.open(tmp_path_factory.mktemp("log") / "main.db", projections=EVERY)
    try:
        for number, commit in enumerate(told):
            log.append_now(f"stream-{number % 2}", commit, actor="cli")
        replayed = state_at(log, log.head, EVERY)
        assert log.broken_projections == {}
        assert picture(replayed) == picture_of(log)
        replayed.close()
    finally:
        log.close()


def test_the_past_is_what_it_was(day: EventStore) -> None:
    """At an early position the later facts have not happened."""
    state = state_at(day, 3)
    assert [saved.revision for saved in saved_recipes(state)] == [2]
    assert engine_runs(state) == []
    state.close()
    nothing = state_at(day, 0)
    assert saved_recipes(nothing) == []
    nothing.close()


def test_replay_goes_through_more_than_one_page(opened: Open) -> None:
    """A long log is read a page at a time, without leaving out where they meet."""
    log = opened((CountStops(),))
    log.append_now("app", [AppStopped(reason="")] * 2500, actor="cli")
    state = state_at(log, 2400, (CountStops(),))
    assert state.execute("select number from stops").fetchone() == (2399,)
    state.close()


def test_a_moment_is_turned_into_a_position(opened: Open, clock: StillClock) -> None:
    """The newest event at or before it."""
    log = opened()
    for _ in range(3):
        clock.at += 1_000_000
        log.append_now("app", [AppStopped(reason="x")], actor="cli")
    assert position_at(log, clock.at) == 4
    assert position_at(log, clock.at - 1) == 3
    assert position_at(log, 0) == 0


def test_a_projection_that_breaks_does_not_hide_the_others_past(opened: Open) -> None:
    """It shows what it had before the event, as it does in the log."""
    log = opened((CountStops(),))
    for reason in ("one", "poison", "two"):
        log.append_now("app", [AppStopped(reason=reason)], actor="cli")
    state = state_at(log, log.head, (Broken(), CountStops()))
    assert state.execute("select reason from reasons").fetchall() == [("one",)]
    assert state.execute("select number from stops").fetchone() == (3,)
    state.close()


def test_an_empty_state_has_every_table() -> None:
    """What can be asked of the present can be asked of the past."""
    connection = empty(EVERY)
    assert not any(picture(connection).values())
    connection.close()
