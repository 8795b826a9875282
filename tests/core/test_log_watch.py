"""While the log can not be written: what is refused, what is served, and how it ends (C84)."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.log_watch import LogWatch
from core.settings import Paths
from core.usage_log import UsageLog
from events.errors import LogUnavailable, VersionConflict
from events.facts import AppStarted, AuditLogRecovered, RequestFinished
from events.store import EventStore
from events.writer import Writer
from tests.core.keys.conftest import Clock

STARTED = AppStarted(version="1", pid=1, headless=True)
REQUEST = RequestFinished(
    request_id="r0", path="/v1/chat/completions", model="m", recipe_id="m", engine_id="e0",
    actor="api", lane="gateway", outcome="ok", status=200, stream=False,
)  # fmt: skip


class Disk:
    """Full on demand, for every log there is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        write = Writer._write_down

        def writing(writer: Writer, *args: object) -> None:
            if self.full:
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            write(writer, *args)  # type: ignore[arg-type]  # passed on as they are

        monkeypatch.setattr(Writer, "_write_down", writing)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk of this test."""
    return Disk(monkeypatch)


@pytest.fixture
async def usage(home: Path, disk: Disk) -> AsyncIterator[UsageLog]:
    """A book of requests."""
    book = UsageLog(paths=Paths(home), clock=Clock())
    yield book
    await book.close()


@pytest.fixture
def serves() -> list[bool]:
    """The setting `serve_without_log`, changed by what is appended."""
    return [True]


@pytest.fixture
def watch(store: EventStore, usage: UsageLog, serves: list[bool]) -> LogWatch:
    """The watch over both."""
    return LogWatch(store=store, usage=usage, clock=Clock(), serves=lambda: serves[-1])


async def test_all_is_well_until_a_write_fails(
    watch: LogWatch, store: EventStore, disk: Disk
) -> None:
    """And then everybody who would begin something is refused, with what to do."""
    await store.append("app", [STARTED], actor="system")
    watch.demand_change()
    assert watch.alarm is None
    disk.full = True
    with pytest.raises(LogUnavailable):
        await store.append("app", [STARTED], actor="system")
    with pytest.raises(Unavailable, match="disk is full") as refused:
        watch.demand_change()
    assert refused.value.code == "log-unavailable"
    assert "make room" in refused.value.next_action
    assert "disk is full" in str(watch.alarm)


async def test_ready_models_are_served_unless_the_settings_say_otherwise(
    watch: LogWatch, store: EventStore, disk: Disk, serves: list[bool]
) -> None:
    """Serving without a record is a choice of the owner's."""
    disk.full = True
    with pytest.raises(LogUnavailable):
        await store.append("app", [STARTED], actor="system")
    watch.demand_serving()
    serves.append(False)
    with pytest.raises(Unavailable, match="no request is served"):
        watch.demand_serving()


async def test_when_space_returns_everything_goes_on_and_how_long_it_was_is_recorded(
    watch: LogWatch, store: EventStore, usage: UsageLog, disk: Disk
) -> None:
    """Without a restart; what was used meanwhile is in the book; nothing stands there twice."""
    told: list[str | None] = []
    watch.listen(lambda: told.append(watch.alarm))
    disk.full = True
    await usage._write("2026-11-23", REQUEST)
    with pytest.raises(LogUnavailable):
        await store.append("app", [STARTED], actor="system")
    for _ in range(3):
        await watch.look()
    assert usage.held == 1
    assert store.head == 1
    disk.full = False
    await watch.look()
    assert watch.problem is None
    watch.demand_change()
    assert usage.held == 0
    (recovered,) = store.read_stream("audit", after=1)
    assert isinstance(recovered.event, AuditLogRecovered)
    assert "disk is full" in recovered.event.reason
    assert len(told) == 2
    assert told[1] is None
    await watch.look()
    assert store.head == 2


async def test_a_refused_expectation_is_no_failure_of_the_disk(store: EventStore) -> None:
    """Two who append at once are daily life."""
    with pytest.raises(VersionConflict):
        await store.append("app", [STARTED], actor="system", expected=7)
    assert store.problem is None
