"""What a site lets programs read (RFC 9309), asked once an hour.

No file (4xx), or a host that can not be reached: everything may be read. A file that the server
fails to give (5xx): nothing, because nobody knows what it would have said.
"""

import asyncio

import msgspec
from protego import Protego

from core.clock import Clock
from core.research.web.charset import decoded
from core.research.web.fetching import AGENT, Fetcher, Limits
from core.research.web.urls import Place, parsed
from core.research.web.views import WebProblem

KEPT_S = 3600.0
KEPT_FAILURE_S = 300.0
MOST_SITES = 1024
LIMITS = Limits(connect_s=5.0, read_s=10.0, whole_s=15.0, most_bytes=512 * 1024)


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    rules: Protego | None  # None: everything may be read
    failed: bool = False  # nothing may be
    until: float


class Robots:
    """The rules of the sites that were asked. Loop-bound."""

    def __init__(self, fetcher: Fetcher, clock: Clock, *, limits: Limits = LIMITS) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._limits = limits
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def check(self, url: str) -> None:
        """Raises WebProblem("robots") where the site does not want this page to be read."""
        _, place = parsed(url)
        known = await self._rules_of(place)
        if known.failed:
            raise _refused(f"{place.host} fails to say what programs may read (robots.txt)")
        if known.rules is None:
            return
        # half a megabyte of rules can take a while
        if not await asyncio.to_thread(known.rules.can_fetch, url, AGENT):
            raise _refused(f"{place.host} does not let programs read this page (robots.txt)")

    async def _rules_of(self, place: Place) -> _Known:
        origin = place.origin
        self._forget_some()
        async with self._asking.setdefault(origin, asyncio.Lock()):
            known = self._known.get(origin)
            if known is None or known.until <= self._clock.monotonic():
                known = await self._asked(origin)
                self._known[origin] = known
                if known.rules is not None:
                    self._fetcher.keep_apart(place.host, known.rules.crawl_delay(AGENT) or 0.0)
            return known

    async def _asked(self, origin: str) -> _Known:
        now = self._clock.monotonic()
        try:
            got = await self._fetcher.fetch(
                f"{origin}/robots.txt", limits=self._limits, accept="text/plain, */*;q=0.1"
            )
        except WebProblem as problem:
            if problem.code in ("private-address", "bad-url"):
                raise
            return _Known(rules=None, until=now + KEPT_FAILURE_S)
        if got.status >= 500:
            return _Known(rules=None, failed=True, until=now + KEPT_FAILURE_S)
        if got.status != 200:
            return _Known(rules=None, until=now + KEPT_S)
        rules = await asyncio.to_thread(Protego.parse, decoded(got.body, "utf-8"))
        return _Known(rules=rules, until=now + KEPT_S)

    def _forget_some(self) -> None:
        """What is known of sites does not grow for ever."""
        if len(self._asking) >= MOST_SITES:
            self._asking = {one: lock for one, lock in self._asking.items() if lock.locked()}
            self._known.clear()


def _refused(sentence: str) -> WebProblem:
    return WebProblem(
        sentence,
        code="robots",
        next_action="Open the page yourself, or use another source.",
    )
