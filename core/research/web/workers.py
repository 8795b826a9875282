"""Pages are read in processes of their own, with an end: a thread that loops can not be stopped.

At most two, started when first needed, kept for a while, ended on a deadline together with the page
that they were reading. They know no secret: of the environment they get what Python needs.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence

import msgspec

from core.research.web.extracting import Extracted, Job
from core.research.web.views import WebProblem
from core.research.web.worker_process import LENGTH

COMMAND = (sys.executable, "-P", "-m", "core.research.web.worker_process")
MOST = 2
PAGE_S = 30.0
IDLE_S = 60.0
MOST_JOBS = 200  # then it is replaced: what libraries lose of memory is bounded
_NEEDED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")


class Workers:
    """Who reads. Loop-bound; `aclose` ends their processes."""

    def __init__(
        self,
        *,
        most: int = MOST,
        page_s: float = PAGE_S,
        idle_s: float = IDLE_S,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._places = asyncio.Semaphore(most)
        self._page_s = page_s
        self._idle_s = idle_s
        self._command = command
        self._idle: list[_Worker] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._retiring: asyncio.TimerHandle | None = None

    async def do(self, job: Job) -> Extracted:
        """Read one page. Raises WebProblem: timeout (the page is too hard), unreadable."""
        async with self._places:
            worker = await self._worker()
            try:
                async with asyncio.timeout(self._page_s):
                    done = await worker.ask(job)
            except TimeoutError:
                await worker.end()
                raise _too_hard() from None
            except (OSError, EOFError, msgspec.MsgspecError):
                await worker.end()
                raise _unreadable() from None
            except BaseException:
                await worker.end()
                raise
            await self._rest(worker)
            return done

    async def _worker(self) -> "_Worker":
        """One that waits, unless somebody has ended it meanwhile; else a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.lives:
                return worker
            await worker.end()
        return await _Worker.start(self._command)

    async def aclose(self) -> None:
        """End them all and wait for it."""
        if self._retiring is not None:
            self._retiring.cancel()
        while self._idle:
            await self._idle.pop().end()
        await asyncio.gather(*self._ending)

    async def _rest(self, worker: "_Worker") -> None:
        if worker.jobs >= MOST_JOBS:
            await worker.end()
            return
        self._idle.append(worker)
        if self._retiring is not None:
            self._retiring.cancel()
        loop = asyncio.get_running_loop()
        self._retiring = loop.call_later(self._idle_s, self._retire)

    def _retire(self) -> None:
        """Nobody has read for a while."""
        for worker in self._idle:
            task = asyncio.ensure_future(worker.end())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        self._idle = []


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.jobs = 0

    @classmethod
    async def start(cls, command: Sequence[str]) -> "_Worker":
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if name in _NEEDED},
            )
        except OSError as failure:
            raise WebProblem(
                f"The process that reads pages can not be started: {failure.strerror}",
                code="unreadable",
                next_action="Look at the studio's own log.",
            ) from failure
        return cls(process)

    @property
    def lives(self) -> bool:
        """Whether its process has not ended."""
        return self._process.returncode is None

    async def ask(self, job: Job) -> Extracted:
        writer, reader = self._process.stdin, self._process.stdout
        if writer is None or reader is None:
            raise EOFError
        self.jobs += 1
        frame = msgspec.msgpack.encode(job)
        writer.write(len(frame).to_bytes(LENGTH, "big") + frame)
        await writer.drain()
        length = int.from_bytes(await reader.readexactly(LENGTH), "big")
        return msgspec.msgpack.decode(await reader.readexactly(length), type=Extracted)

    async def end(self) -> None:
        """Gone when this returns; there is nothing in it that would have to be saved."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.shield(self._process.wait())


def _too_hard() -> WebProblem:
    return WebProblem(
        "The page takes too long to be read",
        code="timeout",
        next_action="Use another source.",
    )


def _unreadable() -> WebProblem:
    return WebProblem(
        "The page can not be read: what it contains breaks every attempt",
        code="unreadable",
        next_action="Use another source.",
    )
