"""When spares are made, kept and given up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.engines.warm import possible
from core.engines.warm.spares import FREE_TO_KEEP, FREE_TO_MAKE, MOST, QUIET_LOOKS
from tests.core.engines.warm.world import ENV, World, a_world

pytestmark = pytest.mark.skipif(not possible(), reason="warm starts need Linux")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A folder with the small engine."""
    async with a_world(tmp_path) as made:
        yield made


async def test_none_is_made_while_something_loads(world: World) -> None:
    """Importing takes the processor from a load; two quiet looks in a row are asked for."""
    world.spares.take(world.start())
    world.idle = False
    for _ in range(3):
        await world.spares.look()
    assert not world.spares.ready()
    world.idle = True
    await world.spares.look()
    assert not world.spares.ready()
    await world.spares.look()
    assert world.spares.ready()


async def test_none_is_made_where_memory_is_short(world: World) -> None:
    """Below one mark none is made, below another those there are given up."""
    world.memory = FREE_TO_MAKE - 1
    await world.make_spare()
    assert not world.spares.ready()
    world.memory = FREE_TO_MAKE
    await world.make_spare()
    assert world.spares.ready()
    world.memory = FREE_TO_MAKE - 1
    await world.spares.look()
    assert world.spares.ready()
    world.memory = FREE_TO_KEEP - 1
    await world.spares.look()
    assert not world.spares.ready()


async def test_switching_it_off_ends_them(world: World) -> None:
    """At the next look."""
    await world.make_spare()
    world.enabled = False
    await world.spares.look()
    assert not world.spares.ready()


async def test_one_is_used_once_and_replaced(world: World) -> None:
    """The second launch is cold unless there was time to make another."""
    await world.make_spare()
    assert (await world.launch())[0].warm
    assert not (await world.launch())[0].warm
    await world.make_spare()
    assert (await world.launch())[0].warm


async def test_the_newest_kinds_of_start_are_kept(world: World) -> None:
    """Who comes back soon finds a spare; the oldest kind makes room."""
    for choice in ["a", "b", "c"]:
        await world.make_spare({**ENV, "CHOICE": choice})
    await world.spares.look()
    assert [start.env["CHOICE"] for start in world.spares.ready()] == ["b", "c"]
    assert MOST == 2


async def test_what_is_expected_yields_to_what_was_launched(world: World) -> None:
    """A recipe's start is prepared before anybody asked, unless newer wishes fill the places."""
    world.spares.expect(world.start())
    for _ in range(QUIET_LOOKS):
        await world.spares.look()
    assert (await world.launch())[0].warm
    world.spares.expect(world.start({**ENV, "CHOICE": "c"}))
    await world.make_spare({**ENV, "CHOICE": "b"})
    await world.spares.look()
    assert sorted(start.env["CHOICE"] for start in world.spares.ready()) == ["a", "b"]


async def test_what_an_earlier_run_left_is_swept(world: World) -> None:
    """A spare that could not end by itself, found by the nonce that the run noted."""
    await world.spares._sweep()
    await world.make_spare()
    (stuck,) = world.spares._spares
    async with a_world(world.folder) as later:
        await later.spares._sweep()
        assert not stuck.alive()


async def test_leaving_ends_them(world: World) -> None:
    """When the app stops, none is left."""
    await world.make_spare()
    (spare,) = world.spares._spares
    task = asyncio.create_task(world.spares.run())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not spare.alive()


async def test_a_failing_import_is_not_tried_again(world: World) -> None:
    """It would fail each time, and every start is cold as ever."""
    (world.folder / "heavy.py").write_text("raise RuntimeError('no')")
    await world.make_spare()
    (world.folder / "heavy.py").write_text("imported_by = 0")
    await world.make_spare()
    assert not world.spares.ready()


async def test_a_runtime_that_is_to_be_removed_is_left(world: World) -> None:
    """Nothing runs from its folder any more, so it can go."""
    await world.make_spare()
    await world.spares.leave(Path(world.start().python).parent)
    await world.spares.look()
    assert not world.spares.ready()
