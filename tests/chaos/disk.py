"""A data directory whose disk can be filled: a small tmpfs for root, a file size limit for others.

Both make every write that needs room fail, the first with "no space left on device", the second
with "file too large"; SQLite and the product have to live with either.
"""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

SIZE_MIB = 512  # the product wants 256 MiB free before it starts an engine


class Disk(Protocol):
    """Where the data directory lies."""

    home: Path

    def fill(self, pid: int) -> None:
        """From now on the app with this pid can not write another byte."""

    def free(self, pid: int) -> None:
        """There is room again."""


class SmallDisk:
    """A tmpfs of our own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._filler = home / "filler"

    def fill(self, pid: int) -> None:
        """Write until the system refuses."""
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while filler.write(bytes(size)):
                        pass

    def free(self, pid: int) -> None:
        """Take it away again."""
        self._filler.unlink(missing_ok=True)


class LimitedFiles:
    """No file of the app may grow; what it starts inherits that while it lasts."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def fill(self, pid: int) -> None:
        """The soft limit alone, so that it can be lifted."""
        self._limit(pid, 1)

    def free(self, pid: int) -> None:
        """Lift it."""
        self._limit(pid, resource.RLIM_INFINITY)

    def _limit(self, pid: int, soft: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk() -> Iterator[Disk]:
    """An empty data directory, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="chaos-"))
    mounted = _mount(home)
    try:
        yield SmallDisk(home) if mounted else LimitedFiles(home)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", home], check=True)
        shutil.rmtree(home, ignore_errors=True)


def _mount(home: Path) -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    options = f"size={SIZE_MIB}m,mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "chaos", home], capture_output=True
    )
    return done.returncode == 0  # a container may forbid it to its root, too
