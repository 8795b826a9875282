"""The book of requests: one fact per request, in a log of its own, a file per month.

Callers hand a fact over after the last byte has gone out and go on; the write is grouped with
others by the log's writer thread. What can not be written is kept in memory, as far as it goes,
and written when the disk takes writes again (`core.log_watch` tries); what is lost is counted.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from core.clock import Clock
from core.errors import Invalid
from core.settings import Paths
from events.errors import EventError
from events.facts import RequestFinished
from events.projections import USAGE
from events.projections.request_log import LoggedRequest, RequestFilter, requests
from events.projections.requests_by_day import requests_by_day
from events.store import EventStore

log = logging.getLogger(__name__)

KEPT = 10_000  # requests that wait for the disk, a kilobyte each


class RequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, newest first; `next` asks for older ones, None: there are none."""

    requests: tuple[LoggedRequest, ...]
    next: str | None = None


class UsageLog:
    """Owns the month's store; asked and written from the studio's loop alone."""

    def __init__(self, *, paths: Paths, clock: Clock) -> None:
        self._paths = paths
        self._clock = clock
        self._month = ""
        self._store: EventStore | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._kept: deque[tuple[str, RequestFinished]] = deque()
        self._listeners: list[Callable[[RequestFinished], None]] = []
        self.problem: str | None = None  # why the newest write failed; None when it went well
        self.unwritten = 0  # requests that are lost to the book

    def listen(self, callback: Callable[[RequestFinished], None]) -> None:
        """Call back in the loop with every request that ended."""
        self._listeners.append(callback)

    def finished(self, fact: RequestFinished) -> None:
        """Keep `fact`; returns at once."""
        for callback in self._listeners:
            callback(fact)
        task = asyncio.ensure_future(self._write(self._day(), fact))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    @property
    def held(self) -> int:
        """Requests that wait for the disk."""
        return len(self._kept)

    async def write_again(self) -> bool:
        """Write what is kept; False when the disk still takes nothing."""
        kept, self._kept = self._kept, deque()
        for day, fact in kept:
            if self._kept:  # it failed again: do not ask ten thousand times
                self._keep(day, fact)
            else:
                await self._write(day, fact)
        return not self._kept

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

    async def page(self, wanted: RequestFilter, *, before: str | None, limit: int) -> RequestPage:
        """The newest requests that are wanted, older than a `next` of an earlier page.

        Raises Invalid for a `before` that no page ever gave.
        """
        month, position = place(before) if before else ("9999-99", None)
        found: list[LoggedRequest] = []
        for name in [m for m in self._months() if m <= month]:
            at = position if name == month else None
            left = limit - len(found)
            those = await asyncio.to_thread(self._read, name, wanted, at, left)
            found += those
            if len(found) >= limit:
                return RequestPage(
                    requests=tuple(found), next=f"{name}:{those[-1].position}" if those else None
                )
        return RequestPage(requests=tuple(found))

    async def close(self) -> None:
        """Everything handed over is written when this returns, or was lost, loudly."""
        if self._writing:
            await asyncio.gather(*self._writing, return_exceptions=True)
        if self._kept and not await self.write_again():
            self.unwritten += len(self._kept)
            log.critical("%d requests could not be written to the usage log", len(self._kept))
            self._kept.clear()
        if self._store:
            self._store.close()
            self._store = None

    async def _write(self, day: str, fact: RequestFinished) -> None:
        try:
            await self._current().append(f"usage-{day}", [fact], actor=fact.actor)
            self.problem = None
        except EventError as error:
            self.problem = str(error)
            self._keep(day, fact)
        except Exception:
            self.unwritten += 1
            log.exception("request %s could not be written to the usage log", fact.request_id)

    def _keep(self, day: str, fact: RequestFinished) -> None:
        self._kept.append((day, fact))
        if len(self._kept) > KEPT:
            self._kept.popleft()
            self.unwritten += 1

    def _months(self) -> list[str]:
        """The months that have a log, newest first."""
        names = (path.stem.removeprefix("usage-") for path in self._paths.home.glob("usage-*.db"))
        return sorted(names, reverse=True)

    def _read(
        self, month: str, wanted: RequestFilter, before: int | None, limit: int
    ) -> list[LoggedRequest]:
        """In a thread; the month's own file is read beside its writer."""
        store = EventStore.open(self._paths.usage_db(f"{month}-01"), read_only=True)
        try:
            with store.reading() as connection:
                return requests(connection, wanted, before=before, limit=limit)
        finally:
            store.close()

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


def place(cursor: str) -> tuple[str, int]:
    """Month and position of a page's `next`."""
    month, _, position = cursor.partition(":")
    if len(month) != 7 or not position.isdigit():
        raise Invalid("`before` is what an earlier page gave as `next`", field="before")
    return month, int(position)
