"""A stop at any step of sealing and pruning loses nothing; the next start goes on from there."""

import asyncio
from pathlib import Path

import pytest

from core.settings import Paths
from tests.core.sealing.books import House, write_months
from tests.core.sealing.killed import MONTHS, PRUNING, STEPS, Round


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_of_sealing_loses_nothing(home: Path, step: str) -> None:
    """More rounds, and kills at any moment: `python -m tests.core.sealing.killed`."""
    one = Round(home)
    assert one.kill(step)
    assert not one.kill("")
    house = House(home)
    states = asyncio.run(_states(house))
    assert (states["2026-08"], states["2026-09"]) == ("sealed", "sealed")


@pytest.mark.parametrize("step", PRUNING)
def test_a_kill_while_pruning_is_finished_by_the_next_start(home: Path, step: str) -> None:
    """What was recorded as erased is erased."""
    one = Round(home)
    assert one.kill(step, prune=True)
    assert asyncio.run(_states(House(home)))["2026-08"] == "pruned"
    assert not Paths(home).usage_segment("2026-08").exists()


async def _states(house: House) -> dict[str, str]:
    states = {one.month: str(one.state) for one in await house.sealing.view()}
    await house.close()
    return states


async def test_a_segment_that_rots_before_its_live_log_is_gone_is_made_anew(home: Path) -> None:
    """The live log is whole, so it counts."""
    write_months(home, MONTHS)

    def stop(step: str) -> None:
        if step == "recorded":
            raise RuntimeError("stop here")

    house = House(home, reached=stop)
    with pytest.raises(RuntimeError):
        await house.sealing.seal("2026-08", actor="cli")
    segment = house.paths.usage_segment("2026-08")
    segment.write_bytes(segment.read_bytes()[:-100])
    await house.close()
    again = House(home)
    await again.sealing.settle()
    assert not segment.exists()
    assert len(await again.requests()) == 120
    await again.sealing.seal("2026-08", actor="cli")
    assert len(await again.requests()) == 120
    await again.close()


async def test_a_live_log_that_is_not_the_sealed_one_is_left_alone(home: Path) -> None:
    """Somebody put another file there: nothing is thrown away."""
    write_months(home, MONTHS)
    house = House(home)
    await house.sealing.seal("2026-08", actor="cli")
    write_months(home, ("2026-08",), each=5)
    await house.sealing.settle()
    assert house.paths.usage_segment("2026-08").exists()
    assert house.paths.usage_db("2026-08-01").exists()
    await house.close()
