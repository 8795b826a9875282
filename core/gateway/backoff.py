"""How long to wait before the next try, and when to stop trying. Pure."""

FIRST_S = 0.5
LONGEST_S = 30.0
STABLE_S = 60.0  # a run this long forgives what was before


class Backoff:
    """Doubles from try to try: 0.5, 1, 2, … 30 seconds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.failures = 0

    def after(self, ran_s: float) -> float | None:
        """Seconds until the next try, after a run of `ran_s`; None when it failed too often."""
        if ran_s >= STABLE_S:
            self.failures = 0
        self.failures += 1
        if self.failures > self._limit:
            return None
        return float(min(LONGEST_S, FIRST_S * 2 ** (self.failures - 1)))

    def reset(self) -> None:
        """A person wants it tried again."""
        self.failures = 0
