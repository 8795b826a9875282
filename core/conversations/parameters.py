"""What a model may be asked with: the known parameters and their ranges. Pure.

What is not known here is handed on as it is: engines take many more, each its own. What is known is
checked before it is sent, so that a wrong number is told at its field and not by an engine.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.errors import Invalid

OURS = frozenset({"messages", "model", "n", "stream", "stream_options", "tools", "tool_choice"})
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
FORMATS = ("text", "json_object", "json_schema")
MOST_TOKENS = 10_000_000
MOST_STOPS = 16
MOST_BYTES = 256 * 1024  # of all parameters together
SEEDS = 2**63

Check = Callable[[str, object], None]


def demand_parameters(parameters: Mapping[str, Any], *, at: str = "parameters") -> None:
    """Raise Invalid for the first that can not be sent; its field begins with `at`."""
    taken = sorted(OURS & parameters.keys())
    if taken:
        raise Invalid(
            f"{', '.join(taken)} can not be among the parameters: the studio sets it itself",
            field=f"{at}.{taken[0]}",
        )
    if _size(parameters, at) > MOST_BYTES:
        raise Invalid(f"the parameters are longer than {MOST_BYTES // 1024} KiB", field=at)
    for name, value in parameters.items():
        if name in KNOWN:
            KNOWN[name](f"{at}.{name}", value)


def _size(parameters: Mapping[str, Any], at: str) -> int:
    try:
        return len(msgspec.json.encode(parameters))
    except UnicodeEncodeError:
        raise Invalid("the parameters hold half a character", field=at) from None


def _number(least: float, most: float, *, above: bool = False) -> Check:
    """A number from `least` to `most`; `above`: more than `least`."""

    def check(field: str, value: object) -> None:
        if _is_between(value, least, most) and not (above and value == least):
            return
        name, given = _name(field), _given(value)
        told = f"{name} is a number, {least:g} to {most:g}, not {given}"
        if above:
            told = f"{name} is a number, above {least:g}, at most {most:g}, not {given}"
        raise Invalid(told, field=field)

    return check


def _is_between(value: object, least: float, most: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and least <= value <= most


def _whole(least: int, most: int) -> Check:
    def check(field: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            name, given = _name(field), _given(value)
            told = f"{name} is a whole number, {least} to {most}, not {given}"
            raise Invalid(told, field=field)

    return check


def _stops(field: str, value: object) -> None:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        name, given = _name(field), _given(value)
        told = f"{name} is a text or a list of texts, none of them empty, not {given}"
        raise Invalid(told, field=field)
    if len(given) > MOST_STOPS:
        raise Invalid(f"{_name(field)} holds at most {MOST_STOPS} texts", field=field)


def _effort(field: str, value: object) -> None:
    if value not in EFFORTS:
        raise _wrong(field, f"one of {', '.join(EFFORTS)}", value)


def _template(field: str, value: object) -> None:
    if not isinstance(value, dict):
        raise _wrong(field, "an object", value)
    thinking = value.get("enable_thinking")
    if thinking is not None and not isinstance(thinking, bool):
        raise _wrong(f"{field}.enable_thinking", "true or false", thinking)


def _format(field: str, value: object) -> None:
    if not isinstance(value, dict) or value.get("type") not in FORMATS:
        raise _wrong(field, f"an object whose type is one of {', '.join(FORMATS)}", value)
    if value["type"] != "json_schema":
        return
    described = value.get("json_schema")
    if not isinstance(described, dict) or not isinstance(described.get("schema"), dict):
        raise _wrong(f"{field}.json_schema", "an object with a name and a schema", described)
    if not isinstance(described.get("name"), str) or not described["name"].strip():
        raise Invalid("a JSON schema needs a name", field=f"{field}.json_schema.name")
    _demand_schema(f"{field}.json_schema.schema", described["schema"])


def _demand_schema(field: str, schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator  # only where there is a schema
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as problem:
        where = "".join(f".{part}" for part in problem.absolute_path)
        raise Invalid(
            f"this is no JSON schema: {problem.message:.200}", field=field + where
        ) from None


def _wrong(field: str, wanted: str, value: object) -> Invalid:
    return Invalid(f"{_name(field)} is {wanted}, not {_given(value)}", field=field)


def _given(value: object) -> str:
    given = msgspec.json.encode(value).decode()
    return given if len(given) <= 40 else f"{given[:40]}…"


def _name(field: str) -> str:
    return field.rpartition("parameters.")[2]


KNOWN: Mapping[str, Check] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1, above=True),
    "top_k": _whole(-1, 1_000_000),
    "min_p": _number(0, 1),
    "max_tokens": _whole(1, MOST_TOKENS),
    "max_completion_tokens": _whole(1, MOST_TOKENS),
    "stop": _stops,
    "seed": _whole(-SEEDS, SEEDS - 1),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "repetition_penalty": _number(0, 2, above=True),
    "reasoning_effort": _effort,
    "chat_template_kwargs": _template,
    "response_format": _format,
}
