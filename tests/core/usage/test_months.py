"""Months that are over are read as well as the one that is written."""

from pathlib import Path

import msgspec

from core.settings import Paths
from core.usage.months import likeliest_first
from core.usage_log import UsageLog
from events import connections
from events.envelope import uuid7
from events.projections.request_log import RequestFilter
from events.projections.usage_sums import UsageQuery
from events.store import EventStore
from tests.core.test_usage_log import BASE, Clock, us


def of_before(home: Path, month: str, *request_ids: str) -> None:
    """The log of an older app, which had no such read models."""
    moment = us(2026, int(month[-2:]), 5)
    store = EventStore.open(Paths(home).usage_db(f"{month}-01"), now=lambda: moment)
    for request_id in request_ids:
        fact = msgspec.structs.replace(BASE, request_id=request_id)
        store.append_now(f"usage-{month}-05", [fact], actor="api")
    store.close()


async def test_the_log_of_an_older_app_is_taken_in(home: Path) -> None:
    """The current month at the start, another when it is first asked for."""
    of_before(home, "2026-09", "a", "b")
    of_before(home, "2026-10", "c")
    usage = UsageLog(paths=Paths(home), clock=Clock())
    await usage.open()
    page = await usage.page(RequestFilter(model="m"), before=None, limit=9)
    assert [one.request.request_id for one in page.requests] == ["c", "b", "a"]
    months = (await usage.usage(UsageQuery(by=("month",)))).sums
    assert {one.group: one.sums["requests"] for one in months} == {
        ("2026-09",): 2,
        ("2026-10",): 1,
    }
    await usage.close()


async def test_a_month_whose_beginning_was_cut_off_is_an_empty_one(home: Path) -> None:
    """A crash in its first moment, and nobody wrote into it afterwards."""
    of_before(home, "2026-09", "a")
    Paths(home).usage_db("2026-08-01").touch()
    connections.open_writer(Paths(home).usage_db("2026-07-01")).close()
    usage = UsageLog(paths=Paths(home), clock=Clock())
    page = await usage.page(RequestFilter(), before=None, limit=9)
    assert ([one.request.request_id for one in page.requests], page.unreadable) == (["a"], ())
    await usage.close()


def test_a_request_is_looked_for_where_it_most_likely_is() -> None:
    """Its id tells when it came; what is no id of ours, or from no such time, is looked for."""
    months = ["2026-12", "2026-11", "2026-10", "2026-08", "2026-07"]
    mine = uuid7(us(2026, 9, 5))
    assert likeliest_first(months, mine) == ["2026-10", "2026-11", "2026-12", "2026-08", "2026-07"]
    late = uuid7(us(2026, 12, 31))
    assert likeliest_first(months, late) == months
    for other in ("r1", "00000000-0000-4000-8000-000000000000", "f" * 12 + "7fffbfff" + "f" * 12):
        assert likeliest_first(months, other) == months


async def test_a_month_that_can_not_be_read_is_named_and_hides_no_other(home: Path) -> None:
    """It is said, so that nobody takes the rest for all."""
    of_before(home, "2026-09", "a")
    Paths(home).usage_db("2026-08-01").write_bytes(b"no database at all" * 1000)
    usage = UsageLog(paths=Paths(home), clock=Clock())
    page = await usage.page(RequestFilter(), before=None, limit=9)
    assert ([one.request.request_id for one in page.requests], page.unreadable) == (
        ["a"],
        ("2026-08",),
    )
    summed = await usage.usage(UsageQuery(since=us(2026, 8, 1)))
    assert (summed.sums[0].sums["requests"], summed.unreadable) == (1, ("2026-08",))
    assert (await usage.usage(UsageQuery(since=us(2026, 9, 3)))).unreadable == ()
    await usage.close()
