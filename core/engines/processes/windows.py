"""Process trees on Windows.

There are no process groups to signal as a whole, so a "group" is the launched process, everything
below it, and every process that carries its nonce (a grandchild whose parent is gone is below
nobody). Asking is CTRL_BREAK to the console group, insisting is TerminateProcess on each.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from core.engines.processes import evidence
from core.engines.processes.protocol import NONCE, Ended, Identity
from core.errors import EngineFailure

LOOK_S = 0.1
KILLED_S = 10.0
NEW_GROUP = 0x0000_0200  # CREATE_NEW_PROCESS_GROUP: CTRL_BREAK reaches it and not us
NO_WINDOW = 0x0800_0000  # CREATE_NO_WINDOW: a console of its own, never shown


class WindowsLauncher:
    """Starts children in console groups of their own."""

    async def launch(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log_path: Path,
        nonce: str,
    ) -> "WindowsChild":
        """See `Launcher.launch`."""
        try:
            with log_path.open("ab") as log:
                process = subprocess.Popen(  # noqa: ASYNC220 - milliseconds, nothing to wait for
                    argv,
                    env={**env, NONCE: nonce},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    creationflags=NEW_GROUP | NO_WINDOW,
                )
        except OSError as problem:
            raise EngineFailure(
                f"{argv[0]} could not be started: {problem.strerror or problem}",
                code="not-executable",
                next_action="Check the recipe's command, or reinstall the runtime.",
            ) from problem
        started = evidence.started_at(process.pid)
        identity = Identity(
            pid=process.pid, process_group=process.pid, started_at=started, nonce=nonce
        )
        return WindowsChild(identity, process)

    def adopt(self, identity: Identity) -> "WindowsChild | None":
        """See `Launcher.adopt`."""
        return WindowsChild(identity, None) if evidence.proven(identity) else None

    async def sweep(self, nonce: str, process_group: int | None = None) -> int:
        """See `Launcher.sweep`. The nonce alone finds them here."""
        doomed = list(evidence.carriers(nonce))
        _kill(doomed)
        await _until(lambda: not any(evidence.running(pid) for pid in doomed), KILLED_S)
        return len(doomed)


class WindowsChild:
    """One process tree."""

    warm = False  # a warm start needs Linux

    def __init__(self, identity: Identity, process: "subprocess.Popen[bytes] | None") -> None:
        self._identity = identity
        self._process = process  # its handle keeps the pid from being used again

    @property
    def identity(self) -> Identity:
        """See `Child.identity`."""
        return self._identity

    async def wait(self) -> int | None:
        """See `Child.wait`."""
        while not self._parent_gone():  # noqa: ASYNC110 - nobody could set an event
            await asyncio.sleep(LOOK_S)
        return self._exit_code()

    def alive(self) -> bool:
        """See `Child.alive`."""
        return bool(self._members())

    def listens_on(self, port: int) -> bool:
        """See `Child.listens_on`."""
        return evidence.any_listens(self._members(), port)

    async def stop(self, grace_s: float) -> Ended:
        """See `Child.stop`."""
        began, forced = time.monotonic(), False
        doomed = set(self._members())  # the tree falls apart when its root goes
        if doomed and grace_s > 0:
            with contextlib.suppress(OSError):
                os.kill(self._identity.pid, getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
            await _until(lambda: not self._left(doomed), grace_s)
        if left := self._left(doomed):
            forced = True
            _kill(left)
            await _until(lambda: not self._left(doomed), KILLED_S)
        return Ended(exit_code=self._exit_code(), forced=forced, seconds=time.monotonic() - began)

    def _left(self, doomed: set[int]) -> list[int]:
        return [pid for pid in doomed | set(self._members()) if evidence.running(pid)]

    def _members(self) -> list[int]:
        found = set(evidence.carriers(self._identity.nonce))
        if not self._parent_gone():
            with contextlib.suppress(psutil.Error):
                below = psutil.Process(self._identity.pid).children(recursive=True)
                found |= {self._identity.pid, *(process.pid for process in below)}
        return sorted(found)

    def _parent_gone(self) -> bool:
        if self._process is not None:
            return self._process.poll() is not None
        return not evidence.proven(self._identity)

    def _exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else None


def _kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).kill()


async def _until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(LOOK_S)
    return True
