"""The book of requests: one fact per request, in a log of its own, a file per month.

Callers hand a fact over after the last byte has gone out and go on; the write is grouped with
others by the log's writer thread. What can not be written is said loudly and counted.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from core.clock import Clock
from core.settings import Paths
from events.errors import EventError
from events.facts import RequestFinished
from events.projections import USAGE
from events.projections.requests_by_day import requests_by_day
from events.store import EventStore

log = logging.getLogger(__name__)


class UsageLog:
    """Owns the month's store; asked and written from the studio's loop alone."""

    def __init__(self, *, paths: Paths, clock: Clock) -> None:
        self._paths = paths
        self._clock = clock
        self._month = ""
        self._store: EventStore | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._listeners: list[Callable[[RequestFinished], None]] = []
        self.unwritten = 0

    def listen(self, callback: Callable[[RequestFinished], None]) -> None:
        """Call back in the loop with every request that ended."""
        self._listeners.append(callback)

    def finished(self, fact: RequestFinished) -> None:
        """Keep `fact`; returns at once."""
        for callback in self._listeners:
            callback(fact)
        task = asyncio.ensure_future(self._write(fact))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def today(self) -> dict[str, int]:
        """Requests of today (UTC) by recipe id; none when the log can not be read, loudly."""
        try:
            with self._current().reading() as connection:
                rows = requests_by_day(connection, self._day())
        except EventError as problem:
            log.error("the requests of today can not be read: %s", problem)
            return {}
        counts: dict[str, int] = {}
        for row in rows:
            if row.recipe_id:
                counts[row.recipe_id] = counts.get(row.recipe_id, 0) + row.requests
        return counts

    async def close(self) -> None:
        """Everything handed over is written when this returns."""
        if self._writing:
            await asyncio.gather(*self._writing, return_exceptions=True)
        if self._store:
            self._store.close()
            self._store = None

    async def _write(self, fact: RequestFinished) -> None:
        try:
            await self._current().append(f"usage-{self._day()}", [fact], actor=fact.actor)
        except Exception:
            self.unwritten += 1
            log.exception("request %s could not be written to the usage log", fact.request_id)

    def _current(self) -> EventStore:
        month = self._day()[:7]
        if self._store is None or month != self._month:
            old, self._store = self._store, None
            if old:
                old.close()
            self._store = EventStore.open(
                self._paths.usage_db(self._day()),
                projections=USAGE,
                now=self._clock.now,
            )
            self._month = month
        return self._store

    def _day(self) -> str:
        return datetime.fromtimestamp(self._clock.now() / 1e6, UTC).strftime("%Y-%m-%d")
