"""The book of requests: each record once, found by any field, kept while a disk is full."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from core.settings import Paths
from core.usage_log import UsageLog
from events.errors import LogUnavailable
from events.facts import RequestFinished
from events.projections.request_log import RequestFilter
from events.store import EventStore

BASE = RequestFinished(
    request_id="r0", path="/v1/chat/completions", model="m", recipe_id="m", engine_id="e0",
    actor="api", lane="gateway", outcome="ok", status=200, stream=False,
)  # fmt: skip


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = us(2026, 10, 31)

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at / 1e6


def us(year: int, month: int, day: int) -> int:
    """A day's noon."""
    return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp() * 1e6)


@pytest.fixture
def clock() -> Clock:
    """Of one test."""
    return Clock()


@pytest.fixture
async def usage(home: Path, clock: Clock) -> AsyncIterator[UsageLog]:
    """An open book in an empty home."""
    book = UsageLog(paths=Paths(home), clock=clock)
    yield book
    await book.close()


async def ids(usage: UsageLog, limit: int = 100, **wanted: Any) -> list[str]:
    """The ids that a filter finds, newest first."""
    page = await usage.page(RequestFilter(**wanted), before=None, limit=limit)
    return [logged.request.request_id for logged in page.requests]


async def write(usage: UsageLog, *facts: RequestFinished) -> None:
    """Hand over, in this order, and wait until they are written."""
    for fact in facts:
        await usage._write(usage._day(), fact)


DIFFERENT: dict[str, tuple[str, Any, Any]] = {
    "request_id": ("request_id", "r1", "r1"),
    "model": ("model", "other", "other"),
    "recipe": ("recipe_id", "other", "other"),
    "engine": ("engine_id", "e1", "e1"),
    "key": ("actor", "key:k1", "k1"),
    "actor": ("actor", "window", "window"),
    "path": ("path", "/v1/embeddings", "/v1/embeddings"),
    "lane": ("lane", "direct", "direct"),
    "outcome": ("outcome", "cancelled", "cancelled"),
    "status": ("status", 503, 503),
    "stream": ("stream", True, True),
    "error_code": ("error_code", "budget-spent", "budget-spent"),
    "cache": ("cache", "hit", "hit"),
}


@pytest.mark.parametrize("field", DIFFERENT)
async def test_each_field_finds_what_it_names_and_nothing_else(usage: UsageLog, field: str) -> None:
    """Alone among others that differ in that field only (C86)."""
    attribute, value, asked = DIFFERENT[field]
    odd = msgspec.structs.replace(BASE, **{"request_id": "r1", attribute: value})
    await write(usage, BASE, odd, msgspec.structs.replace(BASE, request_id="r2"))
    assert await ids(usage, **{field: asked}) == ["r1"]
    assert await ids(usage) == ["r2", "r1", "r0"]


async def test_every_filter_has_its_test() -> None:
    """A new field of the filter is tried too."""
    assert set(DIFFERENT) | {"since", "until"} == set(RequestFilter.__struct_fields__)


async def test_a_span_of_time_takes_its_beginning_and_leaves_its_end(
    usage: UsageLog, clock: Clock
) -> None:
    """Neighbouring spans share no request and lose none."""
    moments = [clock.at + second * 1_000_000 for second in range(3)]
    for number, moment in enumerate(moments):
        clock.at = moment
        await write(usage, msgspec.structs.replace(BASE, request_id=f"r{number}"))
    assert await ids(usage, since=moments[1]) == ["r2", "r1"]
    assert await ids(usage, until=moments[1]) == ["r0"]
    assert await ids(usage, since=moments[1], until=moments[2]) == ["r1"]


async def test_pages_follow_each_other_across_the_files_of_two_months(
    usage: UsageLog, clock: Clock
) -> None:
    """Nothing twice, nothing left out, and an end."""
    for number in range(7):
        if number == 4:
            clock.at = us(2026, 11, 1)
        await write(usage, msgspec.structs.replace(BASE, request_id=f"r{number}"))
    seen: list[str] = []
    before: str | None = None
    while True:
        page = await usage.page(RequestFilter(), before=before, limit=2)
        seen += [logged.request.request_id for logged in page.requests]
        before = page.next
        if before is None:
            break
    assert seen == [f"r{number}" for number in reversed(range(7))]


@pytest.mark.parametrize(
    "before", ["x", "2026-11", "2026-11:x", ":1", "2026-11:" + "9" * 20, "2026-11:٣"]
)
async def test_a_cursor_nobody_gave_is_refused(usage: UsageLog, before: str) -> None:
    """With the field's name."""
    with pytest.raises(Invalid, match="next"):
        await usage.page(RequestFilter(), before=before, limit=1)


async def test_what_the_disk_does_not_take_is_written_when_it_does(
    usage: UsageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, each once; the problem is told meanwhile (C84)."""

    async def full(*args: object, **more: object) -> None:
        raise LogUnavailable("the disk is full")

    await write(usage, BASE)
    with monkeypatch.context() as broken:
        broken.setattr(EventStore, "append", full)
        await write(usage, *(msgspec.structs.replace(BASE, request_id=f"r{n}") for n in (1, 2)))
        assert (usage.problem, usage.held) == ("the disk is full", 2)
        assert not await usage.write_again()
        assert usage.held == 2
    assert await usage.write_again()
    assert (usage.problem, usage.held, usage.unwritten) == (None, 0, 0)
    assert await ids(usage) == ["r2", "r1", "r0"]


async def test_while_the_disk_is_slow_batches_grow_and_writers_do_not(
    usage: UsageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer; what ends meanwhile is its next batch."""
    appends: list[int] = []
    go_on = asyncio.Event()
    append = EventStore.append

    async def slow(self: EventStore, stream: str, events: Any, **more: Any) -> Any:
        appends.append(len(events))
        await go_on.wait()
        return await append(self, stream, events, **more)

    monkeypatch.setattr(EventStore, "append", slow)
    usage.finished(BASE)
    usage._begin_to_write()
    await asyncio.sleep(0)
    for number in (1, 2, 3):
        usage.finished(msgspec.structs.replace(BASE, request_id=f"r{number}"))
        usage._begin_to_write()
    await asyncio.sleep(0)
    assert appends == [1]
    go_on.set()
    await usage.close()
    assert appends == [1, 3]


async def test_requests_that_end_together_are_written_together(
    usage: UsageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One append for each actor, in order; and one that can not be written costs no other."""
    appends: list[int] = []
    append = EventStore.append

    async def counted(self: EventStore, stream: str, events: Any, **more: Any) -> Any:
        appends.append(len(events))
        return await append(self, stream, events, **more)

    monkeypatch.setattr(EventStore, "append", counted)
    broken = msgspec.structs.replace(BASE, request_id="broken", duration_ms=float("nan"))
    others = [msgspec.structs.replace(BASE, request_id=f"r{n}") for n in (1, 2)]
    for fact in (BASE, broken, *others):
        usage.finished(fact)
    await usage._write_gathered()
    assert await ids(usage) == ["r2", "r1", "r0"]
    assert appends == [4, 1, 1, 1, 1]
    assert usage.held == 1
