"""A killed process loses no record, and none is written twice."""

from pathlib import Path

import msgspec

from core.settings import Paths
from core.usage.spool import TOO_LONG, Held, Spool
from core.usage_log import UsageLog
from events.facts import RequestFinished
from events.projections.request_log import RequestFilter
from events.projections.usage_sums import UsageQuery
from tests.core.test_usage_log import BASE, Clock, us


def held(request_id: str) -> Held:
    """One that waits for its counts."""
    return Held(day="2026-10-31", request=msgspec.structs.replace(BASE, request_id=request_id))


def test_what_was_held_and_not_written_is_left(tmp_path: Path) -> None:
    """In order; a line that was torn by the end is no line."""
    path = tmp_path / "held"
    spool = Spool(path)
    assert spool.left() == []
    for request_id in ("a", "b", "c"):
        spool.hold(held(request_id))
    spool.written("b")
    with path.open("ab") as file:
        file.write(b'{"day": "2026-')
    assert [one.request.request_id for one in Spool(path).left()] == ["a", "b", "c"]
    spool.close()


def test_the_file_is_emptied_when_nothing_waits(tmp_path: Path) -> None:
    """It does not grow with the requests that there ever were."""
    path = tmp_path / "held"
    spool = Spool(path)
    spool.hold(held("a"))
    assert path.stat().st_size > 0
    spool.written("a")
    assert path.stat().st_size == 0
    spool.hold(held("waits"))
    for number in range(5000):  # there is always one that waits
        spool.hold(held(f"{number:0300}"))
        spool.written(f"{number:0300}")
    assert path.stat().st_size < TOO_LONG + 1000
    assert next(iter(Spool(path).left())).request.request_id == "waits"
    spool.close()


async def test_a_killed_run_leaves_each_request_once(home: Path) -> None:
    """One was held, one was written just before its line was done with."""
    clock = Clock()
    killed = UsageLog(paths=Paths(home), clock=clock)
    await killed.open()
    lost, written = held("lost").request, held("written").request
    killed.hold(lost)
    killed.hold(written)
    spool = home / "usage-held.jsonl"
    lines = spool.read_bytes()
    killed.finished(written)
    await killed.close()
    spool.write_bytes(lines)  # as if it had been killed before it could take the line out

    clock.at = us(2026, 11, 1)  # the next day, and another month's file
    again = UsageLog(paths=Paths(home), clock=clock)
    left = await again.open()
    assert [fact.request_id for fact in left] == ["lost"]
    for fact in left:
        again.finished(fact)
    await again.close()
    assert await _ids(home, clock) == ["lost", "written"]


async def test_what_ended_just_before_the_kill_is_not_lost(home: Path) -> None:
    """It waits for others to be written with; its line is there from the first moment."""
    killed = UsageLog(paths=Paths(home), clock=Clock())
    await killed.open()
    killed.finished(held("ended").request)
    killed._gathered.clear()  # as if it had been killed before it could write
    await killed.close()

    again = UsageLog(paths=Paths(home), clock=Clock())
    (left,) = await again.open()
    again.finished(left)
    await again.close()

    third = UsageLog(paths=Paths(home), clock=Clock())
    assert await third.open() == ()
    page = await third.page(RequestFilter(), before=None, limit=9)
    assert [one.request.request_id for one in page.requests] == ["ended"]
    await third.close()


async def test_a_log_that_can_not_be_read_loses_nothing_and_stops_nobody(home: Path) -> None:
    """The app starts; what was held waits until somebody can tell whether it was written."""
    clock = Clock()
    killed = UsageLog(paths=Paths(home), clock=clock)
    await killed.open()
    killed.hold(held("lost").request)
    killed.finished(held("other").request)
    await killed.close()
    log = Paths(home).usage_db("2026-10-31")
    whole = log.read_bytes()
    for beside in home.glob("usage-2026-10.db-*"):
        beside.unlink()
    log.write_bytes(b"no database at all" * 1000)
    broken = UsageLog(paths=Paths(home), clock=clock)
    assert await broken.open() == ()
    assert broken.today() == {}
    log.write_bytes(whole)
    mended = UsageLog(paths=Paths(home), clock=clock)
    assert [fact.request_id for fact in await mended.open()] == ["lost"]
    assert mended.today() == {"m": 1}
    await mended.close()


async def _ids(home: Path, clock: Clock) -> list[str]:
    book = UsageLog(paths=Paths(home), clock=clock)
    assert await book.open() == ()
    page = await book.page(RequestFilter(), before=None, limit=9)
    days = (await book.usage(UsageQuery(by=("day",)))).sums
    assert sum(one.sums["requests"] for one in days) == 2
    await book.close()
    found: list[RequestFinished] = [one.request for one in page.requests]
    return [fact.request_id for fact in found]
