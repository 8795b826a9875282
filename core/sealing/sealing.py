"""Seals months that are over and, where a setting or the owner wants it, erases their requests.

    live log ──seal──► segment + sums ──prune──► sums

Everything is recorded in the main log: a seal when it is done, a pruning before it is. What a
month adds up to stays for ever. One at a time, in a thread; requests go on meanwhile.
"""

import asyncio
import itertools
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from core.auditing.notes import sync_folder
from core.clock import Clock
from core.errors import Invalid, NotFound, Refused, Unavailable
from core.sealing.aside import aside_before, erase
from core.sealing.settling import is_live, settle
from core.sealing.steps import GivenUp, Reached, Sign, seal_month
from core.settings import Paths, Settings
from core.usage.sealed import is_month
from core.usage_log import UsageLog, month_of
from events.errors import EventError
from events.facts import AuditAsideErased, AuditSegmentPruned
from events.projections.sealed_months import SealedMonth, sealed_months
from events.store import EventStore

log = logging.getLogger(__name__)

STREAM = "audit"
HOUR_US = 3_600_000_000
RESTS_US = 6 * HOUR_US  # how long a month is over before it is sealed by itself
LONG_AWAY_US = 40 * 24 * HOUR_US
WARY_S = 86_400.0
WITH_START = 20  # newest facts that are looked at: those of this start, and the last before it
FIRST_LOOK_S = 60.0
LOOK_EVERY_S = 3600.0

State = Literal["live", "sealed", "pruned", "lost"]


class MonthView(msgspec.Struct, frozen=True, kw_only=True):
    """A month of requests, as its owner sees it."""

    month: str  # as in 2026-11
    state: State  # pruned: single requests are erased; lost: they are gone, and nobody said why
    requests: int | None = None  # None: not counted while it is live
    events: int | None = None
    bytes: int  # on the disk, sums included
    root: str | None = None  # of the sealed log's tree, in base64
    sealed_at: int | None = None  # µs since the epoch
    pruned_at: int | None = None
    pruned_by: str | None = None
    pruned_why: str | None = None


class Sealing:
    """`settle` before the book of requests is opened; `run` is its task."""

    def __init__(
        self,
        *,
        store: EventStore,
        usage: UsageLog,
        paths: Paths,
        settings: Callable[[], Settings],
        clock: Clock,
        sign: Sign | None = None,
        reached: Reached = lambda step: None,
    ) -> None:
        """`sign` makes the note that goes into a segment; `reached` hears of each step."""
        self._store = store
        self._usage = usage
        self._paths = paths
        self._settings = settings
        self._clock = clock
        self._sign = sign
        self._reached = reached
        self._turn = asyncio.Lock()
        self._given_up = threading.Event()
        self._wary_until = 0.0

    async def settle(self) -> None:
        """Finish or undo what an earlier run left in the middle."""
        if self._was_long_away():
            self._wary_until = self._clock.monotonic() + WARY_S
        await asyncio.to_thread(settle, self._paths, self._usage.months, self._known())

    async def run(self) -> None:
        """Look every hour, until cancelled."""
        await asyncio.sleep(FIRST_LOOK_S)
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Seal and erase what is due; what goes wrong is logged, and tried again an hour later."""
        try:
            for month in self._due():
                await self.seal(month, actor="system")
            if (before := self._erased_before()) is not None:
                await self.prune(before, reason="age", actor="system")
            await asyncio.to_thread(self._usage.months.sealed.sweep)
        except GivenUp:
            return
        except (EventError, OSError, sqlite3.Error, Refused, Unavailable) as problem:
            log.error("months of requests could not be sealed: %s", problem)

    def close(self) -> None:
        """Give up what is being sealed; the next start, or look, begins it anew."""
        self._given_up.set()

    async def view(self) -> tuple[MonthView, ...]:
        """Every month there is or was, newest first."""
        return await asyncio.to_thread(self._view)

    async def seal(self, month: str, *, actor: str) -> MonthView:
        """Seal one month, which may take minutes; one that is sealed stays as it is.

        Raises NotFound when there is none, Refused while it is not over, EventError or OSError
        when it can not be read or written.
        """
        demand_month(month)
        async with self._turn:
            if is_live(self._paths, month):
                await self._seal(month, actor)
            elif month not in self._usage.months.sealed.names():
                raise NotFound(f"there are no requests of {month}")
        return await self._viewed(month)

    async def seal_all(self, *, actor: str) -> tuple[MonthView, ...]:
        """Seal every month that is over."""
        over = [month for month in self._live() if month < month_of(self._clock.now())]
        return tuple([await self.seal(month, actor=actor) for month in over])

    async def prune(self, before: str, *, reason: str, actor: str) -> tuple[MonthView, ...]:
        """Erase the single requests of every month before one; what they add up to stays.

        Those that are live are sealed first. Returns the months that were erased now.
        """
        demand_month(before)
        if before > month_of(self._clock.now()):
            raise Invalid(f"{before} has not come yet", field="before")
        for month in self._live():
            if month < before:
                await self.seal(month, actor=actor)
        async with self._turn:
            pruned = []
            for one in reversed(self._known()):
                segment = self._paths.usage_segment(one.month)
                if one.month < before and segment.exists():
                    await self._prune(one, reason, actor)
                    pruned.append(one.month)
        return tuple([await self._viewed(month) for month in pruned])

    async def aside(self, before: str) -> tuple[Path, ...]:
        """What a recovery moved aside of the months before one, which a pruning leaves."""
        demand_month(before)
        found = await asyncio.to_thread(aside_before, self._paths.home, before)
        return tuple(path for paths in found.values() for path in paths)

    async def erase_aside(self, before: str, *, reason: str, actor: str) -> tuple[Path, ...]:
        """Erase it for ever, month by month, each recorded before. Raises EventError, OSError."""
        demand_month(before)
        async with self._turn:
            found = await asyncio.to_thread(aside_before, self._paths.home, before)
            for month, paths in found.items():
                names = [str(path.relative_to(self._paths.home)) for path in paths]
                fact = AuditAsideErased(log=f"usage-{month}", files=tuple(names), reason=reason)
                await self._store.append(STREAM, [fact], actor=actor)
                await asyncio.to_thread(erase, paths)
        return tuple(path for paths in found.values() for path in paths)

    async def _seal(self, month: str, actor: str) -> None:
        if not self._usage.is_over(month):
            raise Refused(
                f"{month} is not over: requests can still be recorded in it",
                code="month-not-over",
                next_action="Try again when the month is over and no request of it waits.",
            )
        if any(one.month == month for one in self._known()):  # its live log was not removed
            await self.settle()
            if not is_live(self._paths, month):
                return
        log.info("%s is being sealed", month)
        try:
            sealed = await asyncio.to_thread(
                seal_month,
                month,
                paths=self._paths,
                months=self._usage.months,
                store=self._store,
                now=self._clock.now,
                sign=self._sign,
                actor=actor,
                given_up=self._given_up,
                reached=self._reached,
            )
        except asyncio.CancelledError:
            self._given_up.set()
            raise
        log.info("%s was sealed: %d events, %d bytes", month, sealed.events, sealed.bytes)

    async def _prune(self, one: SealedMonth, reason: str, actor: str) -> None:
        """1. the fact 2. the file. After 1 the next start, or pruning, erases what is left."""
        requests = int(one.rollup.get("requests", 0))
        fact = AuditSegmentPruned(
            month=one.month, log_id=one.log_id, reason=reason, requests=requests
        )
        if one.pruned_at is None:
            await self._store.append(STREAM, [fact], actor=actor)  # 1
        self._reached("pruning recorded")
        self._paths.usage_segment(one.month).unlink(missing_ok=True)  # 2
        self._reached("segment removed")
        await asyncio.to_thread(sync_folder, self._paths.home)

    def _known(self) -> list[SealedMonth]:
        with self._store.reading() as connection:
            return sealed_months(connection)

    def _live(self) -> list[str]:
        """The months with a live log, oldest first."""
        return [m for m in reversed(self._usage.months.names()) if is_live(self._paths, m)]

    def _due(self) -> list[str]:
        settings, now = self._settings(), self._clock.now()
        if not settings.usage_seal:
            return []
        newest = months_before(month_of(now - RESTS_US), settings.usage_keep_live_months - 1)
        return [month for month in self._live() if month < newest]

    def _was_long_away(self) -> bool:
        """Whether the clock jumped far ahead, or nobody was here for long; nobody can tell which.

        A wrong clock makes everything look old. It is noticed within a day, and what is erased
        does not come back.
        """
        newest = self._store.read_all(newest_first=True, limit=WITH_START)
        moments = sorted((one.recorded_at for one in newest), reverse=True)
        moments.insert(0, self._clock.now())
        return any(a - b > LONG_AWAY_US for a, b in itertools.pairwise(moments))

    def _erased_before(self) -> str | None:
        """The first month that is kept; None: nothing is erased, or not now."""
        if self._clock.monotonic() < self._wary_until:
            return None
        keep, now = self._settings().usage_keep_months, self._clock.now()
        return months_before(month_of(now - RESTS_US), keep) if keep else None

    async def _viewed(self, month: str) -> MonthView:
        return next(one for one in await self.view() if one.month == month)

    def _view(self) -> tuple[MonthView, ...]:
        known = {one.month: one for one in self._known()}
        names = sorted({*known, *self._usage.months.names()}, reverse=True)
        return tuple(self._month(month, known.get(month)) for month in names)

    def _month(self, month: str, one: SealedMonth | None) -> MonthView:
        size = sum(map(_size, self._paths.home.glob(f"usage-{month}.*")))
        if is_live(self._paths, month):
            return MonthView(month=month, state="live", bytes=size)
        if one is None:  # the main log was put back from before
            return MonthView(month=month, state="sealed", bytes=size)
        there = self._paths.usage_segment(month).exists()
        state: State = "sealed" if there else "pruned" if one.pruned_at is not None else "lost"
        return MonthView(
            month=month,
            state=state,
            requests=int(one.rollup.get("requests", 0)),
            events=one.events,
            bytes=size,
            root=one.root,
            sealed_at=one.sealed_at,
            pruned_at=one.pruned_at,
            pruned_by=one.pruned_by,
            pruned_why=one.pruned_why,
        )


def _size(path: Path) -> int:
    """None of a file that has just gone, as a seal's scratch does."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def demand_month(text: str) -> None:
    """Raise Invalid unless it is such as 2026-11."""
    if not is_month(text):
        raise Invalid(f"a month is such as 2026-11, not {text!r:.40}", field="month")


def months_before(month: str, many: int) -> str:
    """The month so many months earlier."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - many
    return f"{number // 12:04}-{number % 12 + 1:02}"
