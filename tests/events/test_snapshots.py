"""Snapshots are a cache: with them, without them and with broken ones every moment is the same."""

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import snapshot_files
from events.code_hash import code_hash
from events.envelope import Recorded, UnknownEvent
from events.facts import AppStopped
from events.facts.base import Fact
from events.projections import ALL
from events.projections.present import PRESENT
from events.projections.projector import Projection
from events.projections.research_runs import ResearchRow
from events.replay import Fold, dump, empty, fold, position_at, state_at
from events.snapshots import Snapshots, key_of
from events.store import EventStore
from tests.events.conftest import Open, StillClock, append_foreign, append_story
from tests.events.shapes import facts
from tests.events.stories import a_day, of_tools
from tests.events.test_projector import Broken

EVERY_NINE = 9


@pytest.fixture
def day(opened: Open) -> EventStore:
    """A log with a whole day in it, and something that this version does not know."""
    log = opened()
    append_story(log, a_day())
    append_foreign(log, "robot", "robot-danced", b'{"steps":3}', schema=2)
    append_story(log, of_tools())
    append_story(log, a_day(runs=9))
    return log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the snapshots are."""
    return tmp_path / "snapshots"


Made = Callable[..., Snapshots]


@pytest.fixture
def made(day: EventStore, folder: Path) -> Iterator[Made]:
    """Make the day's snapshots ready for use, as often as a test likes."""
    all_made: list[Snapshots] = []

    def make(**options: object) -> Snapshots:
        wanted = {"spacing": EVERY_NINE, **options}
        all_made.append(Snapshots(day, folder, **wanted))  # type: ignore[arg-type]  # a table
        return all_made[-1]

    yield make
    for one in all_made:
        one.close()


def built(snapshots: Snapshots, most: int = 4) -> Snapshots:
    """Fold and write until nothing is left to do."""
    while snapshots.step(most):
        pass
    return snapshots


def told(connection: sqlite3.Connection) -> dict[str, bytes]:
    """Everything in it; closes it."""
    try:
        return dict(dump(connection, PRESENT))
    finally:
        connection.close()


def test_every_position_is_the_same_with_and_without(day: EventStore, made: Made) -> None:
    """Snapshot and tail give what the whole log gives, byte for byte, wherever one looks."""
    snapshots = built(made())
    assert snapshots.positions == tuple(range(9, day.head + 1, 9))
    for position in range(day.head + 1):
        whole = told(state_at(day, position, PRESENT))
        assert told(snapshots.state_at(position)) == whole, position
        assert told(state_at(day, position, PRESENT)) == whole, position


def test_dropping_any_of_them_changes_nothing(day: EventStore, made: Made, folder: Path) -> None:
    """All of them, or one in the middle by hand."""
    before = [told(built(made()).state_at(position)) for position in range(day.head + 1)]
    sorted(folder.iterdir())[2].unlink()
    one_less = made()
    assert [told(one_less.state_at(p)) for p in range(day.head + 1)] == before
    shutil.rmtree(folder)
    none = made()
    assert none.positions == ()
    assert [told(none.state_at(p)) for p in range(day.head + 1)] == before


def test_they_grow_with_the_log(day: EventStore, made: Made) -> None:
    """What comes later is folded on from the newest, also by the next run."""
    built(made())
    append_story(day, a_day())
    again = made()
    already = again.positions
    assert built(again).positions == tuple(range(9, day.head + 1, 9)) > already
    assert told(again.state_at(day.head)) == told(state_at(day, day.head, PRESENT))


@pytest.mark.parametrize(
    "harm",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
        lambda content: content.replace(b'"position":27', b'"position":26'),
        lambda content: b"not a line at all" + content,
    ],
    ids=["torn", "empty", "a flipped bit", "another position", "not ours"],
)
def test_a_broken_one_is_removed_and_not_missed(
    day: EventStore,
    made: Made,
    folder: Path,
    harm: Callable[[bytes], bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The one before it is used instead, and people are told."""
    built(made())
    (broken,) = folder.glob("000000000027-*")
    broken.write_bytes(harm(broken.read_bytes()))
    snapshots = made()
    with caplog.at_level(logging.WARNING):
        assert told(snapshots.state_at(30)) == told(state_at(day, 30, PRESENT))
    assert "position 27 is not used" in caplog.text
    assert not broken.exists()
    assert 27 not in snapshots.positions


def test_reading_only_removes_nothing(day: EventStore, made: Made, folder: Path) -> None:
    """Who looks at a stopped studio's files leaves them as they are."""
    built(made())
    (broken,) = folder.glob("000000000027-*")
    broken.write_bytes(b"")
    before = sorted(folder.iterdir())
    looking = made(read_only=True)
    assert told(looking.state_at(30)) == told(state_at(day, 30, PRESENT))
    assert not looking.step()
    assert sorted(folder.iterdir()) == before


class NowOtherwise(type(PRESENT[0])):  # type: ignore[misc]  # a later version of the first one
    """The same read model in its next version."""

    version = 99


def test_other_code_makes_its_own(day: EventStore, made: Made, folder: Path) -> None:
    """What another version folded is removed, for it could mean something else."""
    built(made())
    old = set(folder.iterdir())
    later = (NowOtherwise(), *PRESENT[1:])
    snapshots = built(made(projections=later))
    assert old.isdisjoint(folder.iterdir())
    assert snapshots.positions


def test_the_code_that_folds_is_part_of_the_key() -> None:
    """Its hash depends on what a module does and on what it imports of ours."""
    facts_too = code_hash(frozenset({"events.projections.load_times"}))
    assert facts_too != code_hash(frozenset({"events.projections.memory_taken"}))
    assert facts_too == code_hash(frozenset({"events.projections.load_times", "events.facts"}))
    assert key_of("a", PRESENT) != key_of("b", PRESENT) != key_of("b", PRESENT[1:])


def test_a_log_that_went_another_way_is_not_mixed_up(
    opened: Open, path: Path, folder: Path
) -> None:
    """A copy of the log was put back, and other things happened since: the newest are wrong."""
    log = opened()
    append_story(log, a_day())
    log.close()
    copy = path.read_bytes()
    log = opened()
    append_story(log, a_day())
    built(Snapshots(log, folder, spacing=EVERY_NINE)).close()
    log.close()
    path.write_bytes(copy)
    path.with_name("main.db-wal").unlink(missing_ok=True)
    log = opened()
    append_story(log, a_day(runs=4))
    append_story(log, a_day(runs=5))
    snapshots = Snapshots(log, folder, spacing=EVERY_NINE)
    assert max(snapshots.positions) <= 45  # what was there when the copy was made
    for position in range(log.head + 1):
        assert told(snapshots.state_at(position)) == told(state_at(log, position, PRESENT))


def test_another_logs_snapshots_are_not_taken(opened: Open, tmp_path: Path, folder: Path) -> None:
    """The log's identity is part of the key."""
    log = opened()
    append_story(log, a_day())
    built(Snapshots(log, folder, spacing=EVERY_NINE)).close()
    other = EventStore.open(tmp_path / "other.db")
    try:
        append_story(other, a_day())
        assert Snapshots(other, folder, spacing=EVERY_NINE).positions == ()
    finally:
        other.close()


def test_the_disk_is_not_filled(day: EventStore, made: Made, folder: Path) -> None:
    """Beyond the limit they are thinned; every moment can still be seen, and is the same."""
    snapshots = built(made(spacing=3, limit=60_000))
    assert snapshots.size <= 60_000
    assert snapshots.size == sum(file.stat().st_size for file in folder.iterdir())
    assert 3 < len(snapshots.positions) < day.head // 3
    gaps = [b - a for a, b in zip(snapshots.positions, snapshots.positions[1:], strict=False)]
    assert max(gaps) <= 4 * min(gaps)
    for again in (snapshots, made(spacing=3, limit=60_000)):
        for position in range(day.head + 1):
            assert told(again.state_at(position)) == told(state_at(day, position, PRESENT))


def test_a_folder_that_takes_nothing_stops_nobody(
    day: EventStore, made: Made, folder: Path
) -> None:
    """Snapshots are left out, loudly, and the state is folded from the start."""
    folder.write_text("a file where the folder should be")
    snapshots = built(made())
    assert snapshots.positions == ()
    assert told(snapshots.state_at(20)) == told(state_at(day, 20, PRESENT))


def test_half_written_ones_are_swept(made: Made, folder: Path) -> None:
    """A kill in the middle of writing leaves nothing behind for long."""
    folder.mkdir()
    (folder / f"18{snapshot_files.HALF}").write_bytes(b"half")
    made(read_only=True)
    assert list(folder.iterdir())
    made()
    assert not list(folder.iterdir())


def test_what_a_broken_read_model_holds_is_not_kept(opened: Open, folder: Path) -> None:
    """It stopped on an event: a snapshot after it would hide that it did."""
    log = opened(())
    for reason in ("one", "two", "poison", "three"):
        log.append_now("app", [AppStopped(reason=reason)], actor="cli")
    snapshots = built(Snapshots(log, folder, projections=(Broken(),), spacing=2))
    assert snapshots.positions == (2,)
    state = snapshots.state_at(log.head)
    assert state.execute("select reason from reasons").fetchall() == [("one",), ("two",)]
    state.close()


def test_a_moment_is_found_as_without(day: EventStore, made: Made, clock: StillClock) -> None:
    """Also where the clock stepped back: the newest position recorded at or before it."""
    for step in (5, 7, -30, 4, 4, 40, -3, 2, 2, 9):
        clock.at += step * 1_000_000
        append_story(day, a_day(runs=1))
    snapshots = built(made())
    moments = range(clock.at - 90_000_000, clock.at + 10_000_000, 500_000)
    found = [snapshots.position_at(moment) for moment in moments]
    assert found == [position_at(day, moment) for moment in moments]
    assert len(set(found)) > 5
    thinned = built(made(limit=30_000))
    assert [thinned.position_at(moment) for moment in moments] == found


# Why the snapshots may be small


def test_the_present_shows_of_what_is_alive_what_the_log_shows(day: EventStore) -> None:
    """Trimmed, but never otherwise: what is kept is what the log's own read models hold."""
    with day.reading() as connection:
        log = {table: set(rows) for table, rows in _rows(connection, ALL).items()}
    state = state_at(day, day.head, PRESENT)
    shown = {table: set(rows) for table, rows in _rows(state, PRESENT).items()}
    state.close()
    for table in log.keys() & shown.keys():
        told = _unsealed(table, log[table])
        assert shown[table] <= told, table
    trimmed = {"recipe_revisions", "engine_runs", "load_times", "research_runs"}
    untrimmed = log.keys() & shown.keys() - trimmed
    for table in untrimmed:
        assert shown[table] == log[table], table
    assert len(shown["engine_runs"]) == 2 < len(log["engine_runs"])
    assert len(shown["load_times"]) == 10 < len(log["load_times"])
    assert shown["research_runs"] == _unsealed("research_runs", log["research_runs"])


def _unsealed(table: str, rows: set[tuple[object, ...]]) -> set[tuple[object, ...]]:
    """What was asked of research is sealed, and stays in the log."""
    at = ResearchRow.__struct_fields__.index("question")
    hidden = ((*row[:at], None, *row[at + 1 :]) for row in rows)
    return set(hidden) if table == "research_runs" else rows


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=st.lists(facts(), max_size=25))
def test_what_a_read_model_does_not_read_does_not_change_it(told: list[Fact]) -> None:
    """`reads` leaves nothing out: asked about every fact, each holds the same."""
    every = tuple({p.name: p for p in (*ALL, *PRESENT)}.values())
    recorded = [_recorded(number, fact) for number, fact in enumerate(told, 1)]
    some, all_of_it = empty(every), empty(every)
    try:
        Fold(every)(some, recorded)
        fold(all_of_it, [_AsksAboutAll(p) for p in every], recorded)
        assert dump(some, every) == dump(all_of_it, every)
    finally:
        some.close()
        all_of_it.close()


class _AsksAboutAll:
    """A read model that declares nothing."""

    def __init__(self, inner: Projection) -> None:
        self.name, self.version, self.tables = inner.name, inner.version, inner.tables
        self.create, self.apply = inner.create, inner.apply


def _recorded(position: int, fact: Fact) -> Recorded:
    return Recorded(
        position=position,
        id=f"id-{position}",
        stream="stream",
        version=position,
        type=fact.__struct_config__.tag if not isinstance(fact, UnknownEvent) else fact.type,  # type: ignore[arg-type]  # tags are text here
        schema=1,
        recorded_at=1_795_000_000_000_000 + position,
        actor="cli",
        correlation_id=None,
        causation_id=None,
        event=fact,
        data=b"{}",
        leaf=bytes(32),
    )


def _rows(
    connection: sqlite3.Connection, projections: tuple[Projection, ...]
) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: connection.execute(f'select * from "{table}"').fetchall()
        for projection in projections
        for table in projection.tables
    }
