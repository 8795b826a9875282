"""`Captures` of the hot path: bodies go by, and those that may be kept are kept behind its back.

    begin ─► feed, feed … ─► end ─► queue ─► vault (a thread)
      │                       │       │ full: dropped, and counted
      │ off: None             │ ended well, and only errors are wanted: forgotten
      ▼

Nothing here slows a request down: what does not fit is dropped and counted.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from core.captures.record import CapturedBody, CaptureRecord
from core.captures.vault import Vault
from core.clock import Clock
from core.gateway.hooks import Asked
from core.settings import Settings
from events.errors import EventError
from events.facts import CaptureRead, CapturesPruned, RequestFinished
from events.store import EventStore

STREAM = "captures"
PRUNE_EVERY_S = 3600.0
COUNT_EVERY_S = 60.0  # while there is no room
WAITING = 256  # records that wait for the disk
HELD = 256 * 1024 * 1024  # bytes of bodies in memory, waiting ones included
CLOSES_S = 5.0
MIB = 1024 * 1024

Reason = Literal["age", "room", "owner"]
log = logging.getLogger(__name__)


class CaptureCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept."""

    capture_bodies: str  # the setting: off | errors | all
    days: int
    requests: int
    bytes: int
    dropped: int  # since the start: not kept for want of room or time


class Captures:
    """Opt-in capture of bodies. Loop-bound, but for the vault's threads."""

    def __init__(
        self, *, vault: Vault, store: EventStore, settings: Callable[[], Settings], clock: Clock
    ) -> None:
        self._vault = vault
        self._store = store
        self._settings = settings
        self._clock = clock
        self._queue: asyncio.Queue[CaptureRecord] = asyncio.Queue(WAITING)
        self._held = 0
        self._bytes: int | None = None  # on disk; None: not counted yet
        self._counts_again = 0.0
        self.dropped = 0

    # ---- the hot path --------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """See `hooks.Captures`."""
        return self._settings().capture_bodies != "off"

    def begin(self, request_id: str, asked: Asked) -> "Capture | None":
        """See `hooks.Captures`."""
        settings = self._settings()
        if settings.capture_bodies == "off":
            return None
        if self._held >= HELD:
            self.dropped += 1
            return None
        return Capture(self, request_id, asked, limit=settings.capture_body_mib * MIB)

    def hold(self, size: int) -> None:
        """So many bytes more are in memory, or fewer."""
        self._held += size

    def finished(self, record: CaptureRecord) -> None:
        """Keep a record when it is wanted; returns at once."""
        mode = self._settings().capture_bodies
        wanted = mode == "all" or (mode == "errors" and record.outcome != "ok")
        if wanted and not self._queue.full():
            self._queue.put_nowait(record)
            return
        self.dropped += wanted
        self.hold(-_size(record))

    # ---- behind its back -----------------------------------------------------------------------

    async def run(self) -> None:
        """Write what comes and erase what is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._prune_hourly())
            while True:
                await self._write(await self._queue.get())

    async def close(self) -> None:
        """What waits is written, as far as it goes quickly."""
        try:
            async with asyncio.timeout(CLOSES_S):
                while not self._queue.empty():
                    await self._write(self._queue.get_nowait())
        except TimeoutError:
            self.dropped += self._queue.qsize()
            log.warning("%d captured requests were not written", self._queue.qsize())

    async def read(self, request_id: str, *, actor: str) -> CaptureRecord | None:
        """What was kept of a request; that somebody looked is recorded before they see it.

        Raises EventError when it can not be recorded.
        """
        found = await asyncio.to_thread(self._vault.read, request_id)
        if found is not None:
            await self._store.append(STREAM, [CaptureRead(request_id=request_id)], actor=actor)
        return found

    async def counts(self) -> CaptureCounts:
        """What is kept now."""
        counted = await asyncio.to_thread(self._count)
        return CaptureCounts(
            capture_bodies=self._settings().capture_bodies,
            days=len(counted),
            requests=sum(requests for _, requests, _ in counted),
            bytes=sum(size for _, _, size in counted),
            dropped=self.dropped,
        )

    async def forget(self, *, actor: str) -> int:
        """Erase everything, today's included; returns how many requests that was."""
        counted = await asyncio.to_thread(self._count)
        for day, _, _ in counted:
            await self._erase(day, "owner", actor)
        return sum(requests for _, requests, _ in counted)

    async def prune(self) -> None:
        """Erase days that are too old, and the oldest ones while there is no room."""
        settings, today = self._settings(), self._day(self._clock.now())
        first = date_before(today, settings.capture_days - 1)
        counted = await asyncio.to_thread(self._count)
        left = []
        for day, requests, size in counted:
            if day < first:
                await self._erase(day, "age")
            else:
                left.append((day, requests, size))
        total = sum(size for _, _, size in left)
        for day, _, size in left:
            if total <= settings.capture_max_mib * MIB or day >= today:
                break
            await self._erase(day, "room")
            total -= size
        self._bytes = total

    async def _prune_hourly(self) -> None:
        while True:
            try:
                await self.prune()
            except (OSError, EventError) as problem:
                log.warning("captured bodies could not be erased: %s", problem)
            await asyncio.sleep(PRUNE_EVERY_S)

    async def _write(self, record: CaptureRecord) -> None:
        try:
            if not await self._has_room():
                self.dropped += 1
                return
            day = self._day(record.captured_at)
            written = await asyncio.to_thread(self._vault.write, day, record)
            self._bytes = (self._bytes or 0) + written
        except (OSError, EventError) as problem:
            self.dropped += 1
            log.warning("a captured request could not be kept: %s", problem)
        finally:
            self.hold(-_size(record))

    async def _has_room(self) -> bool:
        most = self._settings().capture_max_mib * MIB
        now = self._clock.monotonic()
        if self._bytes is None or (self._bytes >= most and now >= self._counts_again):
            self._counts_again = now + COUNT_EVERY_S
            await self.prune()
        return (self._bytes or 0) < most

    async def _erase(self, day: str, reason: Reason, actor: str = "system") -> None:
        """1. its key 2. the fact 3. its files. After 1 nobody can read them, whatever happens."""
        requests, _ = await asyncio.to_thread(self._vault.count, day)
        await asyncio.to_thread(self._vault.forget_key, day)  # 1
        fact = CapturesPruned(day=day, requests=requests, reason=reason)
        await self._store.append(STREAM, [fact], actor=actor)  # 2
        await asyncio.to_thread(self._vault.clear, day)  # 3

    def _count(self) -> list[tuple[str, int, int]]:
        """Day, requests and bytes, oldest first."""
        return [(day, *self._vault.count(day)) for day in self._vault.days()]

    def _day(self, at: int) -> str:
        return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d")

    @property
    def clock(self) -> Clock:
        """For the records' time."""
        return self._clock


class Capture:
    """One request that is read along; `Captured` of the hot path."""

    def __init__(self, captures: Captures, request_id: str, asked: Asked, *, limit: int) -> None:
        self._captures = captures
        self._request_id = request_id
        self._asked = asked
        self._limit = limit
        self._question = asked.body.data[:limit]  # no copy when it is whole
        self._pieces: list[bytes] = []
        self._room = limit
        self._size = 0
        captures.hold(len(self._question))

    def feed(self, data: bytes) -> None:
        """See `Captured.feed`."""
        self._size += len(data)
        if self._room > 0:
            piece = data[: self._room]
            self._room -= len(piece)
            self._pieces.append(piece)
            self._captures.hold(len(piece))

    def end(self, fact: RequestFinished) -> None:
        """See `Captured.end`."""
        asked = self._asked
        self._captures.finished(
            CaptureRecord(
                request_id=self._request_id,
                captured_at=self._captures.clock.now(),
                path=asked.path.decode("utf-8", "replace"),
                model=asked.name,
                key_id=asked.key_id,
                outcome=fact.outcome,
                status=fact.status,
                question=CapturedBody(data=self._question, size=len(asked.body.data)),
                answer=CapturedBody(data=b"".join(self._pieces), size=self._size),
            )
        )


def date_before(day: str, days: int) -> str:
    """The day so many days earlier."""
    at = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    return (at - timedelta(days=days)).strftime("%Y-%m-%d")


def _size(record: CaptureRecord) -> int:
    return len(record.question.data) + len(record.answer.data)
