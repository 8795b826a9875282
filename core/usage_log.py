"""The book of requests: one fact per request, in a log of its own, a file per month.

Callers hand a fact over after the last byte has gone out and go on; the write is grouped with
others by the log's writer thread. What can not be written is kept in memory, as far as it goes,
and written when the disk takes writes again (`core.log_watch` tries); what is lost is counted.
Until it is written, a request lies in a spool, so that it is not lost when we are killed; what ends
in one turn of the loop is spooled together, so a kill in that very moment loses these.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import msgspec

from core.clock import Clock
from core.errors import Invalid
from core.settings import Paths
from core.usage.months import Months, likeliest_first
from core.usage.spool import Held, Spool
from events.errors import EventError, LogDamaged, NotRecordable
from events.examining import Check
from events.facts import RequestFinished
from events.projections import USAGE
from events.projections.request_log import LoggedRequest, RequestFilter
from events.projections.request_records import HOUR_US
from events.projections.usage_sums import Sums, UsageQuery, usage_sums
from events.store import EventStore

log = logging.getLogger(__name__)

T = TypeVar("T")

DAY_US = 24 * HOUR_US
GATHER_S = 0.1  # how long a request's record waits for others to be written with
BATCH = 1000  # records in one commit at most
KEPT = 10_000  # requests that wait for the disk, a kilobyte each
MOST_DIGITS = 18  # of a position: SQLite counts to 2⁶³


class RequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, newest first; `next` asks for older ones, None: there are none."""

    requests: tuple[LoggedRequest, ...]
    next: str | None = None
    unreadable: tuple[str, ...] = ()  # months whose log could not be read, or was erased


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What requests added up to, over all months."""

    sums: tuple[Sums, ...]
    unreadable: tuple[str, ...] = ()


class UsageLog:
    """Owns the month's store; asked and written from the studio's loop alone."""

    def __init__(
        self, *, paths: Paths, clock: Clock, read_only: bool = False, check: Check | None = None
    ) -> None:
        """`read_only`: the studio only looks on, so no month's log is opened to be written.

        `check` sees a month's log before it is written, and may refuse it.
        """
        self._read_only = read_only
        self._check = check
        self._paths = paths
        self._clock = clock
        self.months = Months(paths)
        self._spool = Spool(paths.home / "usage-held.jsonl")
        self._counts: tuple[str, Counter[str]] | None = None  # of a day, by recipe
        self._named_day = (-1, "")
        self._month = ""
        self._store: EventStore | None = None
        self._gathered: list[tuple[str, RequestFinished]] = []
        self._ended: list[Held] = []  # in this turn of the loop: spooled in one write
        self._gathering: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None  # one at a time: batches grow by themselves
        self._kept: deque[tuple[str, RequestFinished]] = deque()
        self._listeners: list[Callable[[RequestFinished], None]] = []
        self.problem: str | None = None  # why the newest write failed; None when it went well
        self.unwritten = 0  # requests that are lost to the book

    def listen(self, callback: Callable[[RequestFinished], None]) -> None:
        """Call back in the loop with every request that ended."""
        self._listeners.append(callback)

    async def open(self) -> tuple[RequestFinished, ...]:
        """Bring this month's log up to date, which may take long after an update.

        Returns the requests whose record an earlier run held back and did not write: each is to be
        handed to `finished`, with or without its counts.
        """
        await asyncio.to_thread(self._today)
        lost = []
        for held in self._spool.left():
            wanted = RequestFilter(request_id=held.request.request_id, since=midnight(held.day))
            page = await self.page(wanted, before=None, limit=1)
            if page.requests:
                self._spool.written(held.request.request_id)
            elif not page.unreadable:  # else nobody knows: it waits in the spool
                lost.append(held.request)
        return tuple(lost)

    def hold(self, fact: RequestFinished) -> None:
        """`fact` will be written in a moment, or when its counts have come; survives a kill."""
        self._spool.hold(Held(day=self._day(), request=fact))

    def finished(self, fact: RequestFinished) -> None:
        """Keep `fact`; returns at once."""
        today, recipe_id = self._day(), fact.recipe_id
        if recipe_id:
            counts = self._counts
            if counts is None or counts[0] != today:
                counts = (today, self._today())
            counts[1][recipe_id] += 1
        for callback in self._listeners:
            callback(fact)
        day = self._spool.day_of(fact.request_id)
        if day is None:
            day, ended = today, self._ended
            if not ended:
                asyncio.get_running_loop().call_soon(self._spool_ended)
            ended.append(Held(day=day, request=fact))
        self._gathered.append((day, fact))
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_S, self._begin_to_write)

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
        return dict(self._today())

    async def page(self, wanted: RequestFilter, *, before: str | None, limit: int) -> RequestPage:
        """The newest requests that are wanted, older than a `next` of an earlier page.

        Raises Invalid for a `before` that no page ever gave.
        """
        month, position = place(before) if before else ("9999-99", None)
        found: list[LoggedRequest] = []
        unreadable: list[str] = []
        names = [m for m in self._months(wanted.since, wanted.until) if m <= month]
        if wanted.request_id is not None:
            names = likeliest_first(names, wanted.request_id)
        for name in names:
            at = position if name == month else None
            left = limit - len(found)
            look = partial(self.months.requests, name, wanted, before=at, limit=left)
            those = await self._ask(name, look)
            if those is None:
                unreadable.append(name)
                continue
            found += those
            if found and wanted.request_id is not None:
                break  # each is in one log, once
            if len(found) >= limit:
                return RequestPage(
                    requests=tuple(found),
                    next=f"{name}:{those[-1].position}" if those else None,
                    unreadable=tuple(unreadable),
                )
        return RequestPage(requests=tuple(found), unreadable=tuple(unreadable))

    async def usage(self, query: UsageQuery, *, most: int = -1) -> Usage:
        """What the requests of all months add up to, by what is told apart; in no order."""
        found: dict[tuple[str | int, ...], Sums] = {}
        unreadable: list[str] = []
        for name in self._months(query.since, query.until):
            sums = partial(usage_sums, query=query, most=most)
            those = await self._ask(name, partial(self.months.read, name, sums))
            if those is None:
                unreadable.append(name)
            for one in those or ():
                if one.group in found:
                    found[one.group].add(one)
                else:
                    found[one.group] = one
        return Usage(sums=tuple(found.values()), unreadable=tuple(unreadable))

    def is_over(self, month: str) -> bool:
        """Whether nothing can be recorded in a month's log any more; lets go of its file."""
        if month >= self._day()[:7] or month in self._still_to_come():
            return False
        self._current()
        return True

    def _still_to_come(self) -> set[str]:
        """The months of requests that wait for their counts, for others, or for the disk."""
        held = (one.day for one in self._spool.waiting())
        return {day[:7] for day in (*held, *(day for day, _ in (*self._gathered, *self._kept)))}

    async def close(self) -> None:
        """Everything handed over is written when this returns, or was lost, loudly."""
        if self._writing is not None:
            await self._writing
        await self._write_gathered()
        if self._kept and not await self.write_again():
            self.unwritten += len(self._kept)
            log.critical("%d requests could not be written to the usage log", len(self._kept))
            self._kept.clear()
        if self._store:
            self._store.close()
            self._store = None
        self._spool.close()

    def _spool_ended(self) -> None:
        ended, self._ended = self._ended, []
        if ended:
            self._spool.hold(*ended)

    def _begin_to_write(self) -> None:
        """What ended in one breath is written in one; while the disk is slow, breaths are long."""
        self._gathering = None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write_gathered())

    async def _write_gathered(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        self._spool_ended()
        while self._gathered:
            gathered, self._gathered = self._gathered[:BATCH], self._gathered[BATCH:]
            those: dict[tuple[str, str], list[RequestFinished]] = {}
            for day, fact in gathered:
                those.setdefault((day, fact.actor), []).append(fact)
            await asyncio.gather(*(self._write(day, *facts) for (day, _), facts in those.items()))

    async def _write(self, day: str, *facts: RequestFinished) -> None:
        """Facts of one actor, all or none; where one can not be written, each by itself."""
        try:
            await self._current().append(f"usage-{day}", facts, actor=facts[0].actor)
            self._spool.written(*(fact.request_id for fact in facts))
            self.problem = None
        except EventError as error:
            if len(facts) > 1 and isinstance(error, NotRecordable):
                await self._write_each(day, facts)
                return
            self.problem = self._said(error)
            for fact in facts:
                self._keep(day, fact)
        except Exception:
            if len(facts) > 1:
                await self._write_each(day, facts)
                return
            self.unwritten += 1
            log.exception("request %s could not be written to the usage log", facts[0].request_id)

    def _said(self, error: EventError) -> str:
        if not isinstance(error, LogDamaged):
            return str(error)
        log_name = self.months.writable(self._day()[:7]).stem
        return f"{error}; go on with `vllm-studio audit recover --log {log_name}`"

    async def _write_each(self, day: str, facts: tuple[RequestFinished, ...]) -> None:
        for fact in facts:
            await self._write(day, fact)

    def _keep(self, day: str, fact: RequestFinished) -> None:
        self._kept.append((day, fact))
        if len(self._kept) > KEPT:
            self._kept.popleft()
            self.unwritten += 1

    def _today(self) -> Counter[str]:
        day = self._day()
        if self._counts is None:
            self._counts = (day, self._counted())
        elif self._counts[0] != day:
            self._counts = (day, Counter())
        return self._counts[1]

    def _counted(self) -> Counter[str]:
        """What an earlier run wrote today."""
        if self._read_only:
            return Counter()
        midnight = self._clock.now() // DAY_US * DAY_US
        try:
            with self._current().reading() as connection:
                rows = usage_sums(connection, UsageQuery(by=("recipe",), since=midnight))
        except EventError as problem:
            log.error("the requests of today can not be read: %s", problem)
            return Counter()
        return Counter({str(s.group[0]): int(s.sums["requests"]) for s in rows if s.group[0]})

    def _months(self, since: int | None, until: int | None) -> list[str]:
        """The months that have a log and may hold something of a time, newest first.

        A request that ended in a month's last moment may be recorded in the next one's first.
        """
        first = "" if since is None else month_of(max(0, since - DAY_US))
        last = "9999-99" if until is None else month_of(until)
        return [name for name in self.months.names() if first <= name <= last]

    async def _ask(self, month: str, ask: Callable[[], T]) -> T | None:
        """In a thread; None, loudly, when the month's log can not be read."""
        try:
            if month == self._day()[:7] and not self._read_only:
                self._current()  # brings it up to date
            return await asyncio.to_thread(ask)
        except EventError as problem:
            log.error("the requests of %s can not be read: %s", month, problem)
            return None

    def _current(self) -> EventStore:
        month = self._day()[:7]
        if self._store is None or month != self._month:
            old, self._store = self._store, None
            if old:
                old.close()
            self._store = EventStore.open(
                self.months.writable(month),
                projections=USAGE,
                now=self._clock.now,
                check=self._check,
            )
            self._month = month
        return self._store

    def _day(self) -> str:
        number = self._clock.now() // DAY_US
        if number != self._named_day[0]:
            day = datetime.fromtimestamp(number * 86_400, UTC)
            self._named_day = (number, day.strftime("%Y-%m-%d"))
        return self._named_day[1]


def midnight(day: str) -> int:
    """The beginning of a day (UTC), in µs since the epoch."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000


def month_of(moment: int) -> str:
    """The month (UTC) of a moment in µs since the epoch."""
    try:
        return datetime.fromtimestamp(moment / 1e6, UTC).strftime("%Y-%m")
    except (ValueError, OverflowError, OSError):
        raise Invalid("a time is given in microseconds since 1970") from None


def place(cursor: str) -> tuple[str, int]:
    """Month and position of a page's `next`."""
    month, _, position = cursor.partition(":")
    is_number = position.isascii() and position.isdigit() and len(position) <= MOST_DIGITS
    if len(month) != 7 or not is_number:
        raise Invalid(
            "`before` is what an earlier page gave as `next`, such as 2026-11:4711, "
            f"not {cursor!r:.60}",
            field="before",
        )
    return month, int(position)
