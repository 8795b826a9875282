"""Counts the events of a stream that carry something the model said, and when they came.

A stream tells the time between tokens by itself, and where an engine does not count its tokens
this count stands for theirs. It runs for every event, so it decodes nothing: the first content
teaches it which bytes content begins with here (`"content":"`, `"text": "`, …), and from then on
it counts those.
"""

import re
import time
from collections.abc import Callable

_CONTENT = re.compile(
    rb'"(?:content|reasoning_content|reasoning|text|arguments|partial_json|thinking|delta)": ?"'
    rb'(?=[^"])'
)
_DELTA = re.compile(rb'"delta": ?"(?=[^"])')  # /v1/responses repeats the whole text at the end
_RESPONSES = b"event: response."


class Pieces:
    """Feed it whole events."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._now = now
        self._first = 0.0
        self._last = 0.0
        self._shape: re.Pattern[bytes] | None = None
        self._full = self._empty = b""

    @property
    def itl_ms(self) -> float | None:
        """Mean time between two of them in milliseconds; None where there are no two."""
        if self.count < 2:
            return None
        return (self._last - self._first) * 1000 / (self.count - 1)

    def feed(self, events: bytes) -> None:
        """Count what is in these."""
        found = events.count(self._full) - events.count(self._empty) if self._full else 0
        if found > 0 or (found := self._learned(events)):
            self._last = self._now()
            if not self.count:
                self._first = self._last
            self.count += found

    def _learned(self, events: bytes) -> int:
        """Another kind of content begins, or none is in here."""
        if self._shape is None:
            self._shape = _DELTA if events.startswith(_RESPONSES) else _CONTENT
        found = self._shape.findall(events)
        if found:
            self._full = found[-1]
            self._empty = self._full + b'"'
        return len(found)
