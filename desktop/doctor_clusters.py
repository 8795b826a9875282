"""The doctor's look at recipes that run on several machines: can they meet, and is it enough?"""

import asyncio
import os
from collections.abc import Iterator

import msgspec

from core.cluster.ask import ask
from core.cluster.demand import demand_machines
from core.cluster.judge import objection
from core.cluster.picture import Cluster
from core.engines import sglang, vllm
from core.engines.launch_spec import LaunchSpec
from core.engines.node_command import node_command
from core.engines.nodes import JOIN_ONLY, RAY_ADDRESS
from core.errors import StudioError
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_env import resolve_env
from core.recipes.stored import from_data
from core.runtimes.catalogue import KINDS_OF_ENGINE
from core.runtimes.runtime import Runtime, scan, version_key
from core.secrets import Secrets
from core.settings import Settings
from desktop.check import Check, fail, ok, warn
from desktop.cli.recorded import recorded_recipes
from desktop.problems import NotRunning


def clusters(settings: Settings) -> Iterator[Check]:
    """One line for each recipe on several machines; none when there is no such recipe."""
    for recipe in _spread_recipes(settings):
        try:
            yield _one(recipe, settings)
        except Exception as error:  # a doctor reports what it trips over
            yield fail(f"{recipe.id}: nodes", f"the check itself failed: {error!r}", "report this")


def _spread_recipes(settings: Settings) -> list[Recipe]:
    try:
        saved = recorded_recipes(settings)
    except NotRunning:
        return []
    recipes = []
    for entry in saved:
        try:
            recipes.append(from_data(entry["recipe"]))
        except StudioError:  # of another version; the log's own check speaks of the log
            continue
    return [recipe for recipe in recipes if recipe.spread_by is not None]


def _one(recipe: Recipe, settings: Settings) -> Check:
    name = f"{recipe.id}: nodes"
    runtime = _runtime_for(recipe, settings)
    if runtime is None:
        return warn(
            name,
            f"{recipe.id} wants {recipe.nodes} machines, but {recipe.engine} is not installed here",
            f"vllm-studio runtimes install {recipe.runtime or recipe.engine}",
        )
    try:
        spec = _spec(recipe, runtime, settings)
        if recipe.spread_by == "ray" and runtime.kind != "vllm-cpu":
            return asyncio.run(_on_ray(name, recipe, runtime, spec))
        asyncio.run(demand_machines(recipe, runtime, spec))
    except StudioError as error:
        if error.code == "port-taken":
            return warn(name, f"{error.message}, which is right while {recipe.id} runs")
        return fail(name, error.message, error.next_action)
    waits = f"{recipe.node_address} is free; rank 1 of {recipe.nodes} is started with: "
    return ok(name, waits + node_command(recipe, 1).text)


async def _on_ray(name: str, recipe: Recipe, runtime: Runtime, spec: LaunchSpec) -> Check:
    found = await ask(runtime, spec.env.get(RAY_ADDRESS, JOIN_ONLY), spec.env)
    against = objection(recipe, found, str(runtime.python.with_name("ray")))
    if against is not None:
        return fail(name, against.message, against.next_action)
    assert isinstance(found, Cluster), "objected to otherwise"
    told = (
        f"Ray {found.ray} (Python {found.python}) on {len(found.nodes)} machines, "
        f"{found.gpus} GPUs, {found.free_gpus:g} free"
    )
    if found.guarded is False:
        return warn(
            name,
            f"{told}; whoever reaches its ports can run programs on them",
            f"vllm-studio recipes node-command {recipe.id} --rank 0 tells how to give it a token",
        )
    return ok(name, told)


def _runtime_for(recipe: Recipe, settings: Settings) -> Runtime | None:
    """As the app chooses it: the one it names, else the newest of its engine."""
    there = list(scan(settings.paths.runtimes))
    if recipe.runtime is not None:
        return next((one for one in there if one.id == recipe.runtime), None)
    for kind in KINDS_OF_ENGINE.get(recipe.engine, ()):
        if of_kind := [one for one in there if one.kind == kind]:
            return max(of_kind, key=lambda one: version_key(one.version))
    return None


def _spec(recipe: Recipe, runtime: Runtime, settings: Settings) -> LaunchSpec:
    env = resolve_env(recipe, Secrets(settings.paths.secrets))
    recipe = msgspec.structs.replace(recipe, env=env)
    build = sglang.build if recipe.engine == "sglang" else vllm.build
    return build(
        recipe, runtime=runtime, port=0, api_key=None, paths=settings.paths, env=os.environ
    )
