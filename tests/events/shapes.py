"""Facts of every kind for tests: any value the types allow, found from the types themselves."""

import types
import typing
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from events.codec import FACT_TYPES
from events.facts.base import Fact

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
INTEGER = st.integers(-(2**63), 2**63 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGER | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SCALARS: dict[object, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: INTEGER,
    float: NUMBER,
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    Any: JSON,
    types.NoneType: st.none(),
}


@cache
def facts_of(kind: type[Fact]) -> st.SearchStrategy[Fact]:
    """Any fact of one kind."""
    return _built(kind)


def facts() -> st.SearchStrategy[Fact]:
    """Any fact there is; named by its kinds, for all that they hold is too long to be told."""
    return st.sampled_from(FACT_TYPES).flatmap(facts_of)


def _any(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of one type; a type unknown here is an error, so that no field goes untested."""
    arguments = typing.get_args(hint)
    match typing.get_origin(hint):
        case None:
            is_struct = isinstance(hint, type) and issubclass(hint, msgspec.Struct)
            return _built(hint) if is_struct else SCALARS[hint]
        case types.UnionType | typing.Union:
            return st.one_of([_any(argument) for argument in arguments])
        case origin if origin is tuple:
            return st.lists(_any(arguments[0]), max_size=3).map(tuple)
        case origin if origin is dict:
            return st.dictionaries(_any(arguments[0]), _any(arguments[1]), max_size=3)
        case _:
            raise TypeError(f"no strategy for {hint}")


def _built(kind: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{field: _any(hints[field]) for field in kind.__struct_fields__})
