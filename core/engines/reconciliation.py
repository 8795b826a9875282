"""At boot: for each engine that the log believes alive, look, and make the log true.

1. A stop had been asked for: finish it.                          → EngineStopped
2. Its process is proven ours (pid, start time, nonce), but it is
   not what its recipe would launch now: let it be.               → EngineLeftAlone
3. It is proven ours and answers, or is too busy to, or loads, or
   sleeps as its log says: take it over as it is.                 → EngineAdopted
4. Anything else: end what is left of it, and say so.             → EngineLost

Nothing is touched that does not carry the launch's nonce: pids, group ids and ports are used again.
A look is short, for everybody waits for the slowest. An engine that misses it while its process
listens on its port is busy, not dead: whatever does not answer for good is found out by its users.
"""

import asyncio
from functools import reduce
from typing import Literal

import msgspec

from core.engines.command import takes_key
from core.engines.experience import plan_for
from core.engines.fingerprint import fingerprint, model_files
from core.engines.health import Health
from core.engines.launch_spec import NEUTRAL, LaunchSpec
from core.engines.lifecycle import State, Unborn, evolve
from core.engines.processes import Child, Identity
from core.engines.run import Run
from core.engines.sleep import levels
from core.engines.supervisor import LOADING_GRACE_S
from core.engines.tools import Tools
from core.errors import StudioError
from core.recipes.recipe import Recipe
from core.recipes.stored import from_data
from core.settings import Settings
from events.envelope import UnknownEvent
from events.facts import EngineLost, EngineStopped
from events.facts.base import Fact
from events.projections.engine_runs import EngineRun, engine_runs
from events.projections.saved_recipes import recipe_history, saved_recipe
from events.store import EventStore

LOOKS = 3  # an engine that answers may be in a bad moment
BETWEEN_LOOKS_S = 0.2
LOOK_S = 1.0  # for one look: then it is busy
BUSY = "it did not answer in time"

Found = Literal["ready", "loading", "asleep"]


class Adopt(msgspec.Struct, frozen=True, kw_only=True):
    """Take it over, as it was found."""

    child: Child
    found: Found


class LeaveAlone(msgspec.Struct, frozen=True, kw_only=True):
    """Neither use it nor end it."""

    child: Child
    reason: str


def believed_alive(store: EventStore) -> list[EngineRun]:
    """Every run with a start and no outcome."""
    with store.reading() as connection:
        return engine_runs(connection, alive_only=True)


def replayed(run: Run, store: EventStore) -> State:
    """Where its facts leave it: what fell asleep before we died sleeps on."""
    facts = store.read_events(run.stream)
    known = (fact for fact in facts if not isinstance(fact, UnknownEvent))
    unborn: State = Unborn()
    return reduce(evolve, known, unborn)


def recovered(
    found: EngineRun, *, store: EventStore, settings: Settings, key: str
) -> tuple[Run, str]:
    """The run as it must have been, from the log: enough to look after it, not to launch it.

    And why it is not what its recipe would launch now; empty when it is.
    """
    recipe = _recipe_of(found, store)
    launched_as = found.fingerprint or _fingerprint(recipe, found)
    with store.reading() as connection:
        plan = plan_for(connection, found.recipe_id, found.kind)
    run = Run(
        engine_id=found.engine_id,
        recipe_id=found.recipe_id,
        revision=found.revision,
        kind=found.kind,
        runtime=found.runtime,
        port=found.port,
        nonce=found.nonce,
        spec=_spec(found, recipe, settings, key),
        log_path=settings.home / found.log_path,
        shown_log_path=found.log_path,
        load_timeout_s=recipe.load_timeout_s,
        stop_grace_s=recipe.stop_grace_s,
        plan=plan,
        model=recipe.model,
        fingerprint=launched_as,
        devices=found.devices,
        sleep_levels=levels(recipe, found.runtime),
    )
    return run, _why_changed(found, launched_as, store)


def _why_changed(found: EngineRun, launched_as: str, store: EventStore) -> str:
    """A newer runtime is no change of the recipe: it takes effect with the next start."""
    with store.reading() as connection:
        saved = saved_recipe(connection, found.recipe_id)
    if saved is None:
        return ""  # nothing says that it should be something else
    if saved.archived:
        return "its recipe was archived"
    try:
        now = from_data(saved.recipe)
    except StudioError:
        return ""
    if now.runtime not in (None, found.runtime):
        return f"its recipe asks for the runtime {now.runtime}"
    return "" if _fingerprint(now, found) == launched_as else "its recipe was changed meanwhile"


def _fingerprint(recipe: Recipe, found: EngineRun) -> str:
    return fingerprint(recipe, found.runtime, model_files(recipe.model))


async def resolve(
    found: EngineRun, run: Run, tools: Tools, *, newest: bool, why_changed: str
) -> Adopt | LeaveAlone | None:
    """What to do with the running child; when None, the log has the outcome and nothing is left.

    Of two runs of one recipe only the newest is taken over.
    """
    child = tools.launcher.adopt(identity) if (identity := _identity(found)) else None
    if found.state == "stopping":  # 1
        await _finish_stop(found, run, child, tools)
        return None
    if child is None:
        await _lost(found, run, tools, "its process was gone")  # 4
        return None
    if why_changed:
        return LeaveAlone(child=child, reason=why_changed)  # 2
    how = await _how_found(found, run, child, tools) if newest else "a newer run of it was there"
    match how:
        case "ready" | "loading" | "asleep":
            return Adopt(child=child, found=how)  # 3
        case why if found.state == "left-alone":
            return LeaveAlone(child=child, reason=why)  # 2, still
        case why:
            await child.stop(LOADING_GRACE_S)
            await _lost(found, run, tools, why)  # 4
            return None


async def _how_found(found: EngineRun, run: Run, child: Child, tools: Tools) -> str:
    """As what it can be adopted; anything but a `Found` is why it can not."""
    if found.state in ("falling-asleep", "waking"):
        return "it was between sleeping and waking, and nobody knows how far"
    if found.state == "asleep":  # its health path answers 200 asleep and awake: the log knows
        return "asleep" if child.listens_on(run.port) else "it slept, and its port is closed"
    health = await _looked(run, child, tools)
    if health.ready:
        return "ready"
    if found.state == "loading" and health.verdict != "impostor":
        return "loading"
    if health.why == BUSY and child.listens_on(run.port):
        return "ready"
    return health.why


async def _looked(run: Run, child: Child, tools: Tools) -> Health:
    health = Health(verdict="not yet", why=BUSY)
    for _ in range(LOOKS):
        try:
            async with asyncio.timeout(LOOK_S):
                health = await tools.look(run.spec, run.port, child.listens_on)
        except TimeoutError:
            return Health(verdict="not yet", why=BUSY)
        if health.ready:
            break
        await tools.sleep(BETWEEN_LOOKS_S)
    return health


async def _lost(found: EngineRun, run: Run, tools: Tools, why: str) -> None:
    left = await tools.launcher.sweep(found.nonce, found.process_group)
    reason = f"{why}, and {left} left-over process(es) were ended" if left else why
    lost = EngineLost(engine_id=found.engine_id, recipe_id=found.recipe_id, reason=reason)
    await _record(run, lost, tools)


async def _finish_stop(found: EngineRun, run: Run, child: Child | None, tools: Tools) -> None:
    ended = await child.stop(run.stop_grace_s) if child is not None else None
    left = await tools.launcher.sweep(found.nonce, found.process_group)
    stopped = EngineStopped(
        engine_id=found.engine_id,
        recipe_id=found.recipe_id,
        exit_code=ended.exit_code if ended is not None else None,
        seconds=ended.seconds if ended is not None else 0.0,
        forced=left > 0 or (ended is not None and ended.forced),
    )
    await _record(run, stopped, tools)


async def _record(run: Run, fact: Fact, tools: Tools) -> None:
    await tools.store.append(run.stream, [fact], actor="system")


def _identity(found: EngineRun) -> Identity | None:
    if found.pid is None or found.process_group is None or found.process_started_at is None:
        return None  # the app died between the launch and the record: only the nonce finds it
    return Identity(
        pid=found.pid,
        process_group=found.process_group,
        started_at=found.process_started_at,
        nonce=found.nonce,
    )


def _recipe_of(found: EngineRun, store: EventStore) -> Recipe:
    """The recipe at the revision that runs; a bare one when the log has none."""
    with store.reading() as connection:
        history = recipe_history(connection, found.recipe_id)
    for revision in history:
        if revision.revision == found.revision:
            try:
                return from_data(revision.recipe)
            except StudioError:
                break
    return Recipe(id=found.recipe_id)


def _spec(found: EngineRun, recipe: Recipe, settings: Settings, key: str) -> LaunchSpec:
    """How the engine is asked whether it answers. Its argv is the shown one: never launched."""
    keyed = found.kind in ("vllm", "sglang") or takes_key(recipe)
    return LaunchSpec(
        argv=found.argv,
        env={},
        cwd=settings.paths.run / NEUTRAL,
        model_name=found.model_name,
        api_key=key if keyed else None,
        health_path=recipe.health_path if found.kind == "command" else "/health",
        models_path=None if found.kind == "transformers" else "/v1/models",
        must_list=found.kind != "command",
        must_answer=found.kind == "transformers",
    )
