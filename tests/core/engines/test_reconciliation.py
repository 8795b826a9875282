"""The app was killed; now it starts again. Real processes, real log."""

import asyncio
import os
import signal

import psutil

from core.engines.fleet import Fleet
from core.engines.processes import system_launcher
from core.recipes.recipe import Recipe
from events.facts import EngineStarted, EngineStartRequested, EngineStopRequested
from events.projections.engine_runs import EngineRun, engine_runs
from events.store import EventStore
from tests.core.engines.conftest import MakeFleet, sim
from tests.harness.processes import group_members


async def run_and_leave(fleet: Fleet, recipe: Recipe) -> int:
    """Start an engine and end the app's part of it, as a killed app would; its pid."""
    async with fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        return fleet.views()[0].pid or 0


def newest(store: EventStore) -> EngineRun:
    """What the log believes of the newest run."""
    with store.reading() as connection:
        return engine_runs(connection)[0]


async def test_a_running_engine_is_adopted_and_can_be_stopped(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """Same process, same endpoint, nothing started anew."""
    pid = await run_and_leave(make_fleet(), sim("a"))
    async with make_fleet() as fleet:
        (endpoint,) = await fleet.reconcile()
        assert (endpoint.recipe_id, endpoint.model_name) == ("a", "a")
        assert (fleet.views()[0].pid, fleet.views()[0].adopted) == (pid, True)
        assert await fleet.ensure_ready(sim("a"), 1, actor="api") == endpoint
        await fleet.stop("a", reason="done", actor="cli")
        assert group_members(pid) == []
    assert newest(store).state == "stopped"


async def test_the_death_of_an_adopted_engine_is_noticed(make_fleet: MakeFleet) -> None:
    """It is not our child, and still we are told."""
    pid = await run_and_leave(make_fleet(), sim("a"))
    async with make_fleet() as fleet:
        await fleet.reconcile()
        os.kill(pid, signal.SIGKILL)
        while fleet.endpoints():
            await system_sleep()
        assert fleet.views()[0].state == "failed"


async def test_an_engine_that_is_gone_is_lost(make_fleet: MakeFleet, store: EventStore) -> None:
    """The log is made true."""
    pid = await run_and_leave(make_fleet(), sim("a"))
    psutil.Process(pid).kill()
    while group_members(pid):
        await system_sleep()
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
    assert newest(store).error_code == "lost"


async def test_orphans_of_a_dead_engine_are_swept(make_fleet: MakeFleet, store: EventStore) -> None:
    """Its parent died while we were away; what it left carries our nonce."""
    pid = await run_and_leave(make_fleet(), sim("a", "--fork-grandchild"))
    os.kill(pid, signal.SIGKILL)
    while pid in group_members(pid):
        await system_sleep()
    assert len(group_members(pid)) == 1
    async with make_fleet() as fleet:
        await fleet.reconcile()
    assert group_members(pid) == []
    assert "1 left-over" in (newest(store).error or "")


async def test_a_half_made_stop_is_finished(make_fleet: MakeFleet, store: EventStore) -> None:
    """Asked for before the app died: it is not adopted but ended."""
    pid = await run_and_leave(make_fleet(), sim("a"))
    run = newest(store)
    asked = EngineStopRequested(engine_id=run.engine_id, recipe_id="a", reason="evicted")
    await store.append(f"engine-{run.engine_id}", [asked], actor="cli")
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
    assert group_members(pid) == []
    assert newest(store).state == "stopped"


async def test_a_launch_that_was_not_yet_recorded_is_found_by_its_nonce(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """The app died between the launch and its record: no pid is known."""
    requested = EngineStartRequested(
        engine_id="a-1",
        recipe_id="a",
        revision=1,
        kind="command",
        runtime=None,
        model_name="a",
        port=1,
        argv=("x",),
        nonce="nonce-of-this-launch",
        log_path="logs/x.log",
    )
    await store.append("engine-a-1", [requested], actor="cli")
    child = await system_launcher().launch(
        ["sleep", "600"],
        env={},
        cwd=store.path.parent,
        log_path=store.path.parent / "x.log",
        nonce="nonce-of-this-launch",
    )
    async with make_fleet() as fleet:
        await fleet.reconcile()
    assert not child.alive()
    assert newest(store).error_code == "lost"


async def test_a_process_that_is_not_provably_ours_is_left_alone(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """Its pid and port stand in the log, but it carries another nonce: pids are used again."""
    stranger = await system_launcher().launch(
        ["sleep", "600"],
        env={},
        cwd=store.path.parent,
        log_path=store.path.parent / "x.log",
        nonce="somebody else's",
    )
    who = stranger.identity
    requested = EngineStartRequested(
        engine_id="a-1",
        recipe_id="a",
        revision=1,
        kind="command",
        runtime=None,
        model_name="a",
        port=1,
        argv=("x",),
        nonce="ours",
        log_path="logs/x.log",
    )
    started = EngineStarted(
        engine_id="a-1",
        recipe_id="a",
        pid=who.pid,
        process_group=who.process_group,
        process_started_at=who.started_at,
    )
    await store.append("engine-a-1", [requested, started], actor="cli")
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
    assert stranger.alive()
    assert newest(store).error_code == "lost"
    await stranger.stop(0)


async def test_reconciling_twice_changes_nothing(make_fleet: MakeFleet, store: EventStore) -> None:
    """What was adopted is ours already."""
    await run_and_leave(make_fleet(), sim("a"))
    async with make_fleet() as fleet:
        first = await fleet.reconcile()
        head = store.head
        assert await fleet.reconcile() == first
        assert store.head == head
        await fleet.stop_all(reason="done", actor="cli")


async def system_sleep() -> None:
    """Let another process have its turn."""
    await asyncio.sleep(0.02)
