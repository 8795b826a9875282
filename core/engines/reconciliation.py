"""At boot: for each engine that the log believes alive, look, and make the log true.

1. A stop had been asked for: finish it.                          → EngineStopped
2. Its process is proven ours (pid, start time, nonce), answers,
   and is the right one: take it over.                            → EngineAdopted
3. Anything else: end what is left of it, and say so.             → EngineLost

Nothing is touched that does not carry the launch's nonce: pids, group ids and ports are used again.
"""

from core.engines.command import takes_key
from core.engines.launch_spec import NEUTRAL, LaunchSpec
from core.engines.processes import Child, Identity
from core.engines.run import Run
from core.engines.supervisor import LOADING_GRACE_S, Tools
from core.errors import StudioError
from core.recipes.recipe import Recipe
from core.recipes.stored import from_data
from core.settings import Settings
from events.facts import EngineLost, EngineStopped
from events.facts.base import Fact
from events.projections.engine_runs import EngineRun, engine_runs
from events.projections.saved_recipes import recipe_history
from events.store import EventStore

LOOKS = 3  # a busy engine may miss one
BETWEEN_LOOKS_S = 0.5


def believed_alive(store: EventStore) -> list[EngineRun]:
    """Every run with a start and no outcome."""
    with store.reading() as connection:
        return engine_runs(connection, alive_only=True)


def recovered(found: EngineRun, *, store: EventStore, settings: Settings, key: str) -> Run:
    """The run as it must have been, from the log: enough to look after it, not to launch it."""
    recipe = _recipe_of(found, store)
    return Run(
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
    )


async def resolve(found: EngineRun, run: Run, tools: Tools, *, newest: bool) -> Child | None:
    """The running child to adopt; when None, the log has the outcome and nothing is left.

    Of two runs of one recipe only the newest is taken over.
    """
    child = tools.launcher.adopt(identity) if (identity := _identity(found)) else None
    if found.state == "stopping":  # 1
        await _finish_stop(found, run, child, tools)
        return None
    why = "its process was gone"
    if child is not None:
        why = await _why_not(run, child, tools) if newest else "a newer run of it was there"
        if not why:
            return child  # 2
        await child.stop(LOADING_GRACE_S)
    left = await tools.launcher.sweep(found.nonce, found.process_group)  # 3
    reason = f"{why}, and {left} left-over process(es) were ended" if left else why
    lost = EngineLost(engine_id=found.engine_id, recipe_id=found.recipe_id, reason=reason)
    await _record(run, lost, tools)
    return None


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


async def _why_not(run: Run, child: Child, tools: Tools) -> str:
    """Why it can not be adopted; empty when it can."""
    why = ""
    for _ in range(LOOKS):
        health = await tools.look(run.spec, run.port, child.listens_on)
        if health.ready:
            return ""
        why = health.why
        await tools.sleep(BETWEEN_LOOKS_S)
    return why


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
