"""Recipes as files: TOML, YAML or JSON, out and in again without loss.

    recipes:                    a list, as `dump` writes it; or
    - id: qwen                  a single recipe at the top level; or
      model: Qwen/Qwen3-8B      a bare list of recipes

What can not be read is refused with line and column; what can be read but is wrong, with the
recipe and the field. Secret values never leave: a file holds references only.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import msgspec

from core.errors import Invalid
from core.nearest import did_you_mean
from core.recipes.llama_swap import from_llama_swap, is_llama_swap
from core.recipes.recipe import Recipe
from core.recipes.stored import plain
from core.recipes.syntax import READERS, WRITERS
from core.recipes.validation import parse_recipe

__all__ = ["Format", "Read", "dump", "format_of", "load", "plain", "read"]

Format = Literal["toml", "yaml", "json"]


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe of a text: as it is meant, or what is wrong with it."""

    number: int  # in the order of the text, from 1
    id: str  # as far as it is known
    recipe: Recipe | None = None
    error: Invalid | None = None


LARGEST = 1_000_000  # characters: far more than any set of recipes, far less than a bomb needs
_ENDINGS: dict[str, Format] = {"yml": "yaml", "jsonc": "json"}


def format_of(file_name: str) -> Format:
    """The format that a file's name tells by its ending."""
    ending = file_name.rpartition(".")[2].lower()
    return _format(_ENDINGS.get(ending, ending))


def dump(recipes: Iterable[Recipe], format: str) -> str:
    """The recipes as text, sorted as given, only what is set."""
    return WRITERS[_format(format)]([plain(recipe) for recipe in recipes])


def load(text: str, format: str) -> list[Recipe]:
    """The recipes in the text, each valid and with an id of its own. Raises Invalid."""
    recipes = []
    for one in read(text, format):
        if one.error is not None:
            raise one.error
        assert one.recipe is not None, "it is one or the other"
        recipes.append(one.recipe)
    return recipes


def read(text: str, format: str) -> list[Read]:
    """Every recipe in the text, or what is wrong with it. Raises Invalid for the text itself."""
    chosen = _format(format)
    if len(text) > LARGEST:
        raise Invalid(f"The text is longer than {LARGEST:,} characters", code="too-large")
    tables = _tables(READERS[chosen](text.removeprefix("\ufeff")))
    found = [_read(table, number) for number, table in enumerate(tables, start=1)]
    return _with_different_ids(found)


def _format(name: str) -> Format:
    known: tuple[Format, ...] = get_args(Format)
    for format in known:
        if name == format:
            return format
    formats = ", ".join(known)
    raise Invalid(
        f"{name!r} is not a format for recipes ({formats}).{did_you_mean(name, known)}",
        field="format",
        code="unknown-format",
    )


def _tables(content: object) -> list[Any]:
    if isinstance(content, Mapping) and is_llama_swap(content):
        return from_llama_swap(content)
    if isinstance(content, Mapping) and "recipes" in content:
        unknown = [key for key in content if key != "recipes"]
        if unknown:
            raise Invalid(
                f"Beside recipes there is {unknown[0]!r}, which means nothing here",
                field=str(unknown[0]),
                code="unknown-field",
            )
        content = content["recipes"]
    if isinstance(content, Mapping) and content:
        return [content]
    if isinstance(content, list) and content:
        return content
    raise Invalid("There is no recipe in it", code="no-recipes")


def _read(table: object, number: int) -> Read:
    if not isinstance(table, Mapping):
        shape = Invalid(f"Recipe {number} is not a table of fields", code="recipe-shape")
        return Read(number=number, id="", error=shape)
    name = table.get("id")
    known = name if isinstance(name, str) else ""
    try:
        recipe = parse_recipe(table)
    except Invalid as error:
        which = f"Recipe {number}" + (f" ({known})" if known else "")
        named = Invalid(f"{which}: {error.message}", field=error.field, code=error.code)
        return Read(number=number, id=known, error=named)
    return Read(number=number, id=recipe.id, recipe=recipe)


def _with_different_ids(found: list[Read]) -> list[Read]:
    seen: set[str] = set()
    checked = []
    for one in found:
        if one.recipe is not None and one.id in seen:
            twice = Invalid(f"Two recipes have the id {one.id!r}", field="id", code="id-twice")
            checked.append(Read(number=one.number, id=one.id, error=twice))
        else:
            checked.append(one)
        seen.add(one.id)
    return checked
