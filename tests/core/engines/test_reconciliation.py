"""The app was killed; now it starts again. Real processes, real log."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import psutil
import pytest

from core.clock import SystemClock
from core.engines.fleet import Fleet
from core.engines.processes import Child, system_launcher
from core.recipes.recipe import Recipe
from core.recipes.stored import plain
from events.facts import (
    EngineLost,
    EngineStarted,
    EngineStartRequested,
    EngineStopRequested,
    RecipeArchived,
    RecipeCreated,
    RecipeRevised,
)
from events.projections.engine_runs import EngineRun, engine_runs
from events.store import EventStore
from tests.core.engines.conftest import SIM, MakeFleet, sim
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


def run_stream(run: EngineRun) -> str:
    """Where its facts stand."""
    return f"engine-{run.engine_id}"


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
    nonce = uuid4().hex  # of this test alone: a sweep looks at every process of the machine
    requested = EngineStartRequested(
        engine_id="a-1",
        recipe_id="a",
        revision=1,
        kind="command",
        runtime=None,
        model_name="a",
        port=1,
        argv=("x",),
        nonce=nonce,
        log_path="logs/x.log",
    )
    await store.append("engine-a-1", [requested], actor="cli")
    child = await system_launcher().launch(
        ["sleep", "600"],
        env={},
        cwd=store.path.parent,
        log_path=store.path.parent / "x.log",
        nonce=nonce,
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
        nonce=uuid4().hex,
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


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that is too busy to answer anybody."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_an_engine_too_busy_to_answer_is_adopted(make_fleet: MakeFleet) -> None:
    """It is proven ours and listens: that is enough."""
    pid = await run_and_leave(make_fleet(), sim("a"))
    with stopped(pid):
        async with make_fleet() as fleet:
            assert [e.recipe_id for e in await fleet.reconcile()] == ["a"]
            os.kill(pid, signal.SIGCONT)
            await fleet.stop_all(reason="done", actor="cli")


async def test_a_load_goes_on_under_the_next_app(
    make_fleet: MakeFleet, store: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adopted while it loads, an hour later; whoever wants it joins, and half is not lost."""
    recipe = sim("a", "--load-until", str(tmp_path / "go on"))
    async with make_fleet() as fleet:
        caller = asyncio.ensure_future(fleet.ensure_ready(recipe, 1, actor="cli"))
        while not (fleet.views() and fleet.views()[0].state == "loading"):
            await system_sleep()
        pid = fleet.views()[0].pid
        caller.cancel()
    now = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda clock: now(clock) + 3_600_000_000)
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
        assert [(v.state, v.pid) for v in fleet.views()] == [("loading", pid)]
        (tmp_path / "go on").touch()
        await fleet.ensure_ready(recipe, 1, actor="api")
        assert fleet.views()[0].pid == pid
        await fleet.stop_all(reason="done", actor="cli")
    (ready,) = (one.event for one in store.read_all() if one.type == "engine-became-ready")
    assert getattr(ready, "seconds", 0) > 3_599, "counted from its launch, not its adoption"


async def test_a_foreign_server_on_the_port_is_neither_adopted_nor_ended(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """Ours is gone; somebody else answers there now, even with the same name."""
    pid = await run_and_leave(make_fleet(), sim("a"))
    port = newest(store).port
    psutil.Process(pid).kill()
    while group_members(pid):
        await system_sleep()
    foreign = await launched(
        store, [sys.executable, str(SIM), "--port", str(port), "--served-model-name", "a"], "theirs"
    )
    while not foreign.listens_on(port):
        await system_sleep()
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
        assert fleet.views() == ()
    assert foreign.alive()
    assert newest(store).error_code == "lost"
    await foreign.stop(0)


async def launched(store: EventStore, argv: list[str], nonce: str) -> Child:
    """A process of this nonce."""
    here = store.path.parent
    return await system_launcher().launch(
        argv, env={}, cwd=here, log_path=here / "x.log", nonce=nonce
    )


async def test_a_reused_pid_is_not_taken_for_ours(make_fleet: MakeFleet, store: EventStore) -> None:
    """Same pid, but it started at another time: a stranger, and left alone."""
    pid = await run_and_leave(make_fleet(), sim("a"))
    run = newest(store)
    psutil.Process(pid).kill()
    while group_members(pid):
        await system_sleep()
    stranger = await launched(store, ["sleep", "600"], "a stranger's")
    again = EngineStarted(
        engine_id=run.engine_id,
        recipe_id="a",
        pid=stranger.identity.pid,
        process_group=stranger.identity.process_group,
        process_started_at=stranger.identity.started_at - 3600,
    )
    await store.append(f"engine-{run.engine_id}", [again], actor="system")
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
    assert stranger.alive()
    await stranger.stop(0)


async def saved(store: EventStore, recipe: Recipe) -> None:
    """Save it as the recipe's first revision."""
    fact = RecipeCreated(recipe_id=recipe.id, recipe=plain(recipe))
    await store.append(f"recipe-{recipe.id}", [fact], actor="cli")


async def revised(store: EventStore, recipe: Recipe, revision: int) -> None:
    """Save it as a further one."""
    fact = RecipeRevised(recipe_id=recipe.id, recipe=plain(recipe), revision=revision)
    await store.append(f"recipe-{recipe.id}", [fact], actor="cli")


async def test_a_changed_recipe_leaves_its_engine_alone(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """Neither used nor ended; a start gets another port, and a person can end the old one."""
    recipe = sim("a")
    await saved(store, recipe)
    pid = await run_and_leave(make_fleet(), recipe)
    changed = msgspec.structs.replace(recipe, extra_args=("--max-model-len", "99"))
    await revised(store, changed, 2)
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
        (left,) = fleet.views()
        assert (left.state, left.pid) == ("left-alone", pid)
        assert "changed" in (left.error or "")
        assert newest(store).state == "left-alone"
        endpoint = await fleet.ensure_ready(changed, 2, actor="cli")
        assert endpoint.port != left.port
        assert {v.state for v in fleet.views()} == {"left-alone", "ready"}
        await fleet.stop("a", reason="another model", actor="system")
        assert [v.state for v in fleet.views()] == ["left-alone"]
        assert group_members(pid)
        await fleet.stop("a", reason="evicted", actor="cli", left_alone=True)
        assert group_members(pid) == []
        assert fleet.views() == ()
    assert newest(store).state == "stopped"


async def test_what_was_left_alone_is_looked_at_anew_with_each_start(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """It stays left alone, and is taken over when its recipe is what it was."""
    recipe = sim("a")
    await saved(store, recipe)
    pid = await run_and_leave(make_fleet(), recipe)
    await revised(store, msgspec.structs.replace(recipe, extra_args=("--max-model-len", "9")), 2)
    for _ in range(2):
        async with make_fleet() as fleet:
            await fleet.reconcile()
            assert [v.state for v in fleet.views()] == ["left-alone"]
    await revised(store, recipe, 3)
    async with make_fleet() as fleet:
        await fleet.reconcile()
        assert [(v.state, v.pid) for v in fleet.views()] == [("ready", pid)]
        await fleet.stop_all(reason="done", actor="cli")


async def test_the_death_of_what_was_left_alone_is_noticed(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """No failure of its recipe; it is just gone."""
    recipe = sim("a")
    await saved(store, recipe)
    pid = await run_and_leave(make_fleet(), recipe)
    await revised(store, msgspec.structs.replace(recipe, extra_args=("--max-model-len", "9")), 2)
    async with make_fleet() as fleet:
        await fleet.reconcile()
        os.kill(pid, signal.SIGKILL)
        while fleet.views():
            await system_sleep()
    assert (newest(store).state, newest(store).error_code) == ("stopped", "lost")


async def test_the_engine_of_an_archived_recipe_is_left_alone(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """Nobody wants it, and nobody asked to end it."""
    recipe = sim("a")
    await saved(store, recipe)
    pid = await run_and_leave(make_fleet(), recipe)
    await store.append("recipe-a", [RecipeArchived(recipe_id="a")], actor="cli")
    async with make_fleet() as fleet:
        await fleet.reconcile()
        assert [(v.state, v.pid) for v in fleet.views()] == [("left-alone", pid)]
        await fleet.stop_all(reason="quit", actor="system")
    assert group_members(pid) == []


async def test_a_change_that_reaches_no_program_is_no_change(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """Notes, names for people, limits and prices: the engine is adopted, and current."""
    recipe = sim("a")
    await saved(store, recipe)
    await run_and_leave(make_fleet(), recipe)
    renamed = msgspec.structs.replace(recipe, notes="mine", aliases=("x",), ttl_s=60.0)
    await revised(store, renamed, 2)
    async with make_fleet() as fleet:
        assert [e.recipe_id for e in await fleet.reconcile()] == ["a"]
        assert fleet.is_current(renamed) is True
        other = msgspec.structs.replace(recipe, extra_args=("--max-model-len", "9"))
        assert fleet.is_current(other) is False
        await fleet.stop_all(reason="done", actor="cli")
        assert fleet.is_current(recipe) is None


@pytest.mark.parametrize(("extra", "expected"), [((), "ready"), (("--max-model-len", "9"), "left")])
async def test_a_log_without_fingerprints_is_compared_by_revisions(
    make_fleet: MakeFleet, store: EventStore, extra: tuple[str, ...], expected: str
) -> None:
    """What an earlier version launched is judged by the recipe it was launched from."""
    recipe = sim("a")
    await saved(store, recipe)
    await run_and_leave(make_fleet(), recipe)
    run = newest(store)
    assert run.fingerprint
    asked, started = (recorded.event for recorded in store.read_stream(run_stream(run))[:2])
    assert isinstance(asked, EngineStartRequested)
    assert isinstance(started, EngineStarted)
    lost = EngineLost(engine_id=run.engine_id, recipe_id="a", reason="it goes by another name now")
    await store.append(run_stream(run), [lost], actor="system")
    older = msgspec.structs.replace(asked, engine_id="a-old", fingerprint="")
    again = msgspec.structs.replace(started, engine_id="a-old")
    await store.append("engine-a-old", [older, again], actor="cli")
    await revised(store, msgspec.structs.replace(recipe, notes="n", extra_args=extra), 2)
    async with make_fleet() as fleet:
        await fleet.reconcile()
        states = {v.engine_id: v.state for v in fleet.views()}
        assert states["a-old"].startswith(expected)
        await fleet.stop_all(reason="done", actor="cli")


async def system_sleep() -> None:
    """Let another process have its turn."""
    await asyncio.sleep(0.02)
