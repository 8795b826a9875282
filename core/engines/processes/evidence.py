"""What the process table says, for every system: who belongs to whom, and who is provably ours.

Reading only. psutil does it portably; a process that vanishes or is not ours to read counts as
"not proven", never as an error.
"""

import contextlib
from collections.abc import Iterable, Iterator

import psutil

from core.engines.processes.protocol import NONCE, Identity

START_TOLERANCE_S = 2.0  # the boot time that start times are counted from is itself adjusted


def running(pid: int) -> psutil.Process | None:
    """The process, unless it is gone or only a zombie.

    Linux shows a zombie as soon as the first thread has ended; while others have not, it runs.
    """
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1:
            return process
    return None


def started_at(pid: int) -> float:
    """Seconds since the epoch; 0.0 when it is already gone."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return 0.0


def carries(pid: int, nonce: str) -> bool:
    """Whether the process was started with our nonce in its environment."""
    with contextlib.suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ().get(NONCE) == nonce
    return False


def proven(identity: Identity) -> bool:
    """Whether this very process still runs: same pid, same start, our nonce."""
    return same(identity) and carries(identity.pid, identity.nonce)


def same(identity: Identity) -> bool:
    """Whether the pid runs and began when it did; for one whose nonce was seen before.

    The environment can not be read any more once the first thread has ended.
    """
    if running(identity.pid) is None:
        return False
    return abs(started_at(identity.pid) - identity.started_at) <= START_TOLERANCE_S


def carriers(nonce: str) -> Iterator[int]:
    """Every running process of ours that carries the nonce."""
    yield from (pid for pid in psutil.pids() if running(pid) and carries(pid, nonce))


def any_listens(pids: Iterable[int], port: int) -> bool:
    """Whether one of these processes owns the listening TCP port."""
    return any(_listens(pid, port) for pid in pids)


def _listens(pid: int, port: int) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for connection in psutil.Process(pid).net_connections(kind="tcp")
            if connection.laddr
        )
    return False
