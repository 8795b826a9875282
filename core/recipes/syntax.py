"""TOML, YAML and JSON as plain data, with one kind of error: what is wrong, at line and column."""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any, NoReturn

import tomlkit
import yaml

from core.errors import Invalid

_HEADER = """\
# Recipes of vLLM Studio: saved launch configurations for inference servers.
# Only what differs from the engine's own default stands here.
# Values such as "@secret:…" are references; the secrets themselves stay on their machine.
"""


class Unreadable(Invalid):
    """The text is not in its format. `line` and `column` count from 1; None when not known."""

    def __init__(self, format: str, reason: str, line: int | None, column: int | None) -> None:
        where = f", line {line}, column {column}" if line is not None else ""
        super().__init__(f"{format}{where}: {reason}", code="syntax")
        self.line = line
        self.column = column


# TOML

_AT = re.compile(r"^(?P<reason>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|.*)\)$", re.S)


def read_toml(text: str) -> object:
    """Plain data; dates stay dates."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.match(str(error))
        reason = at["reason"] if at else str(error)
        if at and at["line"]:
            raise Unreadable("TOML", reason, int(at["line"]), int(at["column"])) from None
        lines = text.split("\n")
        raise Unreadable("TOML", reason, len(lines), len(lines[-1]) + 1) from None
    except ValueError as error:  # a number of thousands of digits
        raise Unreadable("TOML", str(error), None, None) from None
    except RecursionError:
        raise _too_deep("TOML") from None


def write_toml(recipes: list[dict[str, Any]]) -> str:
    """`[[recipes]]` tables under a header of comments."""
    return f"{_HEADER}\n{tomlkit.dumps({'recipes': recipes})}"


# YAML


class _StrictLoader(yaml.SafeLoader):
    """Safe, and a key that stands twice is an error instead of a silent loss."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> object:
    """Plain data."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "not YAML"
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise Unreadable("YAML", reason, line, column) from None
    except yaml.reader.ReaderError as error:
        line, column = _place(text, error.position)
        raise Unreadable("YAML", error.reason, line, column) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2026-13-45 looks like a date
        raise Unreadable("YAML", str(error), None, None) from None
    except RecursionError:
        raise _too_deep("YAML") from None


class _FaithfulDumper(yaml.SafeDumper):
    """Quotes the line ends that PyYAML would otherwise write as they are and read as spaces."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = '"' if _RARE_LINE_ENDS.search(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_RARE_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_FaithfulDumper.add_representer(str, _FaithfulDumper.represent_text)


def write_yaml(recipes: list[dict[str, Any]]) -> str:
    """A `recipes` list under a header of comments."""
    body = yaml.dump(
        {"recipes": recipes},
        Dumper=_FaithfulDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
    )
    return f"{_HEADER}\n{body}"


# JSON


def read_json(text: str) -> object:
    """Plain data; NaN and keys that stand twice are errors."""
    try:
        return json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable("JSON", error.msg, error.lineno, error.colno) from None
    except ValueError as error:
        raise Unreadable("JSON", str(error), None, None) from None
    except RecursionError:
        raise _too_deep("JSON") from None


def write_json(recipes: list[dict[str, Any]]) -> str:
    """An object with a `recipes` list; JSON has no comments."""
    return json.dumps({"recipes": recipes}, indent=2, ensure_ascii=False) + "\n"


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise ValueError(f"the key {key!r} stands twice")
        table[key] = value
    return table


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON knows")


def _place(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _too_deep(format: str) -> Unreadable:
    return Unreadable(format, "it is nested too deeply", None, None)


READERS: dict[str, Callable[[str], object]] = {
    "toml": read_toml,
    "yaml": read_yaml,
    "json": read_json,
}
WRITERS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "toml": write_toml,
    "yaml": write_yaml,
    "json": write_json,
}
