"""The spare itself, with a small engine under this interpreter: what runs is what runs cold."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from core.engines.processes import NONCE, evidence
from core.engines.processes.posix import members
from core.engines.warm import WarmLauncher, possible, start_of
from core.engines.warm.spare_process import notes_name
from core.engines.warm.spares import QUIET_LOOKS
from tests.core.engines.warm.world import ENV, SCRIPT, World, a_world

pytestmark = pytest.mark.skipif(not possible(), reason="warm starts need Linux")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A folder with the small engine."""
    async with a_world(tmp_path) as made:
        yield made


async def told(log: Path) -> list[dict[str, Any]]:
    """What the engine and its children said, once it is up."""
    await until(lambda: log.exists() and "UP\n" in log.read_text())
    lines = log.read_text().splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("TOLD ")]


async def until(true: Callable[[], bool]) -> None:
    """Wait for a point; the test's own timeout ends what never comes."""
    while not true():  # noqa: ASYNC110 - another process sets no event of ours
        await asyncio.sleep(0.01)


def same(one: dict[str, Any]) -> dict[str, Any]:
    """Without what differs between any two starts."""
    env = {name: value for name, value in one["env"].items() if name != NONCE}
    return {**one, "pid": 0, "env": env}


async def test_a_warm_start_is_the_same_as_a_cold_one(world: World) -> None:
    """Arguments, environment, folder, path, main module and limits, down to the grandchildren."""
    cold, cold_log = await world.launch("--flag", "spawn")
    expected = await told(cold_log)
    for _ in range(3):  # the first watches what it spawns, the second has it ready
        await world.make_spare()
        warm, log = await world.launch("--flag", "spawn")
        assert [same(one) for one in await told(log)] == [same(one) for one in expected]
        assert log.read_text().split("TOLD")[0] == cold_log.read_text().split("TOLD")[0]
        assert warm.warm
    assert not cold.warm


async def test_a_script_starts_warm_as_it_does_cold(world: World) -> None:
    """Beside its interpreter, as `vllm serve`: the same words, the same exit code."""
    argv = world.script()
    told_by: list[list[dict[str, Any]]] = []
    start = start_of(argv, ENV, world.folder, [SCRIPT])
    assert start is not None
    for warm in (False, True, True):
        if warm:
            for _ in range(QUIET_LOOKS):
                await world.spares.look()
        log = world.folder / f"{len(told_by)}.log"
        forgiving = WarmLauncher(world.cold, world.spares, programs=[SCRIPT])  # its code is no 0
        child = await forgiving.launch(
            argv, env=ENV, cwd=world.folder, log_path=log, nonce=uuid4().hex
        )
        assert child.warm == warm
        assert await child.wait() == 7
        await child.stop(0)
        told_by.append([same(one) for one in await told(log)])
    assert told_by[0] == told_by[1] == told_by[2]
    assert [one["who"] for one in told_by[0]] == ["script", "child"]


async def test_children_are_ready_before_they_are_spawned(world: World) -> None:
    """From the second warm start on, every process of the engine had waited."""
    waiting: list[int] = []
    for _ in range(2):
        await world.make_spare()
        (spare,) = world.spares._spares
        waiting = members(spare._child.identity.process_group)
        child, log = await world.launch("spawn")
        pids = [one["pid"] for one in await told(log)]
    assert sorted(pids) == sorted(waiting)
    assert len(pids) == 3
    assert all(one["imported_here"] for one in await told(log))
    assert child.identity.process_group == child.identity.pid


async def test_a_child_for_another_environment_starts_cold(world: World) -> None:
    """What the engine would give it now differs from what the waiting one has: not used."""
    for _ in range(2):
        await world.make_spare()
        await world.launch("spawn")
    await world.make_spare()
    (spare,) = world.spares._spares
    waiting = members(spare._child.identity.process_group)
    notes = world.folder / "warm" / notes_name(world.start())
    assert json.loads((notes / "children-0.json").read_text())[0]["FOR_CHILDREN"] == "1"
    child, log = await world.launch("spawn", "other")
    server, *children = await told(log)
    assert server["pid"] in waiting
    assert not {one["pid"] for one in children} & set(waiting)
    assert {one["env"]["FOR_CHILDREN"] for one in children} == {"2"}
    assert not set(waiting) & set(members(child.identity.process_group)) - {server["pid"]}


async def test_the_system_shows_whose_it_is_and_what_it_runs(world: World) -> None:
    """The nonce in /proc is the run's, and `ps` shows the command: that is how it is adopted."""
    await world.make_spare()
    child, log = await world.launch("--flag", nonce="f" * 32)
    await told(log)
    process = psutil.Process(child.identity.pid)
    assert process.environ()[NONCE] == "f" * 32
    shown = [word for word in process.cmdline() if word]
    assert shown[1:] == ["-m", "small_engine", "--flag"]
    assert world.cold.adopt(child.identity) is not None


async def test_the_whole_group_ends(world: World) -> None:
    """Also the children that were made ready, and those who still wait."""
    for _ in range(2):
        await world.make_spare()
        child, log = await world.launch("spawn")
        await told(log)
        group = members(child.identity.process_group)
        assert len(group) >= 3
        await child.stop(5)
        assert not [pid for pid in group if evidence.running(pid)]


async def test_a_spare_whose_app_is_gone_ends_by_itself(world: World) -> None:
    """The channel closes with the process that held it, however that ended."""
    folder = world.folder
    code = f"""
import asyncio, pathlib, sys
sys.path.insert(0, {os.getcwd()!r})
from tests.core.engines.warm.world import World
async def main():
    world = World(pathlib.Path({str(folder)!r}))
    await world.make_spare()
    (spare,) = world.spares._spares
    print(spare._child.identity.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    app = subprocess.Popen(  # noqa: ASYNC220 - milliseconds
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert app.stdout is not None
    with app.stdout:
        spare = int(await asyncio.to_thread(app.stdout.readline))
    assert evidence.running(spare)
    app.send_signal(signal.SIGKILL)
    await asyncio.to_thread(app.wait)
    await until(lambda: evidence.running(spare) is None)


async def test_a_spare_that_can_not_show_the_nonce_is_not_used(world: World) -> None:
    """A nonce for which there is no room: it starts cold, and the spare is gone."""
    await world.make_spare()
    (spare,) = world.spares._spares
    child, log = await world.launch(nonce="n" * 40)
    assert not child.warm
    assert not spare.alive()
    assert len(await told(log)) == 1


async def test_what_can_not_be_imported_is_told(world: World) -> None:
    """A module that is there and fails; one that is not there is passed over."""
    (world.folder / "heavy.py").write_text("raise RuntimeError('no')")
    start = world.start()
    spare = await world.begin(start)
    assert (await spare.imported()).problems == ("heavy: RuntimeError('no')",)
    await spare.end()
    (world.folder / "heavy.py").unlink()
    spare = await world.begin(start)
    assert (await spare.imported()).problems == ()
    await spare.end()


async def test_another_environment_is_another_spare(world: World) -> None:
    """A variable that importing can see: cold."""
    await world.make_spare()
    child, _ = await world.launch(env={**ENV, "CHOICE": "b"})
    assert not child.warm
