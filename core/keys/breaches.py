"""Writes down that a key reached a limit: once in its window, never once for each request.

The gate tells once a minute, day or month; but it forgets when the studio ends, so what a budget
was already told of is looked up in the log.
"""

import asyncio
import logging

from core.clock import Clock
from core.keys.calendar import Period
from core.keys.desk import stream_of
from events.errors import EventError
from events.facts import KeyLimitReached
from events.store import EventStore

log = logging.getLogger(__name__)


class Breaches:
    """Call it with a fact; `close` waits until all are written."""

    def __init__(self, *, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._writing: set[asyncio.Task[None]] = set()

    def __call__(self, fact: KeyLimitReached) -> None:
        """Write it down; returns at once."""
        task = asyncio.ensure_future(self._write(fact))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Everything told is written, or was lost, loudly."""
        await asyncio.gather(*self._writing)

    async def _write(self, fact: KeyLimitReached) -> None:
        try:
            if not self._is_written(fact):
                await self._store.append(stream_of(fact.key_id), [fact], actor="system")
        except EventError as problem:
            log.error("that the key %s reached a limit was not written: %s", fact.name, problem)

    def _is_written(self, fact: KeyLimitReached) -> bool:
        period = Period.of(self._clock.now())
        since = {"budget_day": period.day_began, "budget_month": period.month_began}.get(fact.limit)
        if since is None:
            return False
        return any(
            isinstance(one.event, KeyLimitReached)
            and one.event.limit == fact.limit
            and one.recorded_at >= since
            for one in self._store.read_stream(stream_of(fact.key_id))
        )
