"""The doctor looks at recipes on several machines, and only at those."""

import asyncio
from pathlib import Path

import pytest

from core.recipes.recipe import Recipe
from core.recipes.stored import plain
from core.runtimes.runtime import write_record
from core.settings import Settings
from desktop.check import Check
from desktop.doctor_clusters import clusters
from events.facts import RecipeCreated
from events.store import EventStore
from tests.core.cluster.stand_in import ANSWERS, RAISES, runtime_with
from tests.harness.ports import free_port


async def saved(home: Path, store: EventStore, *recipes: Recipe) -> Settings:
    """A home in whose log these recipes stand."""
    for recipe in recipes:
        fact = RecipeCreated(recipe_id=recipe.id, recipe=plain(recipe))
        await store.append(f"recipe-{recipe.id}", [fact], actor="cli")
    settings = Settings(home=home)
    settings.paths.create()
    return settings


async def checked(settings: Settings) -> list[Check]:
    """Its lines; asked in a thread, as it brings its own loop."""
    return await asyncio.to_thread(lambda: list(clusters(settings)))


def with_ray(settings: Settings, ray: str) -> None:
    """An installed vLLM with this Ray."""
    runtime = runtime_with(settings.paths.runtimes / "vllm-1", ray)
    write_record(runtime, runtime.path)


ON_RAY = Recipe(id="big", model="m", nodes=2, tensor_parallel=2)


async def test_recipes_on_one_machine_are_no_line(home: Path, store: EventStore) -> None:
    """Nobody without a cluster reads of clusters."""
    assert await checked(await saved(home, store, Recipe(id="a", model="m"))) == []


def test_a_home_without_a_log_is_no_line(tmp_path: Path) -> None:
    """Before the first start."""
    assert list(clusters(Settings(home=tmp_path))) == []


async def test_a_cluster_that_suffices_is_described(home: Path, store: EventStore) -> None:
    """Versions, machines, GPUs, and how many are free."""
    settings = await saved(home, store, ON_RAY)
    with_ray(settings, ANSWERS)
    (check,) = await checked(settings)
    assert (check.name, check.verdict) == ("big: nodes", "ok")
    assert "Ray 2.60.0" in check.message
    assert "on 2 machines, 2 GPUs, 1 free" in check.message


@pytest.mark.parametrize(
    ("ray", "words"),
    [
        (RAISES.format(error="ConnectionError('none')"), "none answers on this machine"),
        (RAISES.format(error="RuntimeError('Version mismatch: 2.9')"), "other versions"),
    ],
)
async def test_what_is_amiss_has_a_next_action(
    home: Path, store: EventStore, ray: str, words: str
) -> None:
    """As before a launch, in the same words."""
    settings = await saved(home, store, ON_RAY)
    with_ray(settings, ray)
    (check,) = await checked(settings)
    assert check.verdict == "fail"
    assert words in check.message
    assert "ray start --head" in check.next_action


async def test_a_runtime_that_is_missing_is_a_warning(home: Path, store: EventStore) -> None:
    """The cluster can not be asked without it."""
    (check,) = await checked(await saved(home, store, ON_RAY))
    assert (check.verdict, check.next_action) == ("warn", "vllm-studio runtimes install vllm")


async def test_without_ray_the_others_command_is_shown(home: Path, store: EventStore) -> None:
    """What the machines have to meet at is free; the rest is for the other machine."""
    recipe = Recipe(
        id="big",
        model="m",
        nodes=2,
        tensor_parallel=2,
        node_backend="engine",
        node_address=f"127.0.0.1:{free_port()}",
    )
    settings = await saved(home, store, recipe)
    with_ray(settings, ANSWERS)
    (check,) = await checked(settings)
    assert check.verdict == "ok"
    assert "vllm serve m" in check.message
    assert "--headless" in check.message
