"""After an eviction the next start waits for memory that is really free."""

from collections.abc import Iterable

import pytest

from core.fit.freeing import DEADLINE_S, POLL_S, STILL_S, Freed, free_of, freed
from core.fit.number_formats import GIB, MIB
from core.hardware.picture import Cpu, Disk, Gpu, Hardware, Memory


class Driver:
    """A driver whose readings are given, and a clock that only sleeping moves."""

    def __init__(self, readings: Iterable[dict[str, int]]) -> None:
        self.readings = list(readings)
        self.now = 100.0
        self.looks = 0

    async def read(self) -> dict[str, int]:
        """The next reading; the last one for ever."""
        self.looks += 1
        return self.readings[min(self.looks, len(self.readings)) - 1]

    async def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    async def wait(self, **wanted: int | None) -> Freed:
        """The wait under test."""
        return await freed(self.read, wanted, monotonic=lambda: self.now, sleep=self.sleep)


async def test_what_is_free_already_is_not_waited_for() -> None:
    """One look, no sleep."""
    driver = Driver([{"a": 20 * GIB}])
    found = await driver.wait(a=10 * GIB)
    assert (found.outcome, found.seconds, driver.looks) == ("enough", 0.0, 1)


async def test_memory_that_comes_a_second_late_is_waited_for() -> None:
    """NVML gives it back half a second to a second and a half after the process is gone."""
    driver = Driver([{"a": 2 * GIB}] * 4 + [{"a": 20 * GIB}])
    found = await driver.wait(a=10 * GIB)
    assert found.outcome == "enough"
    assert found.seconds == pytest.approx(4 * POLL_S)
    assert found.free == {"a": 20 * GIB}


async def test_memory_that_comes_in_pieces_is_waited_for() -> None:
    """Each piece starts the patience anew."""
    driver = Driver([{"a": (i // 5) * GIB} for i in range(19)])
    assert (await driver.wait(a=4 * GIB)).outcome == "late"
    driver = Driver([{"a": (i // 5) * GIB} for i in range(19)])
    assert (await driver.wait(a=3 * GIB)).outcome == "enough"


async def test_memory_that_never_comes_is_given_up_on() -> None:
    """Somebody else holds it: waiting longer does not help."""
    driver = Driver([{"a": 2 * GIB}])
    found = await driver.wait(a=10 * GIB)
    assert found.outcome == "still"
    assert STILL_S <= found.seconds < STILL_S + 2 * POLL_S


async def test_what_nobody_knows_is_waited_for_until_nothing_moves() -> None:
    """A command that never ran: its size is unknown."""
    driver = Driver([{"a": 2 * GIB}, {"a": 9 * GIB}])
    found = await driver.wait(a=None)
    assert found.outcome == "still"
    assert found.seconds == pytest.approx(STILL_S + POLL_S)


async def test_a_reading_that_never_rests_ends_at_the_deadline() -> None:
    """Another program breathes in and out."""
    driver = Driver([{"a": (i % 2) * GIB} for i in range(100)])
    found = await driver.wait(a=10 * GIB)
    assert found.outcome == "late"
    assert found.seconds == pytest.approx(DEADLINE_S)


async def test_the_machines_own_breathing_is_no_movement() -> None:
    """A few MiB up and down."""
    driver = Driver([{"a": GIB + (i % 2) * MIB} for i in range(100)])
    assert (await driver.wait(a=10 * GIB)).outcome == "still"


async def test_every_device_has_to_have_it() -> None:
    """One that is full is enough to wait."""
    driver = Driver([{"a": 20 * GIB, "b": 0}, {"a": 20 * GIB, "b": 20 * GIB}])
    found = await driver.wait(a=10 * GIB, b=10 * GIB)
    assert (found.outcome, driver.looks) == ("enough", 2)


async def test_a_device_that_is_not_read_is_not_waited_for_long() -> None:
    """A GPU that fell off the bus: the engine will say."""
    assert (await Driver([{}]).wait(a=1)).outcome == "still"


def test_a_reading_of_the_machine_is_free_bytes_by_device() -> None:
    """GPUs by UUID, and main memory."""
    hardware = Hardware(
        gpus=(Gpu(index=0, name="x", uuid="GPU-5f", memory_total=24, memory_used=4),),
        gpu_note="",
        driver=None,
        cpu=Cpu(name="x", cores=1, percent=0.0),
        memory=Memory(total=64, available=60),
        disk=Disk(total=1, free=1),
    )
    assert free_of(hardware) == {"GPU-5f": 20, "host": 60}
