"""`/api/recipes/import` and `/api/recipes/export`: recipes as files, looked at before they come."""

import asyncio
from itertools import repeat
from typing import Any, Literal

import msgspec
from litestar import Response, get, post

from core.api.asking import Asking
from core.application import Application
from core.errors import Invalid, StudioError
from core.recipes import exchange
from core.recipes.commands import ImportRecipe
from core.recipes.exchange import Read
from core.recipes.lines import Lines
from core.recipes.recipe import Recipe
from core.recipes.syntax import Unreadable
from events.projections.saved_recipes import SavedRecipe, saved_recipe

Outcome = Literal["new", "revision", "same", "from-archive", "refused"]


class ImportText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an import: a file's text and what it is written in."""

    format: str  # toml | yaml | json
    text: str
    replace: bool = False  # recipes of the same id get a new revision
    only: tuple[str, ...] | None = None  # the ids to take; None: all of them


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that were imported."""

    imported: tuple[str, ...]


class ImportLine(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one recipe of the file, with `replace`."""

    id: str
    name: str = ""
    engine: str = ""
    model: str = ""
    outcome: Outcome
    revision: int = 0  # that it would have
    fields: tuple[str, ...] = ()  # that would change
    message: str = ""  # why it is refused
    next_action: str = ""
    field: str = ""  # what is wrong
    line: int | None = None  # where in the file it is, or stands wrong


class ImportPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Recipe by recipe; without any when the file can not be read, and `message` says why."""

    recipes: tuple[ImportLine, ...] = ()
    message: str = ""
    field: str = ""
    line: int | None = None
    column: int | None = None


@post("/recipes/import/preview", status_code=200)
async def preview_import(
    application: Application, asking: Asking, data: ImportText
) -> ImportPreview:
    """What an import of this text would do; nothing is saved."""
    lines = Lines(data.text, data.format)
    try:
        found = await asyncio.to_thread(exchange.read, data.text, data.format)
    except Unreadable as error:
        return ImportPreview(message=error.message, line=error.line, column=error.column)
    except Invalid as error:
        line = await asyncio.to_thread(lines.of, 0, error.field)
        return ImportPreview(message=error.message, field=error.field or "", line=line)
    commands = [
        _command(one.recipe, data, asking, replace=True) for one in found if one.recipe is not None
    ]
    refusals = iter(list(application.studio.refusals(commands)))
    refused = [None if one.error else next(refusals) for one in found]
    return ImportPreview(
        recipes=await asyncio.to_thread(_lines, application, found, refused, lines)
    )


@post("/recipes/import", status_code=201)
async def import_recipes(application: Application, asking: Asking, data: ImportText) -> Imported:
    """All recipes of a file, or none: every one is looked at before the first is saved."""
    if data.only is None:
        recipes = await asyncio.to_thread(exchange.load, data.text, data.format)
    else:
        found = await asyncio.to_thread(exchange.read, data.text, data.format)
        recipes = _chosen(found, data.only)
    commands = [_command(recipe, data, asking, replace=data.replace) for recipe in recipes]
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


def _command(recipe: Recipe, data: ImportText, asking: Asking, *, replace: bool) -> ImportRecipe:
    source = f"a {data.format} file"
    return ImportRecipe(recipe=recipe, source=source, replace=replace, owner=asking.owner)


def _chosen(found: list[Read], only: tuple[str, ...]) -> list[Recipe]:
    """Those with these ids, in the order of the file; what is wrong with others is no matter."""
    there = {one.id: one for one in found if one.id in only}
    for name in only:
        if name not in there:
            raise Invalid(f"There is no recipe {name!r} in it", field="only", code="no-recipes")
        error = there[name].error
        if error is not None:
            raise error
    return [one.recipe for one in there.values() if one.recipe is not None]


def _lines(
    application: Application,
    found: list[Read],
    refused: list[StudioError | None],
    lines: Lines,
) -> tuple[ImportLine, ...]:
    """Blocks: a large file takes seconds to be read."""
    with application.store.reading() as connection:
        saved = [saved_recipe(connection, one.id) for one in found]
    return tuple(map(_line, found, refused, saved, repeat(lines)))


def _line(
    one: Read, refusal: StudioError | None, saved: SavedRecipe | None, lines: Lines
) -> ImportLine:
    error = one.error or refusal
    recipe = one.recipe
    told = ImportLine(
        id=one.id,
        name=recipe.name if recipe else "",
        engine=recipe.engine if recipe else "",
        model=recipe.model if recipe else "",
        outcome="refused",
    )
    if error is not None or recipe is None:
        field = error.field if isinstance(error, Invalid) else None
        return msgspec.structs.replace(
            told,
            message=error.message if error else "",
            next_action=(error.next_action or "") if error else "",
            field=field or "",
            line=lines.of(one.number, field),
        )
    line = lines.of(one.number, None)
    return msgspec.structs.replace(told, line=line, **_outcome(recipe, saved))


def _outcome(recipe: Recipe, saved: SavedRecipe | None) -> dict[str, Any]:
    if saved is None:
        return {"outcome": "new", "revision": 1}
    plain = exchange.plain(recipe)
    fields = tuple(
        name
        for name in dict.fromkeys((*saved.recipe, *plain))
        if saved.recipe.get(name) != plain.get(name)
    )
    if not fields and not saved.archived:
        return {"outcome": "same", "revision": saved.revision}
    outcome: Outcome = "from-archive" if saved.archived else "revision"
    return {"outcome": outcome, "revision": saved.revision + 1, "fields": fields}


HANDLERS = (preview_import, import_recipes, export_recipes)
