"""How a field of a recipe is described; `fields.py` is the table of all of them."""

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from core.recipes.recipe import EngineKind, Recipe

Group = Literal[
    "who",  # who it is
    "what",  # what runs
    "called",  # how it is called
    "devices",  # parallelism and devices
    "memory",  # memory and precision
    "scheduling",
    "behaviour",
    "more",  # environment and extra arguments
    "life",  # lifecycle
    "cost",
]

Kind = Literal[
    "text",  # one line
    "prose",  # several, for people
    "whole",  # a whole number
    "number",
    "switch",  # true or false
    "maybe",  # true, false, or left to the engine
    "choice",  # one of `choices`; None too where that is the default
    "names",  # a list of names
    "lines",  # a list of texts that may hold spaces
    "devices",  # a list of indexes and UUIDs
    "variables",  # names with texts
    "parameters",  # names with any plain values
    "presets",  # names with parameters
    "parts",  # one table with the fields in `parts`
    "rows",  # a list of such tables
]

ALL: tuple[EngineKind, ...] = get_args(EngineKind)
SERVERS: tuple[EngineKind, ...] = ("vllm", "sglang", "transformers")
GPU: tuple[EngineKind, ...] = ("vllm", "sglang")
VLLM: tuple[EngineKind, ...] = ("vllm",)
COMMAND: tuple[EngineKind, ...] = ("command",)
SLEEPERS: tuple[EngineKind, ...] = ("vllm", "sglang", "command")


class FieldPart(msgspec.Struct, frozen=True, kw_only=True):
    """A field inside of a field: an adapter's path, the price of what is read."""

    name: str
    label: str
    kind: Kind
    default: Any = None
    required: bool = False


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A field's description. Numbers lie between `minimum` and `maximum`, both allowed."""

    name: str
    group: Group
    label: str
    help: str
    default: Any
    kind: Kind = "text"
    unit: str = ""
    engines: tuple[EngineKind, ...] = ALL  # where it has an effect
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None  # like `minimum`, but itself not allowed
    also: tuple[str, ...] = ()  # what engines and other programs call it
    suggestions: tuple[str, ...] = ()  # common values; others are allowed
    suggestions_by_engine: dict[EngineKind, tuple[str, ...]] = {}  # in place of `suggestions`
    choices: tuple[str, ...] = ()  # the only values
    parts: tuple[FieldPart, ...] = ()
    flags: dict[EngineKind, tuple[str, ...]] = {}  # what it becomes; see core/engines/spelled.py


_FIELDS = {field.name: field for field in msgspec.structs.fields(Recipe)}


def group(name: Group, *rows: dict[str, Any]) -> list[FieldInfo]:
    """The rows of one group of the editor; default, kind and choices are the struct's own."""
    return [FieldInfo(group=name, **_of_struct(one["name"]) | one) for one in rows]


def row(
    name: str,
    label: str,
    help: str,
    **more: Any,  # noqa: ANN401 - passed on to FieldInfo, which is typed
) -> dict[str, Any]:
    """One field: its name, its label, its sentence, and what else there is to say."""
    return {"name": name, "label": label, "help": help, **more}


def parts(shape: type[msgspec.Struct], **labels: str) -> tuple[FieldPart, ...]:
    """The fields of a struct inside a recipe, with the words for each, in the struct's order."""
    return tuple(
        FieldPart(
            name=field.name,
            label=labels[field.name],
            kind=kind_of(field.type),
            default=_default(field),
            required=field.required,
        )
        for field in msgspec.structs.fields(shape)
    )


def kind_of(type_: Any) -> Kind:  # noqa: ANN401 - any annotation of the struct
    """How values of this type are written down."""
    optional, bare = _bare(type_)
    origin, args = get_origin(bare), get_args(bare)
    if origin is Literal:
        return "choice"
    if origin is tuple:
        return _of_list(args[0])
    if origin is dict:
        return "variables" if args[1] is str else "parameters" if args[1] is Any else "presets"
    if bare is bool:
        return "maybe" if optional else "switch"
    kinds: dict[Any, Kind] = {int: "whole", float: "number", str: "text"}
    return kinds.get(bare, "parts")


def _of_list(item: Any) -> Kind:  # noqa: ANN401 - an annotation
    if item is str:
        return "names"
    return "rows" if isinstance(item, type) and issubclass(item, msgspec.Struct) else "devices"


def _bare(type_: Any) -> tuple[bool, Any]:  # noqa: ANN401 - an annotation
    """Whether None is allowed, and the type without it."""
    if get_origin(type_) not in (Union, UnionType):
        return False, type_
    rest = [one for one in get_args(type_) if one is not type(None)]
    return len(rest) < len(get_args(type_)), rest[0] if len(rest) == 1 else type_


def _of_struct(name: str) -> dict[str, Any]:
    field = _FIELDS[name]
    _, bare = _bare(field.type)
    choices = get_args(bare) if get_origin(bare) is Literal else ()
    return {"default": _default(field), "kind": kind_of(field.type), "choices": choices}


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.default is msgspec.NODEFAULT else field.default
