"""Answers kept in this process's memory: the least lately used make room for new ones."""

from collections import OrderedDict
from collections.abc import Callable

from msgspec.structs import replace

from core.clock import Clock
from core.gateway.cache.stored import Stored

SHARE = 8  # one answer takes an eighth of the room at most


class MemoryStore:
    """An LRU bounded in bytes. Loop-bound."""

    def __init__(self, *, clock: Clock, limit: Callable[[], int]) -> None:
        """`limit`: bytes for everything together, asked each time; 0: nothing is kept."""
        self._clock = clock
        self._limit = limit
        self._kept: OrderedDict[bytes, tuple[Stored, float]] = OrderedDict()  # oldest use first
        self._bytes = 0

    @property
    def largest(self) -> int:
        """See `Store.largest`."""
        return self._limit() // SHARE

    async def get(self, key: bytes) -> Stored | None:
        """See `Store.get`."""
        found = self._kept.get(key)
        if found is None:
            return None
        answer, until = found
        if until <= self._clock.monotonic():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: Stored, ttl_s: float) -> None:
        """See `Store.put`."""
        if key in self._kept:
            self._drop(key)
        if answer.size > self.largest:
            return
        self._kept[key] = (answer, self._clock.monotonic() + ttl_s)
        self._bytes += answer.size
        limit = self._limit()
        while self._bytes > limit:
            self._drop(next(iter(self._kept)))

    def recount(self, key: bytes, prompt: int | None, completion: int | None) -> None:
        """See `Store.recount`."""
        if (found := self._kept.get(key)) is not None:
            counted = replace(found[0], prompt_tokens=prompt, completion_tokens=completion)
            self._kept[key] = (counted, found[1])

    async def clear(self) -> int:
        """See `Store.clear`."""
        count = len(self._kept)
        self._kept.clear()
        self._bytes = 0
        return count

    async def size(self) -> tuple[int, int | None]:
        """See `Store.size`."""
        now = self._clock.monotonic()
        for key in [key for key, (_, until) in self._kept.items() if until <= now]:
            self._drop(key)
        return len(self._kept), self._bytes

    async def close(self) -> None:
        """See `Store.close`."""
        await self.clear()

    def _drop(self, key: bytes) -> None:
        answer, _ = self._kept.pop(key)
        self._bytes -= answer.size
