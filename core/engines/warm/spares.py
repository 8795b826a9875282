"""The spares of this machine: made when nothing loads, taken once, gone when memory is short.

    launch ──► wanted (newest first) ──idle, memory──► one spare each ──► taken by a launch
                                                          │
                                    short of memory, switched off, quit ──► ended

One task makes them, one at a time; everything else is looked up between two awaits.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from uuid import uuid4

import msgspec
import psutil

from core.engines.processes.posix import PosixLauncher
from core.engines.warm.programs import Start
from core.engines.warm.spare_process import Spare
from core.errors import StudioError

log = logging.getLogger(__name__)

MOST = 2  # kinds of start that are kept ready
LOOK_S = 2.0
QUIET_LOOKS = 2  # so often in a row nothing may load before importing begins
IMPORT_S = 300.0  # importing that takes longer never ends
GIB = 1024**3
FREE_TO_MAKE = 8 * GIB  # available memory from which on spares are made …
FREE_TO_KEEP = 4 * GIB  # … and below which they are given up

Sleep = Callable[[float], Awaitable[None]]


def available_memory() -> int:
    """Bytes that programs can have without swapping."""
    return int(psutil.virtual_memory().available)


class Spares:
    """Use `run` as a task for as long as the app lives; leaving it ends them all."""

    def __init__(
        self,
        *,
        folder: Path,
        enabled: Callable[[], bool],
        idle: Callable[[], bool],
        available: Callable[[], int] = available_memory,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._launcher = PosixLauncher()
        self._folder = folder
        self._enabled = enabled
        self._idle = idle
        self._nonce = uuid4().hex
        self._available = available
        self._sleep = sleep
        self._wanted: list[Start] = []  # newest first
        self._hopeless: list[Start] = []
        self._spares: list[Spare] = []
        self._making: asyncio.Task[None] | None = None
        self._quiet = 0

    def expect(self, start: Start) -> None:
        """Such a start may come: worth a spare when nothing newer is."""
        if not _among(start, self._wanted):
            self._wanted.append(start)

    def take(self, start: Start) -> Spare | None:
        """A spare that has imported for such a start, to be used at once; the next will be made."""
        self._wanted = [start, *(one for one in self._wanted if not one.same_imports(start))]
        self._quiet = 0
        if self._making is not None:
            self._making.cancel()  # the load shall have the machine for itself
        for spare in self._spares:
            if spare.start.same_imports(start) and spare.ready and spare.alive():
                self._spares.remove(spare)
                return spare
        return None

    def ready(self) -> tuple[Start, ...]:
        """The starts that would be warm now."""
        return tuple(spare.start for spare in self._spares if spare.ready)

    def groups(self) -> tuple[int, ...]:
        """The process groups of those that wait: for who counts memory."""
        return tuple(spare.process_group for spare in self._spares)

    async def run(self) -> None:
        """Make and give up spares until cancelled; then end them."""
        try:
            await self._sweep()
            while True:
                await self.look()
                await self._sleep(LOOK_S)
        finally:
            if self._making is not None:
                self._making.cancel()
                await asyncio.wait({self._making})
            await self._end(list(self._spares))

    async def look(self) -> None:
        """One look: give up what is dead or too much, and make what is missing."""
        free = self._available()
        kept = self._kept() if self._enabled() and free >= FREE_TO_KEEP else []
        await self._end([s for s in self._spares if not (s.alive() and _among(s.start, kept))])
        self._quiet = self._quiet + 1 if self._idle() else 0
        if self._quiet < QUIET_LOOKS or free < FREE_TO_MAKE:
            return
        for start in kept:
            if not any(spare.start.same_imports(start) for spare in self._spares):
                self._making = asyncio.create_task(self._make(start))
                await asyncio.wait({self._making})  # not awaited itself: a launch may cancel it
                self._making = None
                return

    async def leave(self, folder: Path) -> None:
        """End those that run from this folder, and make none for it: it is to be removed."""
        below = str(folder) + "/"
        self._wanted = [start for start in self._wanted if not start.python.startswith(below)]
        if self._making is not None:
            self._making.cancel()
        await self._end([s for s in self._spares if s.start.python.startswith(below)])

    async def _sweep(self) -> None:
        """End what an earlier run left; its spares end by themselves unless they are stuck."""
        note = self._folder / "nonce"
        with contextlib.suppress(OSError):
            await self._launcher.sweep(note.read_text(encoding="ascii"))
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            note.write_text(self._nonce, encoding="ascii")

    def _kept(self) -> list[Start]:
        """What is worth a spare, the newest wish first."""
        return [start for start in self._wanted if not _among(start, self._hopeless)][:MOST]

    async def _make(self, start: Start) -> None:
        """Start one and wait until it has imported."""
        spare = None
        try:
            spare = await Spare.begin(
                start, launcher=self._launcher, folder=self._folder, nonce=self._nonce
            )
            async with asyncio.timeout(IMPORT_S):
                told = await spare.imported()
        except (StudioError, OSError, EOFError, TimeoutError, msgspec.MsgspecError) as problem:
            self.give_up(start, repr(problem))
        else:
            if not told.problems:
                self._spares.append(spare)
                log.info("a spare for %s imported for %.1f s", start.program.entry, told.seconds)
                return
            self.give_up(start, "; ".join(told.problems))
        finally:
            if spare is not None and spare not in self._spares:
                await asyncio.shield(spare.end())

    def give_up(self, start: Start, why: str) -> None:
        """Make no spare for it any more."""
        if _among(start, self._hopeless):
            return
        log.warning("%s starts cold from now on: %s", start.program.entry, why)
        self._hopeless.append(start)

    async def _end(self, doomed: list[Spare]) -> None:
        for spare in doomed:
            self._spares.remove(spare)
            await spare.end()


def _among(start: Start, others: Iterable[Start]) -> bool:
    return any(start.same_imports(other) for other in others)
