"""Imported lines are the log itself: same positions, ids, leaves, root, and so same read models."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import codec
from events.audit import exported
from events.audit.canonical import parse
from events.audit.importing import write_log
from events.audit.manifest import Lines
from events.audit.merkle import Frontier
from events.audit.sources import LiveLog
from events.envelope import UnknownEvent
from events.errors import LogDamaged, LogUnavailable
from events.facts import AppStopped
from events.facts.base import Fact
from events.projections import ALL
from events.projections.timeline import timeline
from events.store import EventStore
from tests.events.conftest import append_foreign, append_story
from tests.events.exports import export_log, import_log
from tests.events.shapes import facts
from tests.events.stories import a_day
from tests.events.test_replay import EVERY, picture_of


@pytest.fixture
def day(log: EventStore) -> EventStore:
    """A log with a whole day in it."""
    append_story(log, a_day())
    return log


def append_many(log: EventStore, count: int) -> None:
    """In one commit."""
    log.append_now("app", [AppStopped(reason=str(n)) for n in range(count)], actor="cli")


def tables_of(log: EventStore) -> dict[str, list[tuple[object, ...]]]:
    """The log's own tables, whole."""
    with log.reading() as connection:
        return {
            table: connection.execute(f"select * from {table} order by 1, 2").fetchall()
            for table in ("events", "log_frontier", "log_tiles")
        }


@pytest.mark.parametrize("lines", ["jsonl", "cloudevents"])
@pytest.mark.parametrize("name", ["export", "export.zip", "export.tar"])
def test_an_imported_log_is_the_log(
    day: EventStore, tmp_path: Path, name: str, lines: Lines
) -> None:
    """Row for row: events, tiles, frontier; and every read model."""
    append_many(day, 300)  # more than one tile
    export_log(day, tmp_path / name, lines=lines)
    import_log(tmp_path / name, tmp_path / "new.db")
    again = EventStore.open(tmp_path / "new.db", projections=EVERY)
    try:
        assert again.log_id == day.log_id
        assert tables_of(again) == tables_of(day)
        assert picture_of_main(again) == picture_of_main(day)
        assert again.broken_projections == {}
    finally:
        again.close()


def picture_of_main(log: EventStore) -> dict[str, list[tuple[object, ...]]]:
    """The read models of `main.db`."""
    tables = [table for projection in ALL for table in projection.tables]
    with log.reading() as connection:
        return {
            table: sorted(connection.execute(f"select * from {table}").fetchall(), key=repr)
            for table in tables
        }


def test_an_imported_log_goes_on(day: EventStore, tmp_path: Path) -> None:
    """What comes next gets the next position, and its tree begins with the old one."""
    export_log(day, tmp_path / "export")
    root = import_log(tmp_path / "export", tmp_path / "new.db")
    again = EventStore.open(tmp_path / "new.db", projections=EVERY)
    [next_one] = again.append_now("app", [AppStopped(reason="moved")], actor="cli")
    assert next_one.position == day.head + 1
    again.close()
    source = LiveLog(tmp_path / "new.db", "main")
    assert source.root(0, day.head) == root
    source.close()


@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=st.lists(st.lists(facts(), min_size=1, max_size=4), max_size=5))
def test_any_history_can_be_moved(
    told: Sequence[Sequence[Fact]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the facts are: the same bytes, the same root, the same read models."""
    folder = tmp_path_factory.mktemp("log")
    log = EventStore.open(folder / "main.db", projections=EVERY)
    try:
        for number, commit in enumerate(told):
            log.append_now(f"stream-{number % 2}", commit, actor="cli")
        for name, lines in (("export", "jsonl"), ("export.zip", "cloudevents")):
            export_log(log, folder / name, lines=lines)  # type: ignore[arg-type]  # both are
            import_log(folder / name, folder / f"{name}.db")
            again = EventStore.open(folder / f"{name}.db", projections=EVERY)
            try:
                assert tables_of(again) == tables_of(log)
                assert picture_of(again) == picture_of(log)
            finally:
                again.close()
    finally:
        log.close()


def test_what_this_version_does_not_know_is_kept_byte_for_byte(
    log: EventStore, tmp_path: Path
) -> None:
    """Kinds, schemas and spellings of a later version, so that going back to it loses nothing."""
    strange = (
        ("thing-of-tomorrow", b'{"b" : 1.50, "a":"\\u0041", "b":2}', 1),
        ("app-started", b'{"version":"9","reasons":[]}', 44),
        ("app-stopped", b"[]", 1),
    )
    for kind, data, shape in strange:
        append_foreign(log, "future", kind, data, schema=shape)
    export_log(log, tmp_path / "export")
    import_log(tmp_path / "export", tmp_path / "new.db")
    again = EventStore.open(tmp_path / "new.db", projections=EVERY)
    try:
        found = again.read_stream("future")
        assert [(one.type, one.data, one.schema) for one in found] == [*strange]
        assert all(isinstance(one.event, UnknownEvent) for one in found)
        assert tables_of(again) == tables_of(log)
        assert len(timeline(again)) == log.head
    finally:
        again.close()


def test_a_log_that_is_there_is_never_written_into(day: EventStore, tmp_path: Path) -> None:
    """Not even by a line that would fit."""
    export_log(day, tmp_path / "export")
    before = tables_of(day)
    with pytest.raises(LogUnavailable, match="already"):
        import_log(tmp_path / "export", day.path)
    assert tables_of(day) == before


def test_lines_that_do_not_follow_each_other_are_refused(day: EventStore, tmp_path: Path) -> None:
    """The triggers hold on this way in, too."""
    lines = [(line, parse(line)) for line in map(codec.canonical_line, day.read_all())]
    for number, wrong in enumerate(
        (lines[1:], lines[:3] + lines[4:], [*lines[:4], lines[3]], [*reversed(lines)])
    ):
        with pytest.raises(LogDamaged, match=r"without a gap|never replaced"):
            write_log(tmp_path / f"{number}.db", wrong)


def test_a_part_of_a_log_makes_no_log(day: EventStore, tmp_path: Path) -> None:
    """It would begin in the middle."""
    export_log(day, tmp_path / "export", first=5)
    with pytest.raises(LogDamaged):
        import_log(tmp_path / "export", tmp_path / "new.db")


def test_progress_is_told_in_pages(day: EventStore, tmp_path: Path) -> None:
    """Every thousand lines, and at the end."""
    append_many(day, 1500)
    export_log(day, tmp_path / "export")
    told: list[int] = []
    with exported.opened(tmp_path / "export") as export:
        [log] = export.manifest.logs
        tree = write_log(tmp_path / "new.db", export.lines(log), told=told.append)
    assert told == [1000, day.head]
    assert isinstance(tree, Frontier)
    assert tree.size == day.head
