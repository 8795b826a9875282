"""What the tray shows, as a plain value: a picture of the machine in, icon, title and menu out.

Pure, so that every state can be tested without a desktop. Items that change something already
hold the command they stand for; the tray only hands it to the studio.
"""

from typing import Literal

import msgspec

from core.loading_words import how_far
from core.status import RecipeView, Status, SwitchView
from core.switching.commands import CancelChange, RequestEvict, RequestSwitch

Look = Literal["ready", "busy", "failed", "idle"]

FLAT = 10  # so many recipes stand in the menu itself, the rest in a submenu


class OpenWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Show the window, at a page of it."""

    page: str = ""


class CopyEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Put the OpenAI endpoint on the clipboard."""

    endpoint: str


class ToggleAutostart(msgspec.Struct, frozen=True, kw_only=True):
    """Start at login, or no longer."""

    turn_on: bool


class Quit(msgspec.Struct, frozen=True, kw_only=True):
    """End vLLM Studio."""

    leave_engines: bool = False


Action = (
    RequestSwitch | RequestEvict | CancelChange | OpenWindow | CopyEndpoint | ToggleAutostart | Quit
)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the menu. `key` stays the same while the line means the same."""

    key: str
    label: str = ""
    action: Action | None = None
    enabled: bool = True
    checked: bool | None = None  # None: nothing to check
    radio: bool = False
    default: bool = False  # what a plain click on the icon does
    separator: bool = False
    submenu: tuple["Item", ...] = ()


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the tray shows at one moment."""

    look: Look
    title: str
    menu: tuple[Item, ...]


def picture(status: Status, *, autostart: bool = False) -> Picture:
    """The tray for this state of the machine."""
    return Picture(
        look=look_of(status),
        title=f"vLLM Studio: {status.headline}",
        menu=(
            Item(key="open", label="Open vLLM Studio", action=OpenWindow(), default=True),
            Item(key="headline", label=status.headline, enabled=False),
            *_line("models", _models(status)),
            *_line("room", (*_cancel(status.switch), *_evict(status))),
            Item(key="line-tools", separator=True),
            Item(key="logs", label="Open logs", action=OpenWindow(page="logs")),
            Item(
                key="endpoint",
                label="Copy endpoint",
                action=CopyEndpoint(endpoint=status.endpoint),
            ),
            Item(
                key="autostart",
                label="Start at login",
                action=ToggleAutostart(turn_on=not autostart),
                checked=autostart,
            ),
            Item(key="line-quit", separator=True),
            *_quit(status),
        ),
    )


def look_of(status: Status) -> Look:
    """The icon's state: a change under way outshines what is ready, a failure what is idle."""
    if status.switch is not None or any(e.state in ("starting", "loading") for e in status.engines):
        return "busy"
    match status.state:
        case "ready":
            return "ready"
        case "switching":
            return "busy"
        case "failed":
            return "failed"
        case "idle":
            return "idle"


def _line(name: str, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Items under a separator; no items, no separator."""
    return (Item(key=f"line-{name}", separator=True), *items) if items else ()


# -- the quick-switch list -----------------------------------------------------------------------


def _models(status: Status) -> tuple[Item, ...]:
    """One radio item per recipe; the mark stands where the machine is going."""
    marked = _destination(status)
    items = tuple(_model(recipe, marked) for recipe in status.recipes)
    if len(items) <= FLAT:
        return items
    more = Item(key="more", label="More models", submenu=items[FLAT:])
    return (*items[:FLAT], more)


def _destination(status: Status) -> str | None:
    change = status.switch
    if change is not None and change.kind != "evict":
        return change.target
    return status.active


def _model(recipe: RecipeView, marked: str | None) -> Item:
    return Item(
        key=f"switch {recipe.id}",
        label=_in_words(recipe),
        action=RequestSwitch(target=recipe.id),
        checked=recipe.id == marked,
        radio=True,
    )


def _in_words(recipe: RecipeView) -> str:
    name = recipe.name or recipe.id
    match recipe.state:
        case "stopped":
            return name
        case "loading" | "starting" as state:
            far = how_far(recipe.percent, recipe.eta_s, late=recipe.late)
            return f"{name} ({state}{far})"
        case state:
            return f"{name} ({state})"


# -- leaving -------------------------------------------------------------------------------------


def _cancel(change: SwitchView | None) -> tuple[Item, ...]:
    if change is None:
        return ()
    label = f"Cancel the {change.kind}" + (f" to {change.target}" if change.target else "")
    return (Item(key="cancel", label=label, action=CancelChange(target=change.target)),)


def _evict(status: Status) -> tuple[Item, ...]:
    there = ("ready", "asleep", "starting", "loading", "left-alone")
    resident = [r for r in status.recipes if r.state in there]
    items = tuple(
        Item(
            key=f"evict {recipe.id}",
            label=f"Evict {recipe.name or recipe.id}",
            action=RequestEvict(target=recipe.id),
        )
        for recipe in resident
    )
    if len(items) < 2:
        return items
    everything = Item(key="evict", label="Evict everything", action=RequestEvict())
    return (Item(key="evict-menu", label="Evict", submenu=(*items, everything)),)


def _quit(status: Status) -> tuple[Item, ...]:
    items = [Item(key="quit", label="Quit", action=Quit())]
    if any(engine.state not in ("stopped", "failed") for engine in status.engines):
        leave = Quit(leave_engines=True)
        items.append(Item(key="quit-leave", label="Quit, leave engines running", action=leave))
    return tuple(items)
