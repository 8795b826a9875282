"""At which line of a file a recipe or one of its fields stands, to be shown beside an error.

YAML and JSON are asked for the marks of their nodes. TOML's reader tells no places; there each
line that looks like the one is a candidate, and it is the one if what lies above it in its recipe
reads by itself, so that what looks alike inside of a long text is never mistaken for it.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import yaml

from core.recipes.exchange import LARGEST

Step = str | int
MOST_TRIES = 50  # candidates in a row that are read, each with what lies above it in its recipe
_HEADER = re.compile(r"\s*\[\[\s*recipes\s*\]\]")


class Lines:
    """The lines of one text, which is read once however often it is asked."""

    def __init__(self, text: str, format: str) -> None:
        self._text = text.removeprefix("\ufeff")
        self._is_toml = format == "toml"

    def of(self, number: int, field: str | None) -> int | None:
        """The line (from 1) of the field, else of its recipe; None: not found.

        `number` counts recipes from 1; with 0 the path begins at the top of the file.
        """
        path = steps(field or "")
        if len(self._text) > LARGEST:
            return None
        try:
            if self._is_toml:
                return _in_toml(self._lines, self._begins, number, path)
            return _in_nodes(self._root, number, path)
        except (yaml.YAMLError, RecursionError, ValueError):
            return None

    @cached_property
    def _root(self) -> yaml.Node | None:
        try:
            return yaml.compose(self._text.replace("\t", " "), Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError, ValueError):
            return None

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.splitlines()

    @cached_property
    def _begins(self) -> list[int]:
        return _begins_of(self._lines)


def line_of(text: str, format: str, number: int, field: str | None) -> int | None:
    """The same for who asks once."""
    return Lines(text, format).of(number, field)


def steps(path: str) -> list[Step]:
    """ "loras[0].path" is ["loras", 0, "path"]."""
    words = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return [int(index) if index else name for index, name in words]


# YAML and JSON


def _in_nodes(root: yaml.Node | None, number: int, path: Sequence[Step]) -> int | None:
    node = _recipe_node(root, number) if number else root
    if node is None:
        return None
    line = node.start_mark.line + 1
    rest = list(path)
    while rest and (found := _below(node, rest)) is not None:
        key, node, taken = found
        line, rest = key.start_mark.line + 1, rest[taken:]
    return line


def _recipe_node(root: yaml.Node | None, number: int) -> yaml.Node | None:
    """A list, the list under `recipes`, the table under `models`, or the only one."""
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "recipes":
                return _recipe_node(value, number)
            if key.value == "models" and isinstance(value, yaml.MappingNode):
                return value.value[number - 1][0] if number <= len(value.value) else None
        return root if number == 1 else None
    if isinstance(root, yaml.SequenceNode) and number <= len(root.value):
        item: yaml.Node = root.value[number - 1]
        return item
    return None


def _below(node: yaml.Node, path: Sequence[Step]) -> tuple[yaml.Node, yaml.Node, int] | None:
    """The key (or item), what stands under it, and how many steps that was: names may hold dots."""
    step = path[0]
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step], 1
    if isinstance(node, yaml.MappingNode):
        for taken in range(len(path), 0, -1):
            name = ".".join(map(str, path[:taken]))
            for key, value in node.value:
                if key.value == name:
                    return key, value, taken
    return None


# TOML


def _in_toml(
    lines: Sequence[str], begins: Sequence[int], number: int, path: Sequence[Step]
) -> int | None:
    if number > max(1, len(begins)):
        return None
    begin = begins[number - 1] if number and begins else 0  # or a single recipe without a header
    name = next((step for step in reversed(path) if isinstance(step, str)), None)
    for wanted in dict.fromkeys((name, path[0] if path else None)):
        found = _line_with(lines, begin, number, str(wanted)) if wanted is not None else None
        if found is not None:
            return found + 1
    return begin + 1


def _begins_of(lines: Sequence[str]) -> list[int]:
    """Where each recipe's header is: what lies between it and the one before reads by itself."""
    begins: list[int] = []
    tried = 0
    for index, line in enumerate(lines):
        if not _HEADER.match(line):
            continue
        above = _read(lines[begins[-1] if begins else 0 : index])
        if above is not None and len(above) == min(1, len(begins)):
            begins.append(index)
            tried = 0
        elif (tried := tried + 1) > MOST_TRIES:
            break
    return begins


def _line_with(lines: Sequence[str], begin: int, number: int, name: str) -> int | None:
    quoted = re.escape(name)
    looks = re.compile(
        rf"\s*(?:[\"']?{quoted}[\"']?\s*[=.]|\[+[^\]]*\b{quoted}\s*\]|.*[{{,]\s*{quoted}\s*=)"
    )
    tried = 0
    for index in range(begin, len(lines)):
        if not looks.match(lines[index]):
            continue
        tried += 1
        above = _read(lines[begin:index])
        if tried > MOST_TRIES or (above is not None and len(above) > min(1, number)):
            return None
        if above is not None:
            return index
    return None


def _read(lines: Sequence[str]) -> Sequence[Any] | None:
    """The recipes that stand in these lines; None when they end inside of something."""
    try:
        content: Mapping[str, Any] = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None
    recipes = content.get("recipes")
    return recipes if isinstance(recipes, list) else []
