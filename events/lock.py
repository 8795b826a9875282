"""One writing process per log: a lock that the system drops by itself when its holder dies."""

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
            os.close(descriptor)
            raise LogLocked(f"{path.stem} is in use by another process") from error
        return cls(path, descriptor)

    def release(self) -> None:
        """Let go; the file stays, for removing it would let two processes lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
