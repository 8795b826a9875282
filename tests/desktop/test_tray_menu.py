"""The tray's picture for each state of the machine."""

from typing import Any

import pytest

from core.switching.commands import CancelChange, RequestEvict, RequestSwitch
from desktop.tray_menu import (
    FLAT,
    CopyEndpoint,
    Item,
    OpenWindow,
    Quit,
    ToggleAutostart,
    look_of,
)
from tests.desktop.pictures import change, english, machine, recipe


def flat(menu: tuple[Item, ...]) -> list[Item]:
    """Every line, submenus included."""
    return [line for item in menu for line in (item, *flat(item.submenu))]


def line(menu: tuple[Item, ...], label: str) -> Item:
    """The line with a label."""
    return next(item for item in flat(menu) if item.label == label)


def test_a_model_in_the_list_holds_the_switch_to_it() -> None:
    """The click needs no further thought: the command is in the item."""
    shown = english(machine(recipe("qwen"), recipe("llama")))
    assert line(shown.menu, "llama").action == RequestSwitch(target="llama")
    assert line(shown.menu, "llama").radio


def test_the_mark_stands_at_the_active_model() -> None:
    """Exactly one radio item is marked."""
    status = machine(recipe("qwen", "ready"), recipe("llama"), state="ready", active="qwen")
    marked = [item.label for item in flat(english(status).menu) if item.radio and item.checked]
    assert marked == ["qwen (ready)"]


def test_during_a_switch_the_mark_stands_where_it_is_going() -> None:
    """And the line says how far it is."""
    loading = recipe("llama", "loading", percent=40.0)
    status = machine(recipe("qwen"), loading, state="switching", switch=change("llama"))
    marked = [item.label for item in flat(english(status).menu) if item.radio and item.checked]
    assert marked == ["llama (loading 40 %)"]


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"percent": 42.4, "eta_s": 12.0}, "llama (loading 42 %, about 10 s left)"),
        ({"percent": 90.0, "eta_s": 3.0, "late": True}, "llama (loading 90 %, longer than usual)"),
        ({}, "llama (loading)"),
    ],
)
def test_a_loading_model_says_how_far_it_is(fields: dict[str, Any], label: str) -> None:
    """And how long it still takes, when earlier loads tell."""
    shown = english(machine(recipe("llama", "loading", **fields)))
    assert label in [item.label for item in shown.menu]


def test_a_change_under_way_can_be_cancelled() -> None:
    """Only then."""
    status = machine(recipe("qwen"), switch=change("qwen"), state="switching")
    assert line(english(status).menu, "Cancel the switch to qwen").action == CancelChange(
        target="qwen"
    )
    idle = english(machine(recipe("qwen")))
    assert not [item for item in flat(idle.menu) if isinstance(item.action, CancelChange)]


def test_what_is_resident_can_be_evicted() -> None:
    """One model is a line; several are a submenu that also offers everything."""
    one = english(machine(recipe("qwen", "ready"), state="ready", active="qwen"))
    assert line(one.menu, "Evict qwen").action == RequestEvict(target="qwen")
    two = english(machine(recipe("qwen", "ready"), recipe("llama", "ready"), state="ready"))
    assert [item.label for item in line(two.menu, "Evict").submenu] == [
        "Evict qwen",
        "Evict llama",
        "Evict everything",
    ]
    assert line(two.menu, "Evict everything").action == RequestEvict()


def test_nothing_resident_nothing_to_evict() -> None:
    """No dead lines in the menu."""
    menu = english(machine(recipe("qwen"))).menu
    assert not [item for item in flat(menu) if item.label.startswith("Evict")]


def test_the_tools_are_always_there() -> None:
    """Open, logs, endpoint, autostart and quit, whatever the machine does."""
    menu = english(machine(), autostart=True).menu
    actions = [item.action for item in flat(menu) if item.action]
    assert actions == [
        OpenWindow(),
        OpenWindow(page="logs"),
        CopyEndpoint(endpoint="http://127.0.0.1:8080/v1"),
        ToggleAutostart(turn_on=False),
        Quit(),
    ]


def test_engines_can_be_left_running_when_there_are_any() -> None:
    """The second way to quit is only offered when it means something."""
    menu = english(machine(recipe("qwen", "ready"))).menu
    assert line(menu, "Quit, leave engines running").action == Quit(leave_engines=True)


def test_many_models_do_not_fill_the_screen() -> None:
    """The rest is one level deeper."""
    menu = english(machine(*(recipe(f"m{n}") for n in range(FLAT + 5)))).menu
    assert len(line(menu, "More models").submenu) == 5


def test_every_line_has_a_key_of_its_own() -> None:
    """Numbers are given by key, so two lines with one key would be one line."""
    status = machine(
        *(recipe(f"m{n}", "ready") for n in range(FLAT + 3)), switch=change("m1"), active="m0"
    )
    keys = [item.key for item in flat(english(status).menu)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("state", "recipe_state", "look"),
    [
        ("idle", "stopped", "idle"),
        ("ready", "ready", "ready"),
        ("failed", "failed", "failed"),
        ("switching", "stopped", "busy"),
        ("ready", "loading", "busy"),
    ],
)
def test_the_icon_tells_the_state(state: str, recipe_state: str, look: str) -> None:
    """Each state of the machine has one look."""
    assert look_of(machine(recipe("qwen", recipe_state), state=state)) == look
