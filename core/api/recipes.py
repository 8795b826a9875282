"""`/api/recipes`: saved launch configurations."""

from typing import Any

import msgspec
from litestar import delete, get, post, put

from core.api.asking import Asking
from core.api.views import RecipeWithHistory
from core.application import Application
from core.engines.spelled import described_fields
from core.errors import Invalid, NotFound
from core.recipes.commands import (
    ArchiveRecipe,
    CloneRecipe,
    CreateRecipe,
    RestoreRecipe,
    ReviseRecipe,
    as_clone,
)
from core.recipes.decider import names_taken
from core.recipes.field import FieldInfo
from core.recipes.problem import Problem, wrong
from core.recipes.stored import from_data
from core.recipes.validation import every_problem, parse_recipe
from events.projections.saved_recipes import SavedRecipe, saved_recipe, saved_recipes


class RecipeList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/recipes."""

    recipes: tuple[RecipeWithHistory, ...]


class NewId(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a clone."""

    id: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong or doubtful about a recipe; with an error it can not be saved."""

    problems: tuple[Problem, ...]


@get("/recipes")
async def list_recipes(application: Application, archived: bool = False) -> RecipeList:
    """Every recipe, by id."""
    with application.store.reading() as connection:
        saved = saved_recipes(connection, archived=archived)
    return RecipeList(recipes=tuple(map(view, saved)))


@get("/recipes/fields")
async def list_fields() -> tuple[FieldInfo, ...]:
    """What every field means and what it becomes on each engine's command line, for editors."""
    return described_fields()


@get("/recipes/{recipe_id:str}")
async def show_recipe(application: Application, recipe_id: str) -> RecipeWithHistory:
    """One recipe, archived or not."""
    return saved_view(application, recipe_id)


@post("/recipes", status_code=201)
async def create_recipe(
    application: Application, asking: Asking, data: dict[str, Any]
) -> RecipeWithHistory:
    """Save a new recipe."""
    recipe = parse_recipe(data)
    await application.studio.handle(
        CreateRecipe(recipe=recipe, owner=asking.owner), actor=asking.actor
    )
    return saved_view(application, recipe.id)


@post("/recipes/check", status_code=200)
async def check_recipe(
    application: Application, data: dict[str, Any], new: bool = False
) -> Checked:
    """Everything that is wrong or doubtful, without saving it; `new`: its id has to be free."""
    problems = every_problem(data)
    if any(one.severity == "error" for one in problems):
        return Checked(problems=tuple(problems))
    recipe = parse_recipe(data)
    taken = list(names_taken(recipe, application.studio.taken_names(recipe.id)))
    if new and (there := _id_taken(application, recipe.id)) is not None:
        taken.insert(0, there)
    unknown = application.offer_desk.unknown_names(fallbacks=recipe.fallbacks)
    return Checked(problems=(*taken, *problems, *unknown))


def _id_taken(application: Application, recipe_id: str) -> Problem | None:
    with application.store.reading() as connection:
        saved = saved_recipe(connection, recipe_id)
    if saved is None:
        return None
    where = " in the archive" if saved.archived else ""
    return wrong("id", f"There is already a recipe {recipe_id!r}{where}; choose another id")


@put("/recipes/{recipe_id:str}")
async def revise_recipe(
    application: Application,
    asking: Asking,
    recipe_id: str,
    data: dict[str, Any],
    expected_revision: int | None = None,
) -> RecipeWithHistory:
    """Save a new revision; with `expected_revision`, only on top of that one."""
    recipe = parse_recipe({"id": recipe_id, **data})
    if recipe.id != recipe_id:
        raise Invalid("a recipe's id can not be changed; clone it instead", field="id")
    command = ReviseRecipe(recipe=recipe, expected_revision=expected_revision, owner=asking.owner)
    await application.studio.handle(command, actor=asking.actor)
    return saved_view(application, recipe_id)


@delete("/recipes/{recipe_id:str}", status_code=204)
async def archive_recipe(application: Application, asking: Asking, recipe_id: str) -> None:
    """Put it away; it can be brought back, and its history stays."""
    await application.studio.handle(ArchiveRecipe(recipe_id=recipe_id), actor=asking.actor)


@post("/recipes/{recipe_id:str}/restore", status_code=200)
async def restore_recipe(
    application: Application, asking: Asking, recipe_id: str
) -> RecipeWithHistory:
    """Bring it back from the archive."""
    await application.studio.handle(RestoreRecipe(recipe_id=recipe_id), actor=asking.actor)
    return saved_view(application, recipe_id)


@post("/recipes/{recipe_id:str}/clone", status_code=201)
async def clone_recipe(
    application: Application, asking: Asking, recipe_id: str, data: NewId
) -> RecipeWithHistory:
    """A copy under another id."""
    source = application.book.get(recipe_id).recipe
    command = CloneRecipe(source_id=recipe_id, recipe=as_clone(source, data.id))
    await application.studio.handle(command, actor=asking.actor)
    return saved_view(application, data.id)


def saved_view(application: Application, recipe_id: str) -> RecipeWithHistory:
    """The saved recipe, or NotFound."""
    with application.store.reading() as connection:
        saved = saved_recipe(connection, recipe_id)
    if saved is None:
        raise NotFound(f"There is no recipe {recipe_id!r}", code="recipe_not_found")
    return view(saved)


def view(saved: SavedRecipe) -> RecipeWithHistory:
    """The API's shape of a saved recipe."""
    return RecipeWithHistory(
        recipe=from_data(saved.recipe),
        revision=saved.revision,
        archived=saved.archived,
        updated_at=saved.updated_at,
        updated_by=saved.updated_by,
    )


HANDLERS = (
    list_recipes,
    list_fields,
    show_recipe,
    create_recipe,
    check_recipe,
    revise_recipe,
    archive_recipe,
    restore_recipe,
    clone_recipe,
)
