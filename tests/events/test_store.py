"""Appending and reading: all or nothing, in order, gapless, and only once opened for writing."""

import asyncio
import os
import stat
import uuid
from pathlib import Path

import pytest

from events.errors import LogUnavailable, NotRecordable, VersionConflict
from events.facts import AppStarted, AppStopped, AuditLogCreated, SettingChanged
from events.store import EventStore
from tests.events.conftest import START, Open, StillClock

STARTED = AppStarted(version="1", pid=1)


async def test_an_appended_fact_can_be_read_back_as_it_was_answered(log: EventStore) -> None:
    """What append returns is what every reader gets, to the last byte."""
    answered = await log.append(
        "app", [STARTED], actor="cli", correlation_id="wish", causation_id="cause"
    )
    assert log.read_stream("app") == answered
    [recorded] = answered
    assert (recorded.event, recorded.type, recorded.schema) == (STARTED, "app-started", 1)
    assert (recorded.actor, recorded.correlation_id) == ("cli", "wish")
    assert (recorded.causation_id, recorded.recorded_at) == ("cause", START)


def test_a_log_begins_with_its_own_creation(log: EventStore, opened: Open) -> None:
    """The identity of a log is its first event, and stays when it is opened again."""
    [first] = log.read_all()
    assert first.event == AuditLogCreated(log_id=log.log_id)
    assert (first.stream, first.position, first.actor) == ("audit", 1, "system")
    assert uuid.UUID(log.log_id).version == 4
    log.close()
    again = opened()
    assert (again.log_id, again.head) == (log.log_id, 1)


async def test_positions_and_versions_have_no_gap(log: EventStore) -> None:
    """Positions count the whole log and versions each stream, from one."""
    for number in range(4):
        await log.append("app", [STARTED, STARTED], actor="cli")
        await log.append(f"recipe-{number % 2}", [STARTED], actor="cli")
    everything = log.read_all()
    assert [recorded.position for recorded in everything] == list(range(1, 14))
    assert [recorded.version for recorded in log.read_stream("app")] == list(range(1, 9))
    assert [recorded.version for recorded in log.read_stream("recipe-1")] == [1, 2]
    assert log.head == 13


async def test_an_append_that_expects_another_version_is_refused(log: EventStore) -> None:
    """Whoever decided on an old state hears of it, and nothing was written."""
    await log.append("app", [STARTED], actor="cli", expected=0)
    with pytest.raises(VersionConflict) as refused:
        await log.append("app", [STARTED], actor="cli", expected=0)
    conflict = refused.value
    assert (conflict.stream, conflict.expected, conflict.actual) == ("app", 0, 1)
    assert log.head == 2
    await log.append("app", [STARTED], actor="cli", expected=1)


async def test_of_two_that_decided_on_the_same_version_one_is_recorded(log: EventStore) -> None:
    """Also when both come in one commit."""
    attempts = [log.append("app", [STARTED], actor="cli", expected=0) for _ in range(8)]
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(answer, list) for answer in answers) == 1
    assert sum(isinstance(answer, VersionConflict) for answer in answers) == 7
    assert len(log.read_stream("app")) == 1


async def test_several_facts_are_recorded_all_or_none(log: EventStore) -> None:
    """A fact that cannot be written takes its companions with it."""
    with pytest.raises(NotRecordable):
        await log.append("app", [STARTED, SettingChanged(key="k", value=object())], actor="cli")
    assert log.head == 1


async def test_appending_nothing_is_nothing(log: EventStore) -> None:
    """A decider that found nothing new costs no commit."""
    assert await log.append("app", [], actor="cli") == []
    assert log.append_now("app", [], actor="cli") == []
    assert log.head == 1


@pytest.mark.parametrize(
    "envelope", [{"stream": ""}, {"actor": ""}, {"actor": "\udcff"}, {"correlation_id": "\ud800"}]
)
def test_an_envelope_that_cannot_be_written_is_refused(
    log: EventStore, envelope: dict[str, str]
) -> None:
    """Every event says where it belongs and who asked, in text."""
    with pytest.raises(NotRecordable):
        log.append_now(**{"stream": "app", "actor": "cli", **envelope}, events=[STARTED])  # type: ignore[arg-type]  # filled from a table
    log.append_now("app", [STARTED], actor="cli")


async def test_what_the_caller_changes_afterwards_does_not_change_the_fact(
    log: EventStore,
) -> None:
    """A fact is sealed when append is called, although its dict is still the caller's."""
    value = {"models": ["a"]}
    appending = asyncio.ensure_future(
        log.append("settings", [SettingChanged(key="k", value=value)], actor="cli")
    )
    await asyncio.sleep(0)
    value["models"].append("b")
    [recorded] = await appending
    assert recorded.event == SettingChanged(key="k", value={"models": ["a"]})


def test_reading_after_a_position_pages_through_everything(log: EventStore) -> None:
    """Pages meet without a gap and without an overlap."""
    log.append_now("app", [AppStopped(reason=str(n)) for n in range(25)], actor="cli")
    seen: list[int] = []
    while page := log.read_all(seen[-1] if seen else 0, 10):
        seen += [recorded.position for recorded in page]
    assert seen == list(range(1, 27))


def test_reading_can_be_bounded_turned_and_filtered(log: EventStore) -> None:
    """The timeline asks for a window, newest first, of some streams and some types."""
    for number in range(1, 4):
        log.append_now("app", [STARTED, AppStopped(reason=str(number))], actor="cli")
        log.append_now("settings", [SettingChanged(key="k", value=number)], actor="cli")

    def positions(**wish: object) -> list[int]:
        return [recorded.position for recorded in log.read_all(**wish)]  # type: ignore[arg-type]  # a table of wishes

    assert positions(after=3, before=7) == [4, 5, 6]
    assert positions(newest_first=True, limit=3) == [10, 9, 8]
    assert positions(newest_first=True, before=4, limit=2) == [3, 2]
    assert positions(streams=["settings"]) == [4, 7, 10]
    assert positions(types=["app-stopped", "audit-log-created"]) == [1, 3, 6, 9]
    assert positions(streams=["app"], types=["app-stopped"], after=3, limit=1) == [6]


def test_a_stream_is_read_from_a_version_on(log: EventStore) -> None:
    """A decider that holds its state reads only what is new."""
    log.append_now("app", [STARTED] * 3, actor="cli")
    assert [recorded.version for recorded in log.read_stream("app", after=1)] == [2, 3]
    assert log.read_stream("nobody") == []


async def test_a_caller_that_goes_away_does_not_stop_the_others(log: EventStore) -> None:
    """A cancelled append is answered to nobody; the writer goes on."""
    leaving = asyncio.ensure_future(log.append("app", [STARTED], actor="cli"))
    staying = asyncio.ensure_future(log.append("app", [STARTED], actor="cli"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying)[0].event == STARTED


def test_threads_and_loops_may_append_together(log: EventStore) -> None:
    """`append_now` serves threads without a loop, beside loops of any thread."""

    async def from_a_loop() -> None:
        await asyncio.gather(
            *(log.append("app", [STARTED], actor="cli") for _ in range(20)),
            *(asyncio.to_thread(log.append_now, "app", [STARTED], actor="tray") for _ in range(20)),
            *(asyncio.to_thread(asyncio.run, one_more()) for _ in range(4)),
        )

    async def one_more() -> None:
        await log.append("app", [STARTED], actor="window")

    asyncio.run(from_a_loop())
    assert [recorded.version for recorded in log.read_stream("app")] == list(range(1, 45))


async def test_what_is_queued_when_the_log_is_closed_is_still_written(
    log: EventStore, opened: Open
) -> None:
    """Closing flushes: whoever was waiting gets an answer."""
    waiting = [asyncio.ensure_future(log.append("app", [STARTED], actor="cli")) for _ in range(50)]
    await asyncio.sleep(0)
    log.close()
    assert [recorded.version for [recorded] in await asyncio.gather(*waiting)] == [*range(1, 51)]
    assert len(opened().read_stream("app")) == 50


def test_a_closed_log_says_so(log: EventStore) -> None:
    """Closing twice is fine, using it afterwards is refused with a sentence."""
    log.close()
    log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        log.append_now("app", [STARTED], actor="cli")
    with pytest.raises(LogUnavailable, match="closed"):
        log.read_all()


def test_a_log_opened_for_reading_only_reads_beside_the_writer(
    log: EventStore, opened: Open
) -> None:
    """The command line looks into the log of a running application."""
    reader = opened(read_only=True)
    assert (reader.log_id, reader.head) == (log.log_id, 1)
    log.append_now("app", [STARTED], actor="cli")
    assert (reader.head, reader.read_stream("app")) == (2, log.read_stream("app"))


def test_a_log_opened_for_reading_only_refuses_to_write(opened: Open) -> None:
    """Neither append nor subscribe works without the writer."""
    opened().close()
    reader = opened(read_only=True)
    with pytest.raises(LogUnavailable, match="reading only"):
        reader.append_now("app", [STARTED], actor="cli")
    with pytest.raises(LogUnavailable, match="reading only"):
        reader.subscribe()


def test_a_log_that_is_not_there_cannot_be_read(opened: Open, path: Path) -> None:
    """Reading makes no file."""
    with pytest.raises(LogUnavailable):
        opened(read_only=True)
    assert not path.exists()


def test_only_its_owner_can_read_the_log(log: EventStore, path: Path) -> None:
    """The file and what SQLite puts beside it are private."""
    log.append_now("app", [STARTED], actor="cli")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {"main.db", "main.db-wal", "main.db-shm", "main.db.lock"}
    assert set(modes.values()) == {0o600}


def test_a_folder_with_any_name_will_do(tmp_path: Path, clock: StillClock) -> None:
    """Characters that mean something in an address are only characters here."""
    folder = tmp_path / "a folder? #1 100% ünï&mode=memory"
    store = EventStore.open(folder / "main.db", now=clock)
    store.append_now("app", [STARTED], actor="cli")
    assert store.head == 2
    store.close()
    assert (folder / "main.db").stat().st_size > 0
    assert len(os.listdir(folder)) == 2  # the log and its lock


def test_the_write_ahead_file_stays_allocated(log: EventStore, path: Path) -> None:
    """A checkpoint starts it over without shrinking it: growing costs a commit twice as much."""
    wal = path.with_name("main.db-wal")
    sizes = []
    for _ in range(40):
        log.append_now("app", [AppStopped(reason="x" * 3000)] * 50, actor="cli")
        sizes.append(wal.stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[-1] < 40 * 50 * 3000  # it was started over at least once


def test_a_reading_is_one_consistent_picture(log: EventStore) -> None:
    """What is committed meanwhile does not show half-way through."""
    with log.reading() as connection:
        count = "select count(*) from events"
        assert connection.execute(count).fetchone() == (1,)
        log.append_now("app", [STARTED], actor="cli")
        assert connection.execute(count).fetchone() == (1,)
    with log.reading() as connection:
        assert connection.execute(count).fetchone() == (2,)
