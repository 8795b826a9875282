"""Requests and tokens since the start, and the pace of the last seconds, as the proxy saw them.

For engines without metrics of their own this is all there is to show; for the others it is what
really went through our door.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import NamedTuple

from core.clock import Clock
from events.facts import RequestFinished

WINDOW_S = 10.0
TOGETHER = 256  # requests that are counted in one go, where nobody looks before


class Recent(NamedTuple):
    """What is remembered of a request for some seconds: of thousands, so no more than this."""

    at: float
    recipe_id: str | None
    made: int | None  # tokens out; None: they came from the cache
    ttft_ms: float | None  # without the wait; None: no stream, or no byte of it


class Totals:
    """Fed with every finished request, in the studio's loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests: Counter[tuple[str, str]] = Counter()
        self._tokens: Counter[tuple[str, str]] = Counter()
        self._cost: defaultdict[str, float] = defaultdict(float)
        self._energy_j: defaultdict[str, float] = defaultdict(float)
        self._cached: Counter[tuple[str, str]] = Counter()
        self._uncounted: list[tuple[float, RequestFinished]] = []
        self._recent: deque[Recent] = deque()

    def add(self, fact: RequestFinished) -> None:
        """Take one request; it is counted when somebody looks, or with others."""
        self._uncounted.append((self._clock.monotonic(), fact))
        if len(self._uncounted) >= TOGETHER:
            self._count()

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        """By recipe id and outcome."""
        self._count()
        return self._requests

    @property
    def tokens(self) -> Counter[tuple[str, str]]:
        """By recipe id, `in` and `out`."""
        self._count()
        return self._tokens

    @property
    def cost(self) -> Mapping[str, float]:
        """Of tokens, by recipe id, in the user's currency."""
        self._count()
        return self._cost

    @property
    def energy_j(self) -> Mapping[str, float]:
        """By recipe id, in joules."""
        self._count()
        return self._energy_j

    @property
    def cached(self) -> Counter[tuple[str, str]]:
        """By recipe id, `hit` and `joined`."""
        self._count()
        return self._cached

    def requests_per_s(self) -> float:
        """Over the last ten seconds."""
        self._count()
        return len(self._recent) / WINDOW_S

    def generation_tps(self, recipe_id: str) -> float | None:
        """Tokens out per second over the last ten; None when nothing ended in them."""
        self._count()
        mine = [one.made for one in self._recent if one.recipe_id == recipe_id]
        made = [tokens for tokens in mine if tokens is not None]
        return sum(made) / WINDOW_S if made else None

    def ttft_p50_ms(self, recipe_id: str) -> float | None:
        """Median time of streams to their first byte, without the wait; over ten seconds; ms."""
        self._count()
        mine = [one.ttft_ms for one in self._recent if one.recipe_id == recipe_id]
        known = sorted(ms for ms in mine if ms is not None)
        return known[len(known) // 2] if known else None

    def _count(self) -> None:
        uncounted, self._uncounted = self._uncounted, []
        requests, tokens = self._requests, self._tokens
        for at, fact in uncounted:
            recipe_id, made = fact.recipe_id or "none", None
            requests[recipe_id, fact.outcome] += 1
            if fact.cache:
                self._cached[recipe_id, fact.cache] += 1
            else:  # no engine made the tokens of a cached answer
                made = fact.completion_tokens or 0
                tokens[recipe_id, "in"] += fact.prompt_tokens or 0
                tokens[recipe_id, "out"] += made
            self._cost[recipe_id] += fact.cost or 0.0
            self._energy_j[recipe_id] += fact.energy_j or 0.0
            ttft_ms = fact.ttft_ms if fact.stream else None
            ttft_ms = None if ttft_ms is None else ttft_ms - fact.wait_ms
            self._recent.append(Recent(at, fact.recipe_id, made, ttft_ms))
        horizon = self._clock.monotonic() - WINDOW_S
        while self._recent and self._recent[0].at < horizon:
            self._recent.popleft()
