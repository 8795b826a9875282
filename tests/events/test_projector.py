"""Read models are folds of the log: in the same transaction, rebuilt at need, never in its way."""

import logging
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from events.envelope import Recorded, UnknownEvent
from events.errors import LogUnavailable
from events.facts import AppStopped
from events.projections import ALL
from events.projections.load_times import LoadTimes
from events.projections.projector import Projector, types_read
from events.projections.timeline import timeline
from events.projections.unknown_kinds import UnknownKinds
from events.store import EventStore
from tests.events.conftest import Open, append_foreign


class Reasons:
    """Every reason to stop there ever was; raises on the reason "poison" when told to."""

    name = "reasons"
    version = 1
    tables: tuple[str, ...] = ("reasons",)
    error: Exception | None = None

    def create(self, db: Database) -> None:
        """Make the empty tables."""
        for table in self.tables:
            db.table(table).create({"position": int, "reason": str}, strict=True)

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Note the reason, and only then notice the poison."""
        if isinstance(recorded.event, AppStopped):
            connection.execute(
                f"insert into {self.tables[0]} values (?, ?)",
                (recorded.position, recorded.event.reason),
            )
            if recorded.event.reason == "poison" and self.error is not None:
                raise self.error


class Count:
    """How many events there are."""

    name = "count"
    version = 1
    tables = ("count",)

    def create(self, db: Database) -> None:
        """Make the table with its one row."""
        db.table("count").insert({"number": 0})

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Count one more."""
        connection.execute("update count set number = number + 1")


def stop(log: EventStore, *reasons: str) -> None:
    """Append one stop for each reason, in a commit each."""
    for reason in reasons:
        log.append_now("app", [AppStopped(reason=reason)], actor="cli")


def reasons(log: EventStore, table: str = "reasons") -> list[str]:
    """What the read model holds."""
    with log.reading() as connection:
        rows = connection.execute(f"select reason from {table} order by position").fetchall()
    return [reason for (reason,) in rows]


def count(log: EventStore) -> int:
    """What the other read model holds."""
    with log.reading() as connection:
        return int(connection.execute("select number from count").fetchone()[0])


def test_a_read_model_is_there_as_soon_as_the_append_returns(opened: Open) -> None:
    """Fact and read model come in one transaction, so nobody sees one without the other."""
    log = opened((Reasons(), Count()))
    for number in range(1, 4):
        stop(log, str(number))
        assert reasons(log)[-1] == str(number)
        assert count(log) == log.head


def test_a_read_model_of_a_commit_that_failed_is_not_there(opened: Open) -> None:
    """Rolled back together."""

    class DiskFails(Reasons):
        error = sqlite3.OperationalError("database or disk is full")

    assert DiskFails.error is not None
    DiskFails.error.sqlite_errorcode = sqlite3.SQLITE_FULL
    log = opened((DiskFails(), Count()))
    stop(log, "one")
    with pytest.raises(LogUnavailable):
        stop(log, "poison")
    assert (log.head, reasons(log), count(log)) == (2, ["one"], 2)
    assert log.broken_projections == {}  # the disk's fault, not the projection's
    stop(log, "two")
    assert (reasons(log), count(log)) == (["one", "two"], 3)


def test_a_new_read_model_is_folded_from_the_start(opened: Open) -> None:
    """A question can be asked of a history that began before it."""
    log = opened(())
    stop(log, "one", "two")
    log.close()
    assert reasons(opened((Reasons(),))) == ["one", "two"]


def test_a_read_model_that_was_not_there_for_a_while_is_folded_on(opened: Open) -> None:
    """Opening without a projection does not make it miss what happened meanwhile."""
    for projections, reason in [
        ((Reasons(),), "one"),
        ((Count(),), "two"),
        ((Reasons(),), "three"),
    ]:
        log = opened(projections)
        stop(log, reason)
        log.close()
    log = opened((Reasons(), Count()))
    assert (reasons(log), count(log)) == (["one", "two", "three"], 4)


def test_a_changed_version_is_rebuilt_from_the_facts(opened: Open) -> None:
    """Tables of the old version go, also those with a name that is not used any more."""
    log = opened((Reasons(),))
    stop(log, "one", "two")
    log.close()

    class Renamed(Reasons):
        version = 2
        tables = ("why_it_stopped",)

    log = opened((Renamed(),))
    assert reasons(log, "why_it_stopped") == ["one", "two"]
    with log.reading() as connection:
        names = [n for (n,) in connection.execute("select name from sqlite_master").fetchall()]
    assert "reasons" not in names


def test_an_unchanged_read_model_is_not_folded_again(opened: Open, path: Path) -> None:
    """Opening a long log is quick: what is up to date stays."""
    log = opened((Reasons(),))
    stop(log, "one")
    log.close()
    connection = sqlite3.connect(path)
    connection.execute("update reasons set reason = 'touched'")
    connection.commit()
    connection.close()
    assert reasons(opened((Reasons(),))) == ["touched"]


def test_a_table_that_was_dropped_from_outside_comes_back(opened: Open, path: Path) -> None:
    """Read models can be thrown away at any time."""
    log = opened((Reasons(),))
    stop(log, "one")
    log.close()
    connection = sqlite3.connect(path)
    connection.execute("drop table reasons")
    connection.close()
    assert reasons(opened((Reasons(),))) == ["one"]


class Broken(Reasons):
    """Cannot take the poison."""

    error = ValueError("secret-in-the-message")


def test_a_projection_that_raises_does_not_lose_the_fact(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """The fact is recorded, the others go on, and the broken one stays as it was before it."""
    log = opened((Broken(), Count()))
    stop(log, "one", "poison", "two")
    assert (log.head, reasons(log), count(log)) == (4, ["one"], 4)
    with log.reading() as connection:
        reached = dict(connection.execute("select name, position from log_projections").fetchall())
    assert reached == {"reasons": 2, "count": 4}  # it does not claim what it has not folded
    assert "ValueError" in log.broken_projections["reasons"]
    assert "reasons cannot take position 3" in caplog.text
    assert "secret-in-the-message" not in caplog.text


def test_only_one_of_many_in_a_commit_is_poison(opened: Open) -> None:
    """Everyone in the commit is answered as if nothing had happened."""
    log = opened((Broken(), Count()))
    facts = [AppStopped(reason=reason) for reason in ("one", "poison", "two")]
    recorded = log.append_now("app", facts, actor="cli", expected=0)
    assert [one.position for one in recorded] == [2, 3, 4]
    assert (log.head, count(log)) == (4, 4)
    assert log.append_now("app", [AppStopped(reason="x")], actor="cli", expected=3)


def test_a_broken_projection_is_tried_again_on_the_next_open(opened: Open) -> None:
    """A version that can take the event heals the read model, without being told to."""
    log = opened((Broken(), Count()))
    stop(log, "one", "poison", "two")
    log.close()
    log = opened((Reasons(), Count()))
    assert reasons(log) == ["one", "poison", "two"]
    assert log.broken_projections == {}


def test_a_projection_that_is_still_broken_does_not_keep_the_log_closed(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """It holds what came before the event, and says so loudly, on every open."""
    log = opened((Broken(),))
    stop(log, "one", "poison", "two")
    for _ in range(2):
        log.close()
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            log = opened((Broken(),))
        assert (reasons(log), log.head) == (["one"], 4)
        assert "reasons cannot take position 3" in caplog.text
        assert "reasons" in log.broken_projections


def test_a_projection_broken_by_the_first_event_is_empty(opened: Open) -> None:
    """There is no event before the first."""

    class Never(Count):
        def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
            raise KeyError(recorded.position)

    log = opened((Never(), Reasons()))
    stop(log, "one")
    assert (count(log), reasons(log), log.head) == (0, ["one"], 2)


def test_a_projection_cannot_touch_the_log(opened: Open) -> None:
    """A read model that tries to change a fact is broken; the facts are as they were."""

    class Forger(Count):
        def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
            connection.execute("delete from events where position = 1")

    log = opened((Forger(), Reasons()))
    stop(log, "one")
    assert log.head == 2
    assert set(log.broken_projections) == {"count"}
    assert reasons(log) == ["one"]


def test_events_of_another_version_are_kept_and_passed_over(opened: Open) -> None:
    """A downgrade opens the log, shows what it does not know, and goes on."""
    log = opened()
    append_foreign(log, "engine-1", "engine-dreamt", b'{"of":"sheep"}')
    stop(log, "one")
    log.close()
    again = opened((*ALL, Reasons()))
    assert again.broken_projections == {}
    assert again.read_stream("engine-1")[0].event == UnknownEvent(
        type="engine-dreamt", data={"of": "sheep"}
    )
    assert [told.type for told in timeline(again, types=["engine-dreamt"])] == ["engine-dreamt"]
    assert reasons(again) == ["one"]


def test_two_projections_cannot_share_a_table() -> None:
    """They would drop each other's rows."""
    with pytest.raises(ValueError, match="share"):
        Projector((Reasons(), Reasons()))


def test_a_rebuild_reads_what_a_read_model_reads() -> None:
    """And everything for one that does not say, or that is about what is not known."""
    assert types_read(LoadTimes()) == ("engine-became-ready",)
    assert types_read(UnknownKinds()) == ()
    assert types_read(Broken()) == ()
