"""The processor time of process trees, read from /proc."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable

import psutil

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def tree(pid: int, *, but: Iterable[str] = ()) -> list[int]:
    """A process and its descendants, without those whose command line names a word of `but`."""
    unwanted = tuple(but)
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                words = " ".join(process.cmdline())
                if not any(word in words for word in unwanted):
                    found.append(process.pid)
    return found


def spent(pids: Iterable[int]) -> float:
    """User and system seconds of these processes so far; those that are gone count nothing."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            total += int(fields[11]) + int(fields[12])  # utime, stime
    return total * TICK_S


def idle_share(processes: Callable[[], Iterable[int]], seconds: float) -> float:
    """The share of one core that they take when nothing is asked of them."""
    meter = Meter(processes)
    time.sleep(seconds)
    return meter.seconds() / seconds


class Meter:
    """How much processor time some processes took since the meter was made."""

    def __init__(self, processes: Callable[[], Iterable[int]]) -> None:
        self._pids = list(processes())
        self._before = spent(self._pids)

    def seconds(self) -> float:
        """Until now."""
        return spent(self._pids) - self._before
