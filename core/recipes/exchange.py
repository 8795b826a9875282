"""Recipes as files: TOML, YAML or JSON, out and in again without loss.

    recipes:                    a list, as `dump` writes it; or
    - id: qwen                  a single recipe at the top level; or
      model: Qwen/Qwen3-8B      a bare list of recipes

What can not be read is refused with line and column; what can be read but is wrong, with the
recipe and the field. Secret values never leave: a file holds references only.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from core.errors import Invalid
from core.nearest import did_you_mean
from core.recipes.llama_swap import from_llama_swap, is_llama_swap
from core.recipes.recipe import Recipe
from core.recipes.stored import plain
from core.recipes.syntax import READERS, WRITERS
from core.recipes.validation import parse_recipe

__all__ = ["Format", "dump", "format_of", "load", "plain"]

Format = Literal["toml", "yaml", "json"]

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
    chosen = _format(format)
    if len(text) > LARGEST:
        raise Invalid(f"The text is longer than {LARGEST:,} characters", code="too-large")
    tables = _tables(READERS[chosen](text.removeprefix("\ufeff")))
    recipes = [_recipe(table, number) for number, table in enumerate(tables, start=1)]
    _demand_different_ids(recipes)
    return recipes


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


def _recipe(table: object, number: int) -> Recipe:
    if not isinstance(table, Mapping):
        raise Invalid(f"Recipe {number} is not a table of fields", code="recipe-shape")
    try:
        return parse_recipe(table)
    except Invalid as error:
        name = table.get("id")
        which = f"Recipe {number}" + (f" ({name})" if isinstance(name, str) and name else "")
        raise Invalid(f"{which}: {error.message}", field=error.field, code=error.code) from None


def _demand_different_ids(recipes: list[Recipe]) -> None:
    seen: set[str] = set()
    for recipe in recipes:
        if recipe.id in seen:
            raise Invalid(f"Two recipes have the id {recipe.id!r}", field="id", code="id-twice")
        seen.add(recipe.id)
