"""One writing process per log: a lock that the system drops by itself when its holder dies.

Who holds it writes its process number into the file, for the sentence that others get.
"""

import contextlib
import os
import sys
from pathlib import Path

from events.errors import LogLocked, LogUnavailable


class ProcessLock:
    """Holds `<log>.lock` until released or until this process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path) -> "ProcessLock":
        """Take the lock or raise LogLocked at once; LogUnavailable when no file can be made."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LogUnavailable(f"no lock file can be made at {path}: {error.strerror}") from error
        try:
            _lock(descriptor)
        except OSError as error:
            pid = _written(descriptor)
            os.close(descriptor)
            who = "another process" if pid is None else f"the process {pid}"
            raise LogLocked(f"{path.stem} is in use by {who}", pid) from error
        _write(descriptor, os.getpid())
        return cls(path, descriptor)

    def release(self) -> None:
        """Let go; the file stays, for removing it would let two processes lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _written(descriptor: int) -> int | None:
    """Whose lock it is; None when that is not to be read."""
    try:
        return int(os.read(descriptor, 20))
    except (OSError, ValueError):
        return None


def _write(descriptor: int, pid: int) -> None:
    """A full disk leaves the lock without a name, and a lock all the same."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(pid).encode())


if sys.platform == "win32":
    import msvcrt

    BEHIND = 1024  # bytes that are locked can not be read by others, so not those with the number

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, BEHIND, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
