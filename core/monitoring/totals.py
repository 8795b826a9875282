"""Requests and tokens since the start, and the pace of the last seconds, as the proxy saw them.

For engines without metrics of their own this is all there is to show; for the others it is what
really went through our door.
"""

from collections import Counter, defaultdict, deque

from core.clock import Clock
from events.facts import RequestFinished

WINDOW_S = 10.0


class Totals:
    """Fed with every finished request, in the studio's loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests: Counter[tuple[str, str]] = Counter()  # (recipe id, outcome)
        self.tokens: Counter[tuple[str, str]] = Counter()  # (recipe id, in | out)
        self.cost: defaultdict[str, float] = defaultdict(
            float
        )  # of tokens, by recipe id, in the user's currency
        self.energy_j: defaultdict[str, float] = defaultdict(float)  # by recipe id
        self.cached: Counter[tuple[str, str]] = Counter()  # (recipe id, hit | joined)
        self._recent: deque[tuple[float, RequestFinished]] = deque()

    def add(self, fact: RequestFinished) -> None:
        """Count one request."""
        recipe_id = fact.recipe_id or "none"
        self.requests[recipe_id, fact.outcome] += 1
        if fact.cache:
            self.cached[recipe_id, fact.cache] += 1
        else:  # no engine made the tokens of a cached answer
            self.tokens[recipe_id, "in"] += fact.prompt_tokens or 0
            self.tokens[recipe_id, "out"] += fact.completion_tokens or 0
        self.cost[recipe_id] += fact.cost or 0.0
        self.energy_j[recipe_id] += fact.energy_j or 0.0
        self._recent.append((self._clock.monotonic(), fact))
        self._forget()

    def requests_per_s(self) -> float:
        """Over the last ten seconds."""
        self._forget()
        return len(self._recent) / WINDOW_S

    def generation_tps(self, recipe_id: str) -> float | None:
        """Tokens out per second over the last ten; None when nothing ended in them."""
        self._forget()
        mine = [
            f.completion_tokens or 0
            for _, f in self._recent
            if f.recipe_id == recipe_id and not f.cache
        ]
        return sum(mine) / WINDOW_S if mine else None

    def ttft_p50_ms(self, recipe_id: str) -> float | None:
        """Median time of streams to their first byte, without the wait; over ten seconds; ms."""
        self._forget()
        mine = sorted(
            f.ttft_ms - f.wait_ms
            for _, f in self._recent
            if f.recipe_id == recipe_id and f.stream and f.ttft_ms is not None
        )
        return mine[len(mine) // 2] if mine else None

    def _forget(self) -> None:
        horizon = self._clock.monotonic() - WINDOW_S
        while self._recent and self._recent[0][0] < horizon:
            self._recent.popleft()
