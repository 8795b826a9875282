"""How much of one core a process wants: what it had, and what it waited for.

On a machine that is shared a process can be held back without ever filling a core. Linux tells for
its first thread, where an event loop runs, how long it stood ready and had to wait; elsewhere only
what it had is known, which is less and never more.
"""

import sys
from pathlib import Path

import psutil


def wanted_s(pid: int) -> float | None:
    """Seconds of a core that its first thread had or waited for since it began; only grows.

    None: there is no such process, or the system does not tell.
    """
    return (_scheduled(pid) if sys.platform == "linux" else None) or _had(pid)


def _scheduled(pid: int) -> float | None:
    try:
        told = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
        return (int(told[0]) + int(told[1])) / 1e9  # on a core; ready, in the queue for one
    except (OSError, ValueError, IndexError):
        return None


def _had(pid: int) -> float | None:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
