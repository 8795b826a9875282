"""One process at a time per runtime: a lock file beside its folder, freed when its holder dies.

The app is a single instance, but the command line without the app, a second data directory sharing
the folder, or a test run may want the same runtime at the same moment.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

_POLL_S = 0.25


@contextlib.asynccontextmanager
async def folder_lock(folder: Path) -> AsyncIterator[None]:
    """Hold the lock of `folder` (which need not exist); waits as long as another holds it."""
    with _open(folder) as file:
        # Another process holds it: there is no event of ours to wait for.
        while not try_lock(file):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        yield  # closing the file frees the lock


def is_locked(folder: Path) -> bool:
    """Whether someone works on `folder` right now."""
    with _open(folder) as file:
        return not try_lock(file)


def _open(folder: Path) -> IO[bytes]:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open(folder.with_name(f".{folder.name}.lock"), "ab")


if sys.platform == "win32":
    import msvcrt

    def try_lock(file: IO[bytes]) -> bool:
        """Take the lock, or say that it is taken."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_lock(file: IO[bytes]) -> bool:
        """Take the lock, or say that it is taken."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
