"""How a field of a recipe is described; `fields.py` is the table of all of them."""

from typing import Any, Literal, get_args

import msgspec

from core.recipes.recipe import EngineKind, Recipe

Group = Literal[
    "Who it is",
    "What runs",
    "How it is called",
    "Parallelism and devices",
    "Memory and precision",
    "Scheduling",
    "Behaviour",
    "Environment and escape hatch",
    "Lifecycle",
    "Cost",
]

ALL: tuple[EngineKind, ...] = get_args(EngineKind)
SERVERS: tuple[EngineKind, ...] = ("vllm", "sglang", "transformers")
GPU: tuple[EngineKind, ...] = ("vllm", "sglang")
VLLM: tuple[EngineKind, ...] = ("vllm",)
COMMAND: tuple[EngineKind, ...] = ("command",)
SLEEPERS: tuple[EngineKind, ...] = ("vllm", "sglang", "command")


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A field's description. Numbers lie between `minimum` and `maximum`, both allowed."""

    name: str
    group: Group
    label: str
    help: str
    default: Any
    unit: str = ""
    engines: tuple[EngineKind, ...] = ALL  # where it has an effect
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None  # like `minimum`, but itself not allowed
    also: tuple[str, ...] = ()  # what engines and other programs call it
    suggestions: tuple[str, ...] = ()  # common values; others are allowed


_DEFAULTS = {field.name: field for field in msgspec.structs.fields(Recipe)}


def _default(name: str) -> object:
    field = _DEFAULTS[name]
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.default is msgspec.NODEFAULT else field.default


def group(name: Group, *rows: dict[str, Any]) -> list[FieldInfo]:
    """The rows of one group of the editor, each with the default of the recipe's own field."""
    return [FieldInfo(group=name, default=_default(one["name"]), **one) for one in rows]


def row(
    name: str,
    label: str,
    help: str,
    **more: Any,  # noqa: ANN401 - passed on to FieldInfo, which is typed
) -> dict[str, Any]:
    """One field: its name, its label, its sentence, and what else there is to say."""
    return {"name": name, "label": label, "help": help, **more}
