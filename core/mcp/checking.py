"""Whether a call's arguments fit the tool's schema, and in which words a model is told.

Patterns and formats are left to the server: a hostile regular expression could hold up everything.
So is whether items are unique, which takes as long as each is compared with each.
Nothing is fetched: a schema that points elsewhere is not followed.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

MOST_STEPS = 10_000  # of one check; a schema may be made so that it never ends
MOST_TOLD = 5
LONGEST = 300  # characters of one complaint
LEFT_TO_THE_SERVER = ("pattern", "patternProperties", "format", "uniqueItems")


def can_be_said(arguments: dict[str, Any]) -> bool:
    """Whether they can be sent and shown at all: half a character can not."""
    try:
        msgspec.json.encode(arguments)
    except (ValueError, RecursionError):
        return False
    return True


def complaints(parameters: dict[str, Any], arguments: dict[str, Any]) -> tuple[str, ...]:
    """What does not fit, most important first; none: all does, as far as can be told."""
    try:
        return tuple(_told(parameters, arguments))
    except Exception:  # a schema that is none, or never ends: the server knows what it wants
        return ()


def _told(parameters: dict[str, Any], arguments: dict[str, Any]) -> Iterator[str]:
    _Steps.left = MOST_STEPS
    validator = _validator(msgspec.json.encode(parameters, order="sorted"))
    found = sorted(validator.iter_errors(arguments), key=lambda one: len(one.absolute_path))
    for error in found[:MOST_TOLD]:
        where = ".".join(map(str, error.absolute_path))
        words = error.message if len(error.message) <= LONGEST else f"{error.message[:LONGEST]} …"
        yield f"{where}: {words}" if where else words
    if len(found) > MOST_TOLD:
        yield f"and {len(found) - MOST_TOLD} more"


@lru_cache(maxsize=256)
def _validator(encoded: bytes) -> Any:  # noqa: ANN401 - jsonschema is not typed
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend, validator_for

    schema = msgspec.json.decode(encoded)
    if _points_elsewhere(schema):
        raise LookupError("this schema would have to be fetched")
    kind = validator_for(schema, default=Draft202012Validator)
    rules = {name: _counted(rule) for name, rule in kind.VALIDATORS.items()}
    calm = extend(kind, {**rules, **dict.fromkeys(LEFT_TO_THE_SERVER, _passes)})
    return calm(schema)


def _points_elsewhere(schema: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether a part of it is said to stand in another document."""
    left = [schema]
    while left:
        match left.pop():
            case dict() as table:
                left += table.values()
                pointers = (table.get(name) for name in ("$ref", "$dynamicRef", "$recursiveRef"))
                if any(isinstance(one, str) and not one.startswith("#") for one in pointers):
                    return True
            case list() as several:
                left += several
    return False


class _Steps:
    left = MOST_STEPS


def _counted(rule: Callable[..., Iterator[Any] | None]) -> Callable[..., Iterator[Any]]:
    def counted(*what: object) -> Iterator[Any]:
        _Steps.left -= 1
        if _Steps.left < 0:
            raise OverflowError("this schema takes too long to check")
        yield from rule(*what) or ()

    return counted


def _passes(*_: object) -> Iterator[Any]:
    return iter(())
