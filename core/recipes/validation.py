"""From anybody's data to a recipe, or to an error that names the field and what would be right.

`parse_recipe` is the only way in: shape first (known fields, types), then the rules of `check`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from core.errors import Invalid
from core.nearest import did_you_mean
from core.recipes.fields import ALSO, FIELD
from core.recipes.problem import Problem, wrong
from core.recipes.recipe import Lora, Price, Recipe, Speculative
from core.recipes.rules import RULES

__all__ = ["Problem", "check", "demand_valid", "every_problem", "parse_recipe"]

_OPTIONAL_TEXT = frozenset(
    field.name for field in msgspec.structs.fields(Recipe) if field.type == str | None
)
_TEXT_LISTS = ("command", "extra_args")
_NESTED: dict[str, type[msgspec.Struct]] = {"speculative": Speculative, "price": Price}


def parse_recipe(data: Mapping[str, Any]) -> Recipe:
    """A valid recipe from plain data. Raises Invalid; `field` is the exact path, "loras[0].path".

    Numbers in `env`, `command` and `extra_args` become text (YAML writes PORT: 1 without quotes),
    and empty text where a field may be unset counts as unset.
    """
    if not isinstance(data, Mapping):
        raise Invalid("A recipe is a table of fields", code="recipe-shape")
    _demand_known_fields(data)
    try:
        recipe = msgspec.convert(_relaxed(data), Recipe)
    except msgspec.ValidationError as error:
        raise _explained(error) from None
    demand_valid(recipe)
    return recipe


def every_problem(data: Mapping[str, Any]) -> list[Problem]:
    """Everything that is wrong or doubtful at once, for an editor. Never raises for a field.

    Rules are applied to what has the right shape; a field that has not is complained of once.
    """
    if not isinstance(data, Mapping):
        raise Invalid("A recipe is a table of fields", code="recipe-shape")
    found = [wrong(error.field or "", error.message) for error in _unknown(data)]
    bad = {_field_of(problem.field) for problem in found}
    sound: dict[str, Any] = {"id": "x"}
    for name in (name for name in data if name in FIELD and name not in bad):
        try:
            msgspec.convert(_relaxed({"id": "x", name: data[name]}), Recipe)
            sound[name] = data[name]
        except msgspec.ValidationError as error:
            found.append(wrong(_explained(error).field or name, _explained(error).message))
        except Invalid as error:
            found.append(wrong(error.field or name, error.message))
    if "id" not in data:
        found.append(wrong("id", "id is missing"))
    bad = {_field_of(problem.field) for problem in found}
    recipe = msgspec.convert(_relaxed(sound), Recipe)
    return found + [one for one in check(recipe) if _field_of(one.field) not in bad]


def check(recipe: Recipe) -> list[Problem]:
    """Everything that is wrong with it (errors first) or worth a second look (warnings)."""
    problems = [problem for rule in RULES for problem in rule(recipe)]
    return sorted(problems, key=lambda problem: problem.severity != "error")


def demand_valid(recipe: Recipe) -> None:
    """Raise Invalid for the first error there is; warnings pass."""
    for problem in check(recipe):
        if problem.severity == "error":
            raise Invalid(problem.message, field=problem.field, code="recipe-invalid")


# Shape


def _demand_known_fields(data: Mapping[str, Any]) -> None:
    for error in _unknown(data):
        raise error


def _unknown(data: Mapping[str, Any]) -> Iterator[Invalid]:
    """An error for each name that means nothing, with the nearest that does."""
    yield from _not_among(data, FIELD, "", ALSO)
    for name, shape in _NESTED.items():
        if isinstance(data.get(name), Mapping):
            yield from _not_among(data[name], dict.fromkeys(shape.__struct_fields__), f"{name}.")
    loras = data.get("loras")
    for index, lora in enumerate(loras if isinstance(loras, list | tuple) else ()):
        if isinstance(lora, Mapping):
            yield from _not_among(lora, dict.fromkeys(Lora.__struct_fields__), f"loras[{index}].")


def _not_among(
    data: Mapping[str, Any],
    known: Mapping[str, object],
    prefix: str,
    also: Mapping[str, str] | None = None,
) -> Iterator[Invalid]:
    for key in data:
        if key not in known:
            yield Invalid(
                f"There is no field {prefix}{key}.{did_you_mean(str(key), known, also)}",
                field=f"{prefix}{key}",
                code="unknown-field",
            )


def _field_of(path: str) -> str:
    """ "loras[0].path" lies in loras."""
    return re.split(r"[.\[]", path)[0]


def _relaxed(data: Mapping[str, Any]) -> dict[str, Any]:
    relaxed = {
        key: None if value == "" and key in _OPTIONAL_TEXT else value for key, value in data.items()
    }
    for key in _TEXT_LISTS:
        if isinstance(items := relaxed.get(key), list | tuple):
            relaxed[key] = [_text(item) for item in items]
    if isinstance(env := relaxed.get("env"), Mapping):
        relaxed["env"] = {str(name): _variable(name, value) for name, value in env.items()}
    return relaxed


def _variable(name: object, value: object) -> str:
    text = _text(value)
    if not isinstance(text, str):
        message = f"env.{name} should be text: put its value in quotes"
        raise Invalid(message, field=f"env.{name}", code="wrong-type")
    return text


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`")
_MISSING = re.compile(r"missing required field `(?P<field>\w+)`")
_ENUM = re.compile(r"Invalid enum value (?P<value>.+?)(?: - at|$)")
_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "date": "a date",
    "datetime": "a date",
    "null": "nothing",
}


def _explained(error: msgspec.ValidationError) -> Invalid:
    """msgspec's sentence in the words of a person, with the path as they would write it."""
    message = str(error)
    at = _AT.search(message)
    path = at["path"] if at else ""
    if missing := _MISSING.search(message):
        path = f"{path}.{missing['field']}".lstrip(".")
        return Invalid(f"{path} is missing", field=path, code="missing-field")
    if wrong := _EXPECTED.search(message):
        kinds = [kind.strip() for kind in wrong["wanted"].split("|")]
        wanted = " or ".join(_WORDS.get(kind, kind) for kind in kinds if kind != "null")
        got = _WORDS.get(wrong["got"], wrong["got"])
        hint = (
            " (put it in quotes)" if "text" in wanted and got not in ("a list", "a table") else ""
        )
        message = f"{path or 'A recipe'} should be {wanted}, not {got}{hint}"
    elif message.startswith("Number out of range"):
        message = f"{path} is too large"
    elif enum := _ENUM.search(message):
        value = enum["value"].strip("'\"")
        choices = FIELD[path].suggestions if path in FIELD else ()
        one_of = f"{path} should be one of {', '.join(choices)}, not {value!r}."
        message = one_of + did_you_mean(value, choices)
    return Invalid(message, field=path or None, code="wrong-type")
