"""The program of a stdio server: a process group of its own, three pipes, and an end that is sure.

    end:  1. its stdin is closed, as MCP asks     2 s
          2. the whole group is asked              2 s
          3. the whole group is killed
          4. whatever still carries its nonce is killed: it left the group

Nothing of it outlives the studio: after a crash of ours, `sweep` finds what was left by the nonce.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

from core.engines.processes import NONCE, evidence
from core.mcp import failing

T = TypeVar("T")

LOOK_S = 0.05  # how often a dying group is looked at
GRACE_S = 2.0  # after stdin was closed, and again after it was asked
KILLED_S = 5.0  # after SIGKILL; longer only in an uninterruptible system call
BURIED_S = 10.0  # from its end until whoever buries it has told how it ended
NEW_GROUP, NO_WINDOW = 0x0000_0200, 0x0800_0000  # Windows


class StdioChild:
    """A running program and everything it forked."""

    def __init__(self, process: asyncio.subprocess.Process, nonce: str) -> None:
        self._process = process
        self._nonce = nonce
        self.pid = process.pid
        self.stdin = _there(process.stdin)
        self.stdout = _there(process.stdout)
        self.stderr = _there(process.stderr)

    @classmethod
    async def launch(
        cls, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, nonce: str
    ) -> "StdioChild":
        """Start it. Raises McpFailure when the system refuses."""
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**env, NONCE: nonce},
                cwd=cwd,
                start_new_session=os.name != "nt",
                creationflags=NEW_GROUP | NO_WINDOW if os.name == "nt" else 0,
            )
        except (OSError, ValueError) as problem:
            error = problem if isinstance(problem, OSError) else OSError(str(problem))
            raise failing.not_started(error, argv[0]) from None
        return cls(process, nonce)

    async def wait(self) -> int | None:
        """Return when the program itself has ended, with how; what it forked may go on."""
        try:
            ending = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            ending = None
        if ending is None:
            await self._until(lambda: self._process.returncode is not None, None)
            return self._process.returncode
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(ending, told.set)
        try:
            await told.wait()
        finally:
            loop.remove_reader(ending)
            os.close(ending)
        await self._until(lambda: self._process.returncode is not None, BURIED_S)
        return self._process.returncode

    async def end(self, grace_s: float = GRACE_S) -> None:
        """No process of it is left when this returns. May be repeated."""
        with contextlib.suppress(OSError, RuntimeError):
            self.stdin.close()  # 1
        if not await self._until(self._gone, grace_s):
            self._signal(asking=True)  # 2
            if not await self._until(self._gone, grace_s):
                self._signal(asking=False)  # 3
                await self._until(self._gone, KILLED_S)
        await sweep(self._nonce)  # 4
        transport = getattr(self._process, "_transport", None)
        if transport is not None:  # a pipe that somebody else inherited would keep it open
            transport.close()

    def _gone(self) -> bool:
        return not self._members()

    def _members(self) -> list[int]:
        """Running processes of its group. Ours while the program is not buried, or by its nonce."""
        if os.name == "nt":
            return [*_below(self.pid), *evidence.carriers(self._nonce)]
        group = []
        for pid in psutil.pids():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) == self.pid and evidence.running(pid) is not None:
                    group.append(pid)
        if self._process.returncode is None:
            return group
        return group if any(evidence.carries(pid, self._nonce) for pid in group) else []

    def _signal(self, *, asking: bool) -> None:
        if os.name != "nt":
            if self._members():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGTERM if asking else signal.SIGKILL)
            return
        for pid in self._members():
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).terminate()

    async def _until(self, done: Callable[[], bool], seconds: float | None) -> bool:
        deadline = None if seconds is None else time.monotonic() + seconds
        while not done():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            await asyncio.sleep(LOOK_S)
        return True


async def sweep(stem: str) -> int:
    """Kill every process whose nonce begins so; how many there were."""
    return await asyncio.to_thread(_sweep, stem)


def _sweep(stem: str) -> int:
    killed = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(NONCE, "").startswith(stem):
                process.kill()
                killed += 1
    return killed


def _below(pid: int) -> list[int]:
    with contextlib.suppress(psutil.Error):
        return [pid, *(one.pid for one in psutil.Process(pid).children(recursive=True))]
    return []


def _there(pipe: T | None) -> T:
    assert pipe is not None, "all three are asked for"
    return pipe
