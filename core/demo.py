"""From nothing to a first answer: the runtimes and recipes of the demonstration."""

import asyncio
from typing import TYPE_CHECKING

from core.models.demo import FOLDER, demo_model_dir, demo_recipes
from core.recipes.commands import CreateRecipe, RestoreRecipe
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from events.facts import ModelMade
from events.projections.saved_recipes import saved_recipe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.application import Application

MODEL_STREAM = f"model-{FOLDER}"
NEEDED = ("litellm", "transformers")  # the gateway, and the lightest real engine


async def set_up_demo(
    application: "Application", *, actor: str
) -> tuple[tuple[str, ...], dict[str, "asyncio.Task[Runtime]"]]:
    """Save the recipes that can run here and begin to install what is missing.

    Answers with the recipe ids and the installations under way by kind.
    """
    kept = [r for r in demo_recipes(application.settings.current) if can_run(application, r)]
    await tell_of_model(application, actor)
    for recipe in kept:
        await keep(application, recipe, actor)
    missing = [k for k in NEEDED if application.runtimes.newest(k) is None]
    tasks = {k: application.installer.begin(k, None, actor=actor) for k in missing}
    return tuple(r.id for r in kept), tasks


async def all_installed(tasks: "Iterable[asyncio.Task[Runtime]]") -> None:
    """Return when all are; the first that fails is told at once, not when the slowest is done."""
    for ended in asyncio.as_completed(tasks):
        await ended


async def tell_of_model(application: "Application", actor: str) -> None:
    """Record, once, that the demo model was put in place."""
    if application.store.read_stream(MODEL_STREAM):
        return
    folder = demo_model_dir(application.boot_settings.paths)
    size = sum(file.stat().st_size for file in folder.iterdir())
    fact = ModelMade(model_id=folder.name, bytes_on_disk=size)
    await application.store.append(MODEL_STREAM, [fact], actor=actor)


def can_run(application: "Application", recipe: Recipe) -> bool:
    """Whether its engine is installed, or about to be."""
    return recipe.engine in NEEDED or application.runtimes.for_recipe(recipe) is not None


async def keep(application: "Application", recipe: Recipe, actor: str) -> None:
    """Save it unless it is there; bring it back when it was archived."""
    with application.store.reading() as connection:
        saved = saved_recipe(connection, recipe.id)
    if saved is None:
        await application.studio.handle(CreateRecipe(recipe=recipe, owner=True), actor=actor)
    elif saved.archived:
        await application.studio.handle(RestoreRecipe(recipe_id=recipe.id), actor=actor)
