"""What one key used in the last minute, by the second: never more than 61 numbers of a kind.

A request counts in the second it came in, and the whole of that second counts until its last
moment is a minute old. So no stretch of sixty seconds, wherever it begins, ever holds more than
what the window said; the price is that a place may come free up to a second later than it could.
"""

from collections.abc import Iterable, Mapping

LENGTH_S = 60


class Window:
    """Requests and tokens of the last minute."""

    __slots__ = ("_seconds", "_slid_at", "requests", "tokens")

    def __init__(self) -> None:
        self._seconds: dict[int, list[int]] = {}  # second → requests, tokens; oldest first
        self._slid_at = -1  # in this second nothing more grows old
        self.requests = 0
        self.tokens = 0

    def slide(self, now: float) -> None:
        """Forget what is older than a minute."""
        second = int(now)
        if second == self._slid_at:
            return
        self._slid_at, oldest = second, second - LENGTH_S
        while self._seconds and (second := next(iter(self._seconds))) < oldest:
            requests, tokens = self._seconds.pop(second)
            self.requests -= requests
            self.tokens -= tokens

    def add(self, second: int, requests: int = 0, tokens: int = 0) -> None:
        """Count in; a second that is no longer in the window is the caller's to avoid."""
        found = self._seconds.get(second)
        if found is None:
            is_older = bool(self._seconds) and second < next(reversed(self._seconds))
            found = self._seconds[second] = [0, 0]
            if is_older:
                self._seconds = dict(sorted(self._seconds.items()))
        found[0] += requests
        found[1] += tokens
        self.requests += requests
        self.tokens += tokens

    def take_back(self, second: int, *, requests: int = 0, tokens: int = 0) -> None:
        """Count out again, as far as it is still in the window."""
        found = self._seconds.get(second)
        if found is not None:
            requests = requests if requests < found[0] else found[0]
            tokens = tokens if tokens < found[1] else found[1]
            found[0] -= requests
            found[1] -= tokens
            self.requests -= requests
            self.tokens -= tokens

    def requests_gone_at(self, count: int) -> float:
        """The moment by which `count` requests have left the window."""
        return self._gone_at(0, count)

    def tokens_gone_at(self, count: int) -> float:
        """The moment by which `count` tokens have left the window."""
        return self._gone_at(1, count)

    def resets_at(self) -> tuple[float, float]:
        """The moments by which every request, and every token, has left it; 0: there are none."""
        for second in reversed(self._seconds):
            requests, tokens = self._seconds[second]
            if requests and tokens:  # mostly the newest has both
                at = float(second + LENGTH_S + 1)
                return at, at
            break
        return self._last(0), self._last(1)

    def seconds(self, only: Iterable[int] | None = None) -> Mapping[int, tuple[int, int]]:
        """Requests and tokens by second: of all, or of these, which count nothing when gone."""
        if only is None:
            return {second: (found[0], found[1]) for second, found in self._seconds.items()}
        found = self._seconds
        return {s: (found[s][0], found[s][1]) if s in found else (0, 0) for s in only}

    def _last(self, kind: int) -> float:
        for second in reversed(self._seconds):
            if self._seconds[second][kind]:
                return float(second + LENGTH_S + 1)
        return 0.0

    def _gone_at(self, kind: int, count: int) -> float:
        at = 0.0
        for second, found in self._seconds.items():
            if count <= 0:
                break
            if found[kind]:
                count -= found[kind]
                at = second + LENGTH_S + 1
        return float(at)
