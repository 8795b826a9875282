"""The menu as dbusmenu numbers it. Pure.

A desktop reads the menu, shows it, and answers with a number. The machine may have changed in
between, so a number stands for the same line as long as that line means the same, and is never
given to another: a click on a menu that is a second old does what its label said, or nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from dbus_fast import Variant

from desktop.tray_menu import Item
from desktop.words.label import marked

ROOT = 0

Properties = dict[str, Variant]
Layout = list[Any]  # [id, properties, children], the wire's (ia{sv}av)


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered line."""

    properties: Properties
    children: tuple[int, ...] = ()
    item: Item | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a new menu changed: its shape, or only how some lines look."""

    reshaped: bool
    repainted: tuple[int, ...]


class MenuTree:
    """Numbers that last, over menus that come and go."""

    def __init__(self) -> None:
        self.revision = 1
        self.nodes: Mapping[int, Node] = {ROOT: Node(properties=_submenu())}
        self._numbers: dict[str, int] = {}

    def show(self, menu: Iterable[Item]) -> Change:
        """Take a new menu in; says what hosts have to be told."""
        nodes: dict[int, Node] = {}
        children = tuple(self._add(item, nodes) for item in menu)
        nodes[ROOT] = Node(properties=_submenu(), children=children)
        change = _difference(self.nodes, nodes)
        self.nodes = nodes
        if change.reshaped:
            self.revision += 1
        return change

    def layout(self, number: int, depth: int) -> Layout:
        """A line with its children, so many levels deep; -1: all. KeyError when it is gone."""
        node = self.nodes[number]
        children = [
            Variant("(ia{sv}av)", self.layout(child, depth - 1))
            for child in (node.children if depth else ())
        ]
        return [number, node.properties, children]

    def _add(self, item: Item, nodes: dict[int, Node]) -> int:
        number = self._numbers.setdefault(item.key, len(self._numbers) + 1)
        children = tuple(self._add(child, nodes) for child in item.submenu)
        nodes[number] = Node(properties=properties_of(item), children=children, item=item)
        return number


def properties_of(item: Item) -> Properties:
    """How a host shall draw the line. An underscore marks the access key; others are doubled."""
    if item.separator:
        return {"type": Variant("s", "separator"), "visible": Variant("b", True)}
    properties = {
        "label": Variant("s", marked(item.label, item.access, "_")),
        "enabled": Variant("b", item.enabled),
        "visible": Variant("b", True),
    }
    if item.checked is not None:
        properties["toggle-type"] = Variant("s", "radio" if item.radio else "checkmark")
        properties["toggle-state"] = Variant("i", int(item.checked))
    if item.submenu:
        properties |= _submenu()
    return properties


def _submenu() -> Properties:
    return {"children-display": Variant("s", "submenu")}


def _difference(old: Mapping[int, Node], new: Mapping[int, Node]) -> Change:
    """A line that gains or loses a property is a reshaping too: hosts only add what they hear."""
    repainted: list[int] = []
    for number, node in new.items():
        before = old.get(number)
        if (
            before is None
            or before.children != node.children
            or before.properties.keys() != node.properties.keys()
        ):
            return Change(reshaped=True, repainted=())
        if before.properties != node.properties:
            repainted.append(number)
    return Change(reshaped=False, repainted=tuple(repainted))
