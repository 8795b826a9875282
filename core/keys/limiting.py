"""The limits of keys as the studio runs them: the gate, its counters, and where they are shared."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from core.clock import Clock
from core.keys.breaches import Breaches
from core.keys.calendar import US, Period
from core.keys.counters import Counters
from core.keys.gate import KeyGate
from core.keys.keyring import KeyRing
from core.keys.shared import RedisCounters
from core.keys.window import LENGTH_S
from events.facts import RequestFinished
from events.store import EventStore


class Book(Protocol):
    """What the counters remember after a start: `core.usage_log.UsageLog`."""

    async def since(self, moment: int) -> list[tuple[int, RequestFinished]]:
        """The requests that ended since then (µs), each with its moment."""
        ...

    async def spent_by_key(self, since: int) -> dict[str, float]:
        """The money of each key since then (µs)."""
        ...


class KeyLimiting:
    """Made once; `run` and `close` are the studio's."""

    def __init__(
        self,
        *,
        store: EventStore,
        ring: KeyRing,
        clock: Clock,
        names_of: Callable[[str], tuple[str, ...]],
        redis_url: str | None,
    ) -> None:
        """`names_of(name)`: every name of the same recipe."""
        self._clock = clock
        self._breaches = Breaches(store=store, clock=clock)
        counters = Counters(clock)
        self._shared = (
            RedisCounters(
                redis_url,
                counters=counters,
                limits_of=ring.limits_of,
                clock=clock,
                studio=store.log_id,
            )
            if redis_url
            else None
        )
        self.gate = KeyGate(
            ring=ring,
            clock=clock,
            names_of=names_of,
            counters=counters,
            shared=self._shared,
            reached=self._breaches,
        )

    @property
    def problem(self) -> str | None:
        """Why limits are counted in this studio alone; None when all is as it should be."""
        return self._shared.problem if self._shared is not None else None

    def listen(self, callback: Callable[[], object]) -> None:
        """Call back when `problem` changed."""
        if self._shared is not None:
            self._shared.listen(callback)

    async def restore(self, book: Book) -> None:
        """Count again what an earlier run let in: the last minute, this day's and month's money."""
        now = self._clock.now()
        period = Period.of(now)
        recent = await book.since(now - LENGTH_S * US)
        month = await book.spent_by_key(period.month_began)
        day = await book.spent_by_key(period.day_began)
        self.gate.restore(recent, {key: (day.get(key, 0.0), month[key]) for key in month})

    async def run(self) -> None:
        """Keep in touch with Redis, where there is one, until cancelled."""
        if self._shared is not None:
            await self._shared.run()
        await _for_ever()

    async def close(self) -> None:
        """Everything that must be written down is, or was lost, loudly."""
        await self._breaches.close()


async def _for_ever() -> None:
    await asyncio.Event().wait()
