"""Search services in their own forms: what they find, and what each way to fail is called."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.research.web import services
from core.research.web.asking import LONGEST_QUERY, Service, cut_query, plain
from core.research.web.fetching import Fetcher
from core.research.web.guarded import GuardedTransport
from core.research.web.politeness import Politeness
from core.research.web.views import Hit, SearchProvider, WebProblem
from tests.core.research.web.conftest import Answers, HeldClock, ReadingHere
from tests.support.little_web import searching
from tests.support.little_web.server import LittleWeb

At = Callable[[str, str], str]
KINDS = ("searxng", "brave", "tavily", "wikipedia", "duckduckgo")
HOSTS = dict(zip(KINDS, ("search", "brave", "tavily", "wiki", "duck"), strict=True))
KEYS = {"brave": searching.BRAVE_KEY, "tavily": searching.TAVILY_KEY}


def provider(
    kind: str, base: str, fetcher: Fetcher, clock: HeldClock, key: str | None = None
) -> SearchProvider:
    """One of them, at this address."""
    service = Service(kind.title(), base, fetcher, keyed=kind in KEYS)
    match kind:
        case "searxng":
            return services.Searxng(kind, service, clock, "de")
        case "brave":
            return services.Brave(kind, service, clock, lambda: key)
        case "tavily":
            return services.Tavily(kind, service, clock, lambda: key)
        case "wikipedia":
            return services.Wikipedia(kind, service, clock)
    return services.DuckDuckGo(kind, service, clock, ReadingHere())


@pytest.fixture
def search(fetcher: Fetcher, web: LittleWeb, clock: HeldClock) -> Callable[..., SearchProvider]:
    """Each of them, over the little web."""

    def made(kind: str, key: str | None = "") -> SearchProvider:
        saved = KEYS.get(kind) if key == "" else key
        return provider(kind, web.url(HOSTS[kind], ""), fetcher, clock, saved)

    return made


async def failing(search: SearchProvider, query: str = "Mount Ada") -> WebProblem:
    """Why nothing was found."""
    with pytest.raises(WebProblem) as failed:
        await search.search(query, most=5)
    assert failed.value.next_action
    return failed.value


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_found_has_address_title_and_snippet(
    kind: str, search: Callable[..., SearchProvider], web: LittleWeb
) -> None:
    """As text, without the marks of the service, and each page once."""
    hits = await search(kind).search("height of Mount Ada", most=4)
    assert 1 <= len(hits) <= 4
    assert len({hit.url for hit in hits}) == len(hits)
    for hit in hits:
        assert hit.provider == kind
        assert hit.title
        assert hit.snippet
        assert not {"<", "utm_source", "uddg", "searchmatch"} & {hit.url, hit.title, hit.snippet}
        assert "utm_source" not in hit.url
        assert urlsplit(hit.url).port == web.port
        assert "<strong>" not in hit.snippet
    assert any("Mount Ada" in hit.title for hit in hits)


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_found_is_no_failure(
    kind: str, search: Callable[..., SearchProvider]
) -> None:
    """It is an empty list."""
    assert await search(kind).search("zebrafish", most=5) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_query_says_nothing_but_itself(
    kind: str, search: Callable[..., SearchProvider], web: LittleWeb
) -> None:
    """One request, in the service's own form; a long query is cut at a word."""
    await search(kind).search("height \n of  Mount Ada " + "word " * 200, most=3)
    (asked,) = web.asked
    told = f"{asked.target} {asked.body.decode()}"
    assert told.count("word") < LONGEST_QUERY / 5
    assert "cookie" not in asked.headers
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.target).query).items()}
    match kind:
        case "searxng":
            assert query["format"] == "json"
            assert query["language"] == "de"
            assert query["q"].startswith("height of Mount Ada word")
        case "brave":
            assert query["count"] == "3"
            assert asked.headers["x-subscription-token"] == searching.BRAVE_KEY
        case "tavily":
            assert json.loads(asked.body)["max_results"] == 3
            assert searching.TAVILY_KEY not in asked.target
        case "wikipedia":
            assert (query["list"], query["srlimit"]) == ("search", "3")
        case "duckduckgo":
            assert asked.method == "POST"


@pytest.mark.parametrize("kind", ["brave", "tavily"])
async def test_keys_are_wrong_or_missing(kind: str, search: Callable[..., SearchProvider]) -> None:
    """Which of the two is said; without one nobody is asked."""
    assert (await failing(search(kind, "bad-key"))).code == "wrong-key"
    missing = await failing(search(kind, None))
    assert missing.code == "no-key"


async def test_a_plan_that_is_used_up_says_when_it_is_not(
    search: Callable[..., SearchProvider],
) -> None:
    """Where the service tells."""
    brave = await failing(search("brave"), searching.QUOTA)
    assert (brave.code, brave.retry_after) == ("quota", 86_400)
    assert "24 hours" in brave.next_action
    tavily = await failing(search("tavily"), searching.QUOTA)
    assert tavily.code == "quota"


async def test_duckduckgo_may_take_us_for_a_robot(search: Callable[..., SearchProvider]) -> None:
    """Its page that wants a person is no page without results."""
    blocked = await failing(search("duckduckgo"), searching.ANOMALY)
    assert blocked.code == "blocked"
    assert blocked.retry_after


async def test_advertisements_are_no_results(search: Callable[..., SearchProvider]) -> None:
    """Nor the addresses that count clicks."""
    hits = await search("duckduckgo").search("railway", most=20)
    assert hits
    assert not [hit for hit in hits if "duckduckgo" in hit.url or "Buy" in hit.title]


async def test_a_searxng_without_json_says_what_to_set(
    fetcher: Fetcher, at: At, clock: HeldClock
) -> None:
    """The commonest mistake with one's own."""
    blocked = await failing(provider("searxng", at("htmlonly", ""), fetcher, clock))
    assert blocked.code == "blocked"
    assert "settings.yml" in blocked.next_action


async def test_a_searxng_whose_engines_are_silent_is_no_empty_answer(
    search: Callable[..., SearchProvider],
) -> None:
    """Nothing found and nobody asked are two things."""
    silent = await failing(search("searxng"), searching.SILENT)
    assert silent.code == "blocked"
    assert "qwant, bing" in silent.message


def answering(status: int, body: bytes, **headers: str) -> Fetcher:
    """A service that always says this."""

    class Wire(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return httpx.Response(status, headers=named, stream=httpx.ByteStream(body))

    clock = HeldClock()
    transport = GuardedTransport(resolver=Answers(a_example=["93.184.216.34"]), open_transport=Wire)
    return Fetcher(transport, Politeness(clock, sleep=clock.sleep))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "body", "headers", "code"),
    [
        (500, b"oh no", {}, "server-error"),
        (503, b"later", {"retry_after": "99"}, "server-error"),
        (429, b"{}", {"retry_after": "99"}, "too-many-requests"),
        (429, b"{}", {}, "too-many-requests"),
        (404, b"<html>", {}, "unreadable"),
        (200, b"<html><body>Hello</body></html>", {}, "unreadable"),
        (200, b"", {}, "unreadable"),
        (200, b"\xff\xfe{", {}, "unreadable"),
        (200, b"[" * 100_000, {}, "unreadable"),
        (200, b'{"results":' * 50_000, {}, "unreadable"),
    ],
)
async def test_other_failures_have_the_same_names_everywhere(
    kind: str, status: int, body: bytes, headers: dict[str, str], code: str
) -> None:
    """Whichever service it is."""
    fetcher = answering(status, body, **headers)
    failed = await failing(provider(kind, "https://a.example", fetcher, HeldClock(), "key-1234"))
    assert failed.code == code
    assert failed.retry_after == (99 if code == "too-many-requests" and headers else None)
    assert "key-1234" not in failed.message


@pytest.mark.parametrize("kind", ["searxng", "brave", "tavily", "wikipedia"])
@pytest.mark.parametrize(
    "told",
    [
        {},
        {"results": None, "web": None, "query": None},
        {"results": "x", "web": {"results": 7}, "query": {"search": {}}},
        {"results": [1, None, "x", {}, {"url": 7, "title": None}], "web": {"results": [{}]}},
        {"results": [{"url": "javascript:alert(1)", "title": "x"}], "web": []},
    ],
)
async def test_an_answer_of_another_shape_has_no_hits(kind: str, told: object) -> None:
    """What is not there is passed over; nothing breaks."""
    fetcher = answering(200, json.dumps(told).encode())
    search = provider(kind, "https://a.example", fetcher, HeldClock(), "k")
    assert await search.search("x", most=5) == []


@pytest.mark.parametrize("kind", ["wikipedia", "duckduckgo"])
async def test_a_service_without_keys_that_refuses_is_not_said_to_want_one(kind: str) -> None:
    """It takes us for somebody it does not like."""
    refusing = answering(403, b"no")
    failed = await failing(provider(kind, "https://a.example", refusing, HeldClock()))
    assert failed.code == "blocked"


async def test_wikipedia_gives_addresses_of_pages(
    search: Callable[..., SearchProvider], web: LittleWeb
) -> None:
    """As its readers know them."""
    hits: list[Hit] = await search("wikipedia").search("Norland railway", most=1)
    assert [hit.url for hit in hits] == [web.url("wiki", "/wiki/Norland_railway")]
    refused = answering(200, b'{"error": {"code": "x", "info": "Search is disabled"}}')
    failed = await failing(provider("wikipedia", "https://a.example", refused, HeldClock()))
    assert "Search is disabled" in failed.message


def test_text_of_services_is_plain() -> None:
    """Tags are dropped, entities read, the invisible gone."""
    assert plain("<b>Mount</b> Ada &amp; Bel\u200b &lt;x&gt;") == "Mount Ada & Bel <x>"
    assert plain(None) == ""
    assert len(plain("x" * 5000)) == 600
    assert cut_query("a  b\nc") == "a b c"
