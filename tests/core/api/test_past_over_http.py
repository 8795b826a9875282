"""The past over HTTP: the timeline and its filters, why, consequences, states and differences."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from core.api import problems, state, timeline
from core.application import Application
from core.keys.keyring import KeyRing
from core.live_settings import LiveSettings
from core.recipes.book import RecipeBook
from core.settings import Paths, Settings
from core.usage_log import UsageLog
from tests.core.past.conftest import Afternoon
from tests.core.past.story import REQUEST
from tests.core.test_usage_log import BASE, Clock
from tests.events.conftest import append_foreign

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


class Http:
    """The resources over an afternoon."""

    def __init__(self, client: AsyncTestClient[Litestar], afternoon: Afternoon) -> None:
        self.client = client
        self.afternoon = afternoon

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON behind a path."""
        answer = await self.client.get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    async def positions(self, **query: Any) -> list[int]:
        """Of a page of the timeline."""
        page = await self.get("/timeline", **query)
        return [one["position"] for one in page["entries"]]


@pytest.fixture
async def http(home: Path) -> AsyncIterator[Http]:
    """With the book of requests, in which the one that evicted qwen ended well."""
    afternoon = Afternoon(home)
    clock = Clock()
    clock.at = afternoon.clock.at + 60_000_000
    made = Application.__new__(Application)
    made.store, made.past = afternoon.store, afternoon.past
    made.usage = UsageLog(paths=Paths(home), clock=clock)
    made.clock = clock
    made.keys = KeyRing(afternoon.store, clock)
    made.book = RecipeBook(afternoon.store, default=lambda: "")
    made.settings = LiveSettings(Settings(home=home, currency="EUR"), {})
    made.proxy = SimpleNamespace(calls=SimpleNamespace(all=lambda: ()))  # type: ignore[assignment]
    fact = msgspec.structs.replace(
        BASE, request_id=REQUEST, actor="key:k1", model="llama", prompt_tokens=7
    )
    await made.usage._write(made.usage._day(), fact)
    app = Litestar(
        [*timeline.HANDLERS, *state.HANDLERS],
        logging_config=None,
        dependencies={"application": Provide(lambda: made, sync_to_thread=False)},
        exception_handlers=problems.HANDLERS,
        signature_types=[Application],
        openapi_config=None,
    )
    async with AsyncTestClient(app) as client:
        yield Http(client, afternoon)
    await made.usage.close()
    afternoon.past.close()
    afternoon.store.close()


# The timeline


async def test_without_a_wish_it_is_newest_first(http: Http) -> None:
    """As windows and terminals have always asked."""
    page = await http.get("/timeline", limit=3)
    head = http.afternoon.store.head
    assert [one["position"] for one in page["entries"]] == [head, head - 1, head - 2]
    assert (page["head"], page["older"], page["newer"]) == (head, head - 2, None)
    assert page["entries"][0]["sentence"] == "llama ended without being asked: it was killed."


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"kind": "engine"},
        {"text": "QWEN"},
        {"actor": "key"},
        {"kind": "nothing-such"},
        {"text": "nothing such"},
    ],
)
@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_pages_follow_one_another_both_ways(
    http: Http, wanted: dict[str, str], order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forth and back again gives everything once, however small the steps of a search are."""
    monkeypatch.setattr("events.projections.timeline.SEARCHED", 5)
    onward, back = ("older", "newer") if order == "newest" else ("newer", "older")
    cursor = {"older": "before", "newer": "after"}
    whole = await http.get("/timeline", order=order, limit=1000, **wanted)
    if "text" not in wanted:
        assert whole[onward] is None
    seen, query = list[int](), dict[str, Any]()
    last: dict[str, Any] = {}
    for _ in range(100):
        last = await http.get("/timeline", order=order, limit=4, **wanted, **query)
        seen += [one["position"] for one in last["entries"]]
        if last[onward] is None:
            break
        query = {cursor[onward]: last[onward]}
    every = [
        one["position"] for one in (await http.get("/timeline", order=order, limit=1000))["entries"]
    ]
    assert seen == [p for p in every if p in set(seen)]
    assert len(set(seen)) == len(seen)
    if "text" not in wanted:
        assert seen == [one["position"] for one in whole["entries"]]
    if seen and last["entries"]:
        before = await http.positions(
            order="oldest" if order == "newest" else "newest",
            limit=1000,
            **{cursor[back]: last["entries"][0]["position"]},
        )
        assert sorted(before) == sorted(every[: every.index(last["entries"][0]["position"])])


async def test_filters(http: Http) -> None:
    """By who asked, what it is about, what kind it is, and what it says."""
    told = http.afternoon.told
    wish = [one.position for one in told.values()]
    assert await http.positions(correlation=REQUEST, order="oldest") == list(
        range(min(wish), max(wish) + 1)
    )
    assert await http.positions(kind="engine-crashed") == [http.afternoon.store.head]
    assert set(await http.positions(kind="switching")) == set(await http.positions(kind="switch"))
    both = [*await http.positions(kind="engine"), *await http.positions(kind="switch")]
    assert await http.positions(kind="engine,switch") == sorted(both, reverse=True)
    assert await http.positions(actor="cli") == await http.positions(actor="cli", kind="key")
    assert told["asked"].position in await http.positions(actor="key:k1")
    assert await http.positions(actor="key") == await http.positions(actor="key:k1")
    of_qwen = await http.positions(model="qwen-alias")
    assert told["asked"].position in of_qwen  # it says that qwen must go
    assert told["stopped"].position in of_qwen
    assert told["ready"].position not in of_qwen
    assert await http.positions(text="MAX_resident", actor="window") != []
    assert await http.positions(text="max_resident", actor="cli") == []


async def test_a_span_of_time(http: Http) -> None:
    """From a moment on, and up to one."""
    afternoon = http.afternoon
    since, until = afternoon.at(afternoon.noon), afternoon.at(afternoon.noon + 3)
    found = await http.positions(since=str(since), until=str(until), order="oldest")
    assert found == [afternoon.noon, afternoon.noon + 1, afternoon.noon + 2]
    day = datetime.fromtimestamp(since / 1e6, UTC).date().isoformat()
    assert await http.positions(until=f"{day}T00:00Z", since="2001-01-01") == []


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/timeline", {"since": "soon"}, "since"),
        ("/timeline", {"until": "7"}, "until"),
        ("/timeline", {"order": "sideways"}, "order"),
        ("/timeline", {"kind": ",".join(["engine"] * 5000)}, "kind"),
        ("/timeline", {"limit": 0}, "limit"),
        ("/state", {"at": "later"}, "at"),
        ("/state", {"at": "999999"}, "at"),
        ("/state/diff", {"from": "999999"}, "from"),
        ("/state/diff", {"from": "5", "to": "4"}, "from"),
        ("/state/diff", {"from": "5", "to": "then"}, "to"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    http: Http, path: str, query: dict[str, Any], field: str
) -> None:
    """With the name of the field, and what could stand there."""
    answer = await http.client.get(path, params=query)
    assert answer.status_code == 400
    assert field in answer.text


@pytest.mark.parametrize("number", [10**18, 10**30, -(10**30)])
async def test_a_number_that_no_position_can_have(http: Http, number: int) -> None:
    """Nothing is there, and nothing goes wrong."""
    assert await http.positions(after=max(0, number)) == (
        [] if number > 0 else await http.positions()
    )
    assert bool(await http.positions(before=number)) is (number > 0)
    for of in ("why", "consequences"):
        assert (await http.client.get(f"/timeline/{number}/{of}")).status_code == 404


# Why


async def test_why_was_qwen_evicted(http: Http) -> None:
    """The request, its key, and its record in the book of requests."""
    stop = http.afternoon.told["stop"].position
    why = await http.get(f"/timeline/{stop}/why")
    assert f"because the request {REQUEST} of key laptop asked for llama." in why["answer"]
    assert why["answer"].startswith("qwen was evicted at ")
    assert [one["type"] for one in why["thread"]] == [
        "switch-requested",
        "switch-drained",
        "engine-stop-requested",
    ]
    assert why["request_id"] == REQUEST
    assert (why["request"]["key_name"], why["request"]["prompt_tokens"]) == ("laptop", 7)
    assert why["running"] is None


async def test_why_by_the_name_of_the_model(http: Http) -> None:
    """At a moment, or the last time; by any of its names."""
    afternoon = http.afternoon
    stop = afternoon.told["stop"]
    shown = datetime.fromtimestamp(stop.recorded_at / 1e6, UTC).isoformat()
    for query in ({}, {"at": shown}, {"at": str(stop.position)}):
        why = await http.get("/timeline/why", model="qwen-alias", **query)
        assert why["position"] == stop.position
    before = await http.get("/timeline/why", model="qwen", at=str(stop.position - 1))
    assert "was started" in before["answer"]
    assert "the window" in before["answer"]
    assert (await http.client.get("/timeline/why", params={"model": "x"})).status_code == 404
    assert (await http.client.get("/timeline/9999/why")).status_code == 404


async def test_consequences(http: Http) -> None:
    """What came of the request's wish."""
    told = http.afternoon.told
    found = await http.get(f"/timeline/{told['asked'].position}/consequences")
    assert found["entries"][-1]["type"] == "switch-completed"
    assert found["complete"] is True
    assert told["stopped"].position in [one["position"] for one in found["entries"]]
    assert (await http.client.get("/timeline/0/consequences")).status_code == 404


# States


async def test_the_state_at_noon(http: Http) -> None:
    """By position and by time; with what the requests added up to."""
    afternoon = http.afternoon
    by_position = await http.get("/state", at=afternoon.noon)
    assert by_position["ready"] == ["qwen"]
    assert by_position["head"] == afternoon.store.head
    assert "digest" not in by_position["keys"][0]
    by_time = await http.get("/state", at=str(afternoon.at(afternoon.noon) + 5))
    assert {**by_time, "usage": None} == {**by_position, "usage": None}
    assert (await http.get("/state"))["position"] == afternoon.store.head
    assert (await http.get("/state", at=0))["usage"] is None


async def test_the_usage_up_to_then_is_of_whole_hours(http: Http) -> None:
    """The request ended in an hour that was not over."""
    now = await http.get("/state")
    assert now["usage"]["total"]["requests"] == 0
    assert now["usage"]["until"] % 3_600_000_000 == 0


async def test_what_a_downgrade_does_not_know_is_shown(http: Http) -> None:
    """Kept, shown and counted."""
    append_foreign(http.afternoon.store, "robot", "robot-danced", b'{"steps":3}')
    newest = (await http.get("/timeline", limit=1))["entries"][0]
    assert (newest["known"], newest["data"]) == (False, {"steps": 3})
    assert (await http.get("/state"))["unknown"] == [
        {"type": "robot-danced", "schema": 1, "events": 1}
    ]
    why = await http.get(f"/timeline/{newest['position']}/why")
    assert "robot-danced" in why["answer"]


async def test_what_changed_since_noon(http: Http) -> None:
    """Field by field, with the facts."""
    afternoon = http.afternoon
    answer = await http.get("/state/diff", **{"from": afternoon.after, "to": "now"})
    assert (answer["from_position"], answer["to_position"]) == (
        afternoon.after,
        afternoon.store.head,
    )
    by_what = {(one["what"], one["id"]): one for one in answer["differences"]}
    assert by_what["setting", "max_resident"]["fields"] == [
        {"field": "value", "before": 1, "after": 3}
    ]
    assert by_what["recipe", "qwen"]["facts"][0]["type"] == "recipe-revised"
