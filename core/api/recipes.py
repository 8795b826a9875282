"""`/api/recipes`: saved launch configurations."""

from typing import Any

import msgspec
from litestar import Response, delete, get, post, put

from core.api.asking import Asking
from core.api.views import RecipeWithHistory
from core.application import Application
from core.errors import Invalid, NotFound
from core.recipes import exchange
from core.recipes.commands import (
    ArchiveRecipe,
    CloneRecipe,
    CreateRecipe,
    ImportRecipe,
    RestoreRecipe,
    ReviseRecipe,
    as_clone,
)
from core.recipes.fields import FIELDS, FieldInfo
from core.recipes.problem import Problem
from core.recipes.stored import from_data
from core.recipes.validation import check, parse_recipe
from events.projections.saved_recipes import SavedRecipe, saved_recipe, saved_recipes


class RecipeList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/recipes."""

    recipes: tuple[RecipeWithHistory, ...]


class NewId(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a clone."""

    id: str


class ImportText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an import: a file's text and what it is written in."""

    format: str  # toml | yaml | json
    text: str
    replace: bool = False  # recipes of the same id get a new revision


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that were imported."""

    imported: tuple[str, ...]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong or doubtful about a recipe that parses."""

    problems: tuple[Problem, ...]


@get("/recipes")
async def list_recipes(application: Application, archived: bool = False) -> RecipeList:
    """Every recipe, by id."""
    with application.store.reading() as connection:
        saved = saved_recipes(connection, archived=archived)
    return RecipeList(recipes=tuple(map(view, saved)))


@get("/recipes/fields")
async def list_fields() -> tuple[FieldInfo, ...]:
    """What every field means, for editors."""
    return tuple(FIELDS)


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
async def check_recipe(application: Application, data: dict[str, Any]) -> Checked:
    """What saving it would say, without saving it."""
    recipe = parse_recipe(data)
    unknown = application.offer_desk.unknown_names(fallbacks=recipe.fallbacks)
    return Checked(problems=(*check(recipe), *unknown))


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


@post("/recipes/import", status_code=201)
async def import_recipes(application: Application, asking: Asking, data: ImportText) -> Imported:
    """All recipes of a file, or none: every one is looked at before the first is saved."""
    recipes = exchange.load(data.text, data.format)
    commands = [
        ImportRecipe(
            recipe=r, source=f"a {data.format} file", replace=data.replace, owner=asking.owner
        )
        for r in recipes
    ]
    application.studio.rehearse(commands)
    for command in commands:
        await application.studio.handle(command, actor=asking.actor)
    return Imported(imported=tuple(r.id for r in recipes))


@get("/recipes/export")
async def export_recipes(
    application: Application, format: str = "toml", recipe_id: str | None = None
) -> Response[str]:
    """All recipes, or one, as a file's text."""
    entries = [application.book.get(recipe_id)] if recipe_id else application.book.all()
    text = exchange.dump([e.recipe for e in entries], format)
    return Response(text, media_type="text/plain; charset=utf-8")


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
    import_recipes,
    export_recipes,
)
