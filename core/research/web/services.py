"""The search services: SearXNG, Brave, Tavily, Wikipedia and DuckDuckGo, each in its own words."""

import re
from collections.abc import Callable
from urllib.parse import quote, urlencode

import msgspec

from core.clock import Clock
from core.research.web.asking import Service, cut_query, plain, rows_in
from core.research.web.charset import charset_of
from core.research.web.extracting import Job
from core.research.web.fetching import Fetched
from core.research.web.urls import each_once
from core.research.web.views import Hit, WebProblem
from core.research.web.workers import Workers

BRAVE = "https://api.search.brave.com"
TAVILY = "https://api.tavily.com"
DUCKDUCKGO = "https://html.duckduckgo.com"
MOST_AT_ONCE = 20  # Brave and Tavily give no more in one answer

Key = Callable[[], str | None]


class _Search:
    """What they share."""

    def __init__(self, name: str, service: Service, clock: Clock) -> None:
        self.name = name
        self._service = service
        self._clock = clock

    def _hit(self, url: object, title: object, snippet: object) -> Hit:
        address = url if isinstance(url, str) else ""
        return Hit(url=address, title=plain(title, 300), snippet=plain(snippet), provider=self.name)


class Searxng(_Search):
    """Somebody's own SearXNG, over its JSON API."""

    def __init__(self, name: str, service: Service, clock: Clock, language: str = "") -> None:
        super().__init__(name, service, clock)
        self._language = language

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` hits. Raises WebProblem."""
        params = {"q": cut_query(query), "format": "json"}
        if self._language:
            params["language"] = self._language
        got = await self._service.get("/search", params)
        if got.status == 403:
            raise WebProblem(
                f"{self._service.title} answers, but not in JSON",
                code="blocked",
                next_action="In its settings.yml, add json under search: formats.",
            )
        self._service.demand_success(got, self._clock.now())
        told = self._service.json(got)
        rows = rows_in(told, "results")
        if not rows and told.get("unresponsive_engines"):
            raise self._none_answered(told["unresponsive_engines"])
        return each_once(
            (self._hit(row.get("url"), row.get("title"), row.get("content")) for row in rows), most
        )

    def _none_answered(self, engines: object) -> WebProblem:
        names = [str(one[0]) for one in engines if one] if isinstance(engines, list) else []
        which = plain(", ".join(names), 100)
        return WebProblem(
            f"{self._service.title} got no answer from its engines ({which})",
            code="blocked",
            next_action="Try again later, or give it other engines.",
        )


class Brave(_Search):
    """Brave's own index, by key."""

    def __init__(self, name: str, service: Service, clock: Clock, key: Key) -> None:
        super().__init__(name, service, clock)
        self._key = key

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` hits, and at most 20. Raises WebProblem."""
        key = self._key()
        if not key:
            raise self._service.no_key()
        params = {"q": cut_query(query), "count": str(max(1, min(most, MOST_AT_ONCE)))}
        got = await self._service.get("/res/v1/web/search", params, {"X-Subscription-Token": key})
        if got.status == 422 and b"TOKEN" in got.body:
            raise self._service.wrong_key()
        if got.status == 429:
            self._demand_room(got)
        self._service.demand_success(got, self._clock.now())
        rows = rows_in(self._service.json(got), "web", "results")
        return each_once(
            (self._hit(one.get("url"), one.get("title"), one.get("description")) for one in rows),
            most,
        )

    def _demand_room(self, got: Fetched) -> None:
        """Several windows have each their own limit; the longest that is used up counts."""
        left, reset = (
            [
                int(part) if part.strip().isdigit() else -1
                for part in got.headers.get(n, "").split(",")
            ]
            for n in ("x-ratelimit-remaining", "x-ratelimit-reset")
        )
        waits = [wait for rest, wait in zip(left, reset, strict=False) if rest == 0 and wait >= 0]
        if waits and max(waits) > 60:
            raise self._service.quota(float(max(waits)))


class Tavily(_Search):
    """Tavily, by key."""

    def __init__(self, name: str, service: Service, clock: Clock, key: Key) -> None:
        super().__init__(name, service, clock)
        self._key = key

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` hits, and at most 20. Raises WebProblem."""
        key = self._key()
        if not key:
            raise self._service.no_key()
        wish = {"query": cut_query(query), "max_results": max(1, min(most, MOST_AT_ONCE))}
        got = await self._service.post(
            "/search",
            msgspec.json.encode({**wish, "search_depth": "basic", "include_answer": False}),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            "application/json",
        )
        if got.status in (432, 433):
            raise self._service.quota(None)
        self._service.demand_success(got, self._clock.now())
        rows = rows_in(self._service.json(got), "results")
        return each_once(
            (self._hit(one.get("url"), one.get("title"), one.get("content")) for one in rows), most
        )


class Wikipedia(_Search):
    """One language of Wikipedia, or another MediaWiki; the pages themselves are read as any."""

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` hits. Raises WebProblem."""
        params = {
            "action": "query",
            "list": "search",
            "srsearch": cut_query(query),
            "srlimit": str(max(1, min(most, 50))),
            "srprop": "snippet",
            "format": "json",
            "formatversion": "2",
        }
        got = await self._service.get("/w/api.php", params)
        self._service.demand_success(got, self._clock.now())
        told = self._service.json(got)
        if isinstance(told.get("error"), dict):
            why = plain(told["error"].get("info"), 200)
            raise WebProblem(
                f"{self._service.title} refuses the search: {why}",
                code="unreadable",
                next_action="Search for something else.",
            )
        rows = rows_in(told, "query", "search")
        return each_once(
            (self._hit(self._page(one), one.get("title"), one.get("snippet")) for one in rows), most
        )

    def _page(self, row: dict[str, object]) -> str:
        title = str(row.get("title", "")).replace(" ", "_")
        return f"{self._service.base}/wiki/{quote(title, safe=':/(),')}" if title else ""


class DuckDuckGo(_Search):
    """DuckDuckGo has no interface for programs: this reads the page it shows without scripts."""

    def __init__(self, name: str, service: Service, clock: Clock, workers: Workers) -> None:
        super().__init__(name, service, clock)
        self._workers = workers

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` hits of one page. Raises WebProblem, "blocked" when it wants a person."""
        got = await self._service.post(
            "/html/",
            urlencode({"q": cut_query(query), "b": ""}).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
            "text/html",
        )
        if got.status == 202 or re.search(rb"anomaly[-.](modal|js)", got.body):
            raise WebProblem(
                "DuckDuckGo takes us for a robot and wants a person to answer",
                code="blocked",
                next_action="Wait some minutes, or choose another search.",
                retry_after=600.0,
            )
        self._service.demand_success(got, self._clock.now())
        charset = charset_of(got.headers.get("content-type", ""))
        read = await self._workers.do(Job(kind="results", body=got.body, charset=charset))
        if read.problem:
            raise WebProblem(
                "DuckDuckGo shows a page that is not one of results",
                code="unreadable",
                next_action="Choose another search.",
            )
        return each_once((self._hit(*row) for row in read.rows), most)
