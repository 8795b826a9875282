"""The menu's numbers, as desktops use them."""

import pytest

from desktop.status_notifier.tree import ROOT, MenuTree
from desktop.tray_menu import Item, OpenWindow
from tests.desktop.pictures import english, machine, recipe


def numbers(tree: MenuTree) -> dict[str, int]:
    """Key to number, of the lines that are there now."""
    return {node.item.key: n for n, node in tree.nodes.items() if node.item is not None}


def test_a_line_keeps_its_number_while_it_means_the_same() -> None:
    """A click on a menu that is a second old still does what its label said."""
    tree = MenuTree()
    tree.show(english(machine(recipe("qwen"), recipe("llama"))).menu)
    before = numbers(tree)
    tree.show(english(machine(recipe("llama", "ready"), recipe("new"), active="llama")).menu)
    after = numbers(tree)
    assert after["switch llama"] == before["switch llama"]
    assert before["switch qwen"] not in tree.nodes


def test_a_number_is_never_given_to_another_line() -> None:
    """A late click on a line that is gone hits nothing."""
    tree = MenuTree()
    seen: dict[int, str] = {}
    for names in (("a", "b"), ("b", "c"), ("d",), ("a",)):
        tree.show(english(machine(*map(recipe, names))).menu)
        for key, number in numbers(tree).items():
            assert seen.setdefault(number, key) == key


def test_only_looks_changed_so_an_open_menu_stays_open() -> None:
    """A moving percent repaints its line and the first one, and reshapes nothing."""
    tree = MenuTree()
    tree.show(english(machine(recipe("qwen", "loading", percent=10.0))).menu)
    change = tree.show(english(machine(recipe("qwen", "loading", percent=20.0))).menu)
    assert not change.reshaped
    assert change.repainted == (numbers(tree)["headline"], numbers(tree)["switch qwen"])


def test_a_new_line_is_a_new_layout() -> None:
    """Hosts are told to read again, under a higher revision."""
    tree = MenuTree()
    tree.show(english(machine()).menu)
    revision = tree.revision
    assert tree.show(english(machine(recipe("qwen"))).menu).reshaped
    assert tree.revision == revision + 1


def test_the_same_menu_again_tells_nobody() -> None:
    """Silence when nothing changed."""
    tree = MenuTree()
    menu = english(machine(recipe("qwen"))).menu
    tree.show(menu)
    change = tree.show(menu)
    assert not change.reshaped
    assert change.repainted == ()


def test_a_layout_is_as_deep_as_asked() -> None:
    """Depth 0: the line alone; 1: its children without theirs; -1: all."""
    tree = MenuTree()
    inner = Item(key="in", label="in", action=OpenWindow())
    tree.show((Item(key="out", label="out", submenu=(inner,)),))
    assert tree.layout(ROOT, 0)[2] == []
    (child,) = tree.layout(ROOT, 1)[2]
    assert child.value[2] == []
    (child,) = tree.layout(ROOT, -1)[2]
    assert len(child.value[2]) == 1


def test_a_line_that_is_gone_has_no_layout() -> None:
    """KeyError, which the D-Bus side turns into an error of the protocol."""
    with pytest.raises(KeyError):
        MenuTree().layout(99, -1)


def test_an_underscore_is_not_an_access_key() -> None:
    """Model names are full of them; the one that is meant stands before its letter."""
    tree = MenuTree()
    tree.show((Item(key="x", label="my_model"), Item(key="y", label="load my_model", access=5)))
    assert tree.nodes[1].properties["label"].value == "my__model"
    assert tree.nodes[2].properties["label"].value == "load _my__model"
