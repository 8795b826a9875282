"""How many bytes of each device are ours to plan with: what nobody else holds. Pure."""

from collections.abc import Collection, Iterable

from core.hardware.picture import Gpu, Memory
from core.placement.placement import HOST

MIB = 1024**2
GPU_RESERVE = 256 * MIB  # the driver, a desktop's growth, allocators' rounding
HOST_RESERVE = 512 * MIB  # the system, LiteLLM and ourselves, as they breathe


def capacity(
    gpus: Iterable[Gpu], memory: Memory, ours: Collection[int], *, ours_on_host: int = 0
) -> dict[str, int]:
    """Bytes by device; a device of unknown size is left out.

    `ours`: the processes of our engines, whose memory counts as free to plan with, since they can
    be evicted. `ours_on_host`: what those hold of main memory. A slice counts as ours whole, as
    the driver lists no processes for it.
    """
    room = {HOST: max(0, memory.available + ours_on_host - HOST_RESERVE)}
    for gpu in gpus:
        if gpu.slices:
            room |= {part.uuid: _less(part.memory_total) for part in gpu.slices}
        elif gpu.memory_total:
            room[gpu.uuid] = _less(gpu.memory_total - foreign(gpu, ours))
    return room


def foreign(gpu: Gpu, ours: Collection[int]) -> int:
    """What of a GPU's used memory is not our engines'.

    By subtraction and not by adding up the foreign processes: of those in other containers, and of
    the driver's own share, NVML tells the sum but not the owners.
    """
    held = sum(process.memory for process in gpu.processes if process.pid in ours)
    return max(0, gpu.memory_used - held)


def _less(total: int) -> int:
    return max(0, total - GPU_RESERVE)
