"""One app per data directory: a file lock that the system itself gives back when we die.

    lock free ──acquire──► ours: the old app.json is void, ours comes once the port listens
    lock taken ──────────► somebody else's: wait until they say where they are, then ask for focus

A second launch in the first one's first second finds the lock taken and no app.json yet, so it
waits; if the first one dies meanwhile, the lock comes free and the second becomes the first.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from desktop.running_app import RunningApp, running_app, withdraw

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class SingleInstance:
    """The lock, held; use as a context manager."""

    def __init__(self, run: Path, handle: int) -> None:
        self.run = run
        self._handle = handle

    @classmethod
    def acquire(cls, run: Path) -> Self | None:
        """The lock, or None when another process holds it. Never waits."""
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not inherited by engines (PEP 446): an engine that outlives us must not keep the lock.
        handle = _open(run / "app.lock")
        try:
            _lock(handle)
        except OSError:
            os.close(handle)
            return None
        withdraw(run)  # whoever wrote it is gone
        return cls(run, handle)

    def release(self) -> None:
        """Withdraw app.json, then give the lock back; in this order, so nobody finds a ghost."""
        if self._handle < 0:
            return
        withdraw(self.run)
        os.close(self._handle)
        self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def _open(path: Path) -> int:
    """A file that is there can be locked on a disk that takes no writes, too."""
    try:
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        return os.open(path, os.O_RDONLY)


def first_or_running(
    run: Path,
    *,
    wait_s: float = 30.0,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> SingleInstance | RunningApp | None:
    """Our lock when we are first, else the app that runs.

    None when somebody holds the lock and did not say within `wait_s` seconds where they listen.
    """
    deadline = monotonic() + wait_s
    while True:
        if mine := SingleInstance.acquire(run):
            return mine
        if app := running_app(run):
            return app
        if monotonic() >= deadline:
            return None
        pause(0.1)
