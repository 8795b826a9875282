"""What was used, asked over HTTP: grouped, filtered, as JSON and as a table for spreadsheets."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from core.api import problems, requests, usage
from core.application import Application
from core.keys.keyring import KeyRing
from core.live_settings import LiveSettings
from core.settings import Paths, Settings
from core.usage import zones
from core.usage_log import UsageLog
from events.facts import KeyIssued
from events.store import EventStore
from tests.core.test_usage_log import BASE, Clock, us

# The whole API is given its parts this way.
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

ISSUED = KeyIssued(key_id="k1", name="laptop", digest="0" * 64, prefix="sk-studio-abc")
HOUR = 3_600_000_000


@pytest.fixture
async def http(home: Path, store: EventStore) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """The two resources over a book of five requests in two months."""
    clock = Clock()
    await store.append("key-k1", [ISSUED], actor="cli")
    made = Application.__new__(Application)
    made.store = store
    made.clock = clock
    made.usage = UsageLog(paths=Paths(home), clock=clock)
    made.keys = KeyRing(store, clock)
    made.settings = LiveSettings(Settings(home=home, currency="EUR"), {})
    for number, (day, changes) in enumerate(BOOK):
        clock.at = us(2026, *day)
        fact = msgspec.structs.replace(BASE, **{"request_id": f"r{number}", **changes})
        await made.usage._write(made.usage._day(), fact)
    app = Litestar(
        [*requests.HANDLERS, *usage.HANDLERS],
        logging_config=None,
        dependencies={"application": Provide(lambda: made, sync_to_thread=False)},
        exception_handlers=problems.HANDLERS,
        signature_types=[Application],
        openapi_config=None,
    )
    async with AsyncTestClient(app) as client:
        yield client
    await made.usage.close()


BOOK: list[tuple[tuple[int, int], dict[str, Any]]] = [
    ((10, 31), {"prompt_tokens": 5, "completion_tokens": 7, "duration_ms": 10.0, "cost": 0.5}),
    ((10, 31), {"actor": "key:k1", "prompt_tokens": 1, "completion_tokens": 2, "cost": 0.25}),
    ((11, 1), {"actor": "key:k1", "outcome": "error", "status": 500, "error_code": "too-many"}),
    ((11, 1), {"cache": "hit", "prompt_tokens": 3, "completion_tokens": 4, "cost": 0.0}),
    ((11, 2), {"model": "=HYPERLINK(1)", "outcome": "rejected", "status": 404}),
]


async def get(http: AsyncTestClient[Litestar], path: str, **query: Any) -> Any:
    """The JSON behind a path."""
    answer = await http.get(path, params=query)
    assert answer.is_success, answer.text
    return answer.json()


async def test_days_of_two_months_stand_in_one_answer(http: AsyncTestClient[Litestar]) -> None:
    """With the total, the currency, and nothing invented where nothing is known."""
    answer = await get(http, "/usage")
    assert answer["by"] == ["day"]
    assert [(row["group"]["day"], row["requests"]) for row in answer["rows"]] == [
        ("2026-10-31", 2),
        ("2026-11-01", 2),
        ("2026-11-02", 1),
    ]
    total = answer["total"]
    assert (total["requests"], total["prompt_tokens"], total["completion_tokens"]) == (5, 6, 9)
    assert (total["saved_tokens"], total["cost"], total["costed"]) == (7, 0.75, 3)
    assert (total["energy_j"], total["ttft"]["mean"], answer["currency"]) == (None, None, "EUR")
    assert answer["rows"][2]["cost"] is None
    assert answer["unreadable"] == []


async def test_a_key_is_told_and_asked_for_by_its_name(http: AsyncTestClient[Litestar]) -> None:
    """Or by its id; another name is not found."""
    answer = await get(http, "/usage", by="key,outcome", key="laptop")
    assert [(r["group"], r["key_name"], r["requests"]) for r in answer["rows"]] == [
        ({"key": "k1", "outcome": "error"}, "laptop", 1),
        ({"key": "k1", "outcome": "ok"}, "laptop", 1),
    ]
    assert answer == await get(http, "/usage", by="key,outcome", key="k1")
    assert (await http.get("/usage", params={"key": "nobody"})).status_code == 404


async def test_a_time_takes_whole_hours_and_a_zone_moves_midnight(
    http: AsyncTestClient[Litestar],
) -> None:
    """The answer says which hours it is about."""
    noon = us(2026, 11, 1)
    answer = await get(http, "/usage", since=noon + 1, until=noon + 2, by="hour", tz="+02:00")
    assert (answer["since"], answer["until"], answer["tz"]) == (noon, noon + HOUR, 120)
    assert [row["group"]["hour"] for row in answer["rows"]] == ["2026-11-01T14:00"]
    there = await get(http, "/usage", by="day", tz="780", since=noon, until=noon + 1)
    assert [row["group"]["day"] for row in there["rows"]] == ["2026-11-02"]
    named = await get(http, "/usage", by="hour", tz="Europe/Berlin", since=noon, until=noon + 1)
    assert named["tz"] == 60
    assert [row["group"]["hour"] for row in named["rows"]] == ["2026-11-01T13:00"]


async def test_percentiles_are_told_when_they_are_asked_for(
    http: AsyncTestClient[Litestar],
) -> None:
    """They need a look at every request."""
    asked = {"model": "m", "key": "", "outcome": "ok", "cache": "", "since": us(2026, 10, 1)}
    plain = await get(http, "/usage", by="", **asked)
    assert plain["rows"][0]["duration"]["p99"] is None
    told = await get(http, "/usage", by="", latencies=True, **asked)
    assert told["rows"][0]["duration"]["p99"] == pytest.approx(10.0, rel=0.05)
    assert told["rows"][0]["duration"]["mean"] == 5.0


async def test_the_table_has_a_header_and_runs_nothing(http: AsyncTestClient[Litestar]) -> None:
    """A model's name that looks like a formula is a text."""
    answer = await http.get("/usage", params={"by": "model,key", "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(r["model"], r["key_name"], r["requests"]) for r in rows] == [
        ("'=HYPERLINK(1)", "", "1"),
        ("m", "", "2"),
        ("m", "laptop", "2"),
    ]
    assert (rows[0]["cost"], rows[2]["cost"]) == ("", "0.25")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": "day,colour"}, "by"),
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"tz": "Europe"}, "tz"),
        ({"tz": "../../etc/passwd"}, "tz"),
        ({"tz": "+23:00"}, "tz"),
        ({"format": "xlsx"}, "format"),
    ],
)
async def test_what_can_not_be_told_is_refused_by_name(
    http: AsyncTestClient[Litestar], query: dict[str, str], field: str
) -> None:
    """A problem document that names the field."""
    answer = await http.get("/usage", params=query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("tz", "minutes"),
    [("0", 0), ("60", 60), ("-480", -480), ("+05:30", 330), ("-0330", -210), (" 01:00", 60)],
)
def test_a_time_zone_is_minutes_or_hours_and_minutes(tz: str, minutes: int) -> None:
    """Also when a plus was not escaped."""
    assert zones.minutes_east(tz) == minutes


async def test_requests_are_found_by_error_and_cache(http: AsyncTestClient[Litestar]) -> None:
    """With all that was recorded, across months."""

    async def ids(**query: Any) -> list[str]:
        return [one["request_id"] for one in (await get(http, "/requests", **query))["requests"]]

    assert await ids() == ["r4", "r3", "r2", "r1", "r0"]
    assert await ids(error_code="too-many") == ["r2"]
    assert await ids(cache="hit") == ["r3"]
    assert await ids(key="laptop") == await ids(key="k1") == ["r2", "r1"]
    assert await ids(key="nobody") == []
    (entry,) = (await get(http, "/requests", request_id="r2"))["requests"]
    assert (entry["key_name"], entry["error_code"], entry["counted"]) == ("laptop", "too-many", "")


async def test_a_time_beyond_all_calendars_is_no_error_of_ours(
    http: AsyncTestClient[Litestar],
) -> None:
    """Whatever number is asked for is answered, or refused."""
    for size in (10**15, 10**18, 2**63, 10**25, 10**30):
        for asked in ({"since": -size}, {"since": size}, {"until": -size}, {"until": size}):
            for path, zone in (("usage", "0"), ("usage", "Europe/Berlin"), ("requests", None)):
                told: dict[str, str | int] = {**asked, "tz": zone} if zone else {**asked}
                answer = await http.get(f"/{path}", params=told)
                assert answer.status_code in (200, 400), (path, told)
                assert answer.status_code == 400 or size < 2**62, (path, told)
