"""What of each device is ours to plan with."""

from hypothesis import given
from hypothesis import strategies as st

from core.hardware.picture import GpuProcess, Memory
from core.placement.capacity import GPU_RESERVE, HOST_RESERVE, capacity, foreign
from core.placement.placement import HOST
from tests.core.placement.machines import GIB, gpu, part, uuid

MEMORY = Memory(total=64 * GIB, available=40 * GIB)


def process(pid: int, gib: int) -> GpuProcess:
    """One that holds so much."""
    return GpuProcess(pid=pid, name="python", memory=gib * GIB)


def test_what_our_engines_hold_can_be_planned_with() -> None:
    """They can be evicted; a stranger's memory can not."""
    busy = gpu(0, used_gib=30, processes=(process(1, 20), process(2, 10)))
    assert capacity([busy], MEMORY, {1})[uuid(0)] == 70 * GIB - GPU_RESERVE
    assert capacity([busy], MEMORY, ())[uuid(0)] == 50 * GIB - GPU_RESERVE


def test_memory_whose_owner_nobody_tells_is_a_strangers() -> None:
    """Of other containers NVML tells the sum, not the processes."""
    assert foreign(gpu(0, used_gib=30), {1}) == 30 * GIB


def test_main_memory_is_what_is_available_and_what_ours_hold() -> None:
    """With a reserve for everybody else."""
    assert capacity([], MEMORY, ())[HOST] == 40 * GIB - HOST_RESERVE
    assert capacity([], MEMORY, (), ours_on_host=GIB)[HOST] == 41 * GIB - HOST_RESERVE


def test_slices_stand_for_a_gpu_that_is_cut_up() -> None:
    """Each with a size of its own."""
    room = capacity([gpu(0, slices=(part(1), part(2, gib=10)))], MEMORY, ())
    assert room[part(1).uuid] == 20 * GIB - GPU_RESERVE
    assert room[part(2).uuid] == 10 * GIB - GPU_RESERVE
    assert uuid(0) not in room


def test_a_gpu_of_unknown_size_has_no_capacity_rather_than_none() -> None:
    """It shares the system's memory; absent means nobody knows."""
    assert uuid(0) not in capacity([gpu(0, gib=0)], MEMORY, ())


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 64))
def test_capacity_is_never_negative_and_never_more_than_there_is(
    used: int, ours: int, available: int
) -> None:
    """Readings of used memory and of processes are not of one moment."""
    busy = gpu(0, used_gib=used, processes=(process(1, ours),))
    room = capacity([busy], Memory(total=64 * GIB, available=available * GIB), {1})
    assert 0 <= room[uuid(0)] <= 80 * GIB
    assert room[HOST] >= 0
