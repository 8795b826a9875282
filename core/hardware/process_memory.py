"""What the processes of one engine hold: of each GPU as the driver lists it, and of main memory.

Called once an engine is ready. It is a remark beside the start and never a part of it: whatever
can not be read is left out, and nothing here raises.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import psutil

from core.hardware.picture import Hardware
from core.hardware.reading import read_hardware

LIMIT_S = 5.0  # the kernel walks every page of a large process, which takes a while
_PROC = Path("/proc")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes. A GPU stands here only when the driver names processes of ours on it."""

    gpus: tuple[tuple[str, int], ...] = ()  # (UUID, bytes), by index
    host: int = 0  # shared pages counted in parts; 0 when nothing could be read


async def measure(
    process_group: int, hardware: Callable[[], Hardware] = read_hardware
) -> Measured | None:
    """What a process group holds now; None when it took too long or nothing is left of it."""
    try:
        async with asyncio.timeout(LIMIT_S):
            return await asyncio.to_thread(measure_now, process_group, hardware)
    except TimeoutError:
        return None


def measure_now(
    process_group: int, hardware: Callable[[], Hardware] = read_hardware
) -> Measured | None:
    """The same, blocking."""
    pids = group_pids(process_group)
    if not pids:
        return None
    return Measured(gpus=gpu_memory(hardware(), pids), host=host_memory(pids))


def group_pids(process_group: int) -> frozenset[int]:
    """Every process of the group, and their children wherever they went."""
    found = {pid for pid in psutil.pids() if _group_of(pid) == process_group}
    for pid in tuple(found) or (process_group,):
        try:
            process = psutil.Process(pid)
            found |= {process.pid, *(child.pid for child in process.children(recursive=True))}
        except (psutil.Error, OSError):
            continue
    return frozenset(found)


def gpu_memory(hardware: Hardware, pids: Iterable[int]) -> tuple[tuple[str, int], ...]:
    """Bytes of each GPU that these processes hold."""
    ours = frozenset(pids)
    held = [
        (gpu.uuid, sum(process.memory for process in gpu.processes if process.pid in ours))
        for gpu in hardware.gpus
    ]
    return tuple((uuid, size) for uuid, size in held if size)


def host_memory(pids: Iterable[int]) -> int:
    """Bytes of main memory that these processes hold, each shared page counted once in all."""
    return sum(_proportional(pid) for pid in pids)


def _proportional(pid: int, proc: Path = _PROC) -> int:
    """The kernel's own sum (Linux), else what is resident."""
    try:
        for line in (proc / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError):
        return 0


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (OSError, AttributeError):  # gone, or a system without groups
        return None
