"""The one source of time, so that tests can hold it still."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for facts, monotonic time for waiting."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow; no relation to wall time."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    monotonic = staticmethod(time.monotonic)  # itself: it is asked a dozen times for each request
