"""What the tray shows, as a plain value: a picture of the machine in, icon, title and menu out.

Pure, so that every state can be tested without a desktop. Items that change something already
hold the command they stand for; the tray only hands it to the studio.
"""

from typing import Literal

import msgspec

from core.status import RecipeView, Status, SwitchView
from core.switching.commands import CancelChange, RequestEvict, RequestSwitch
from desktop.model_lines import in_words, short, standing_out
from desktop.words.headline import headline
from desktop.words.label import label
from desktop.words.speech import Speech

Look = Literal["ready", "busy", "failed", "idle"]

FLAT = 10  # so many recipes stand in the menu itself, the rest in a submenu
WIDEST = 80  # characters of a line that is only read


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
    access: int | None = None  # where in the label the letter stands that chooses it
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


def picture(status: Status, speech: Speech, *, autostart: bool = False) -> Picture:
    """The tray for this state of the machine, in this language."""
    words = speech.words
    sentence = headline(status, speech)
    return Picture(
        look=look_of(status),
        title=f"vLLM Studio: {sentence}",
        menu=(
            _item("open", words.open_window, action=OpenWindow(), default=True),
            Item(key="headline", label=short(sentence, WIDEST), enabled=False),
            *_line("models", _models(status, speech)),
            *_line("room", (*_cancel(status, speech), *_evict(status, speech))),
            Item(key="line-tools", separator=True),
            _item("logs", words.open_logs, action=OpenWindow(page="logs")),
            _item("endpoint", words.copy_endpoint, action=CopyEndpoint(endpoint=status.endpoint)),
            _item(
                "autostart",
                words.start_at_login,
                action=ToggleAutostart(turn_on=not autostart),
                checked=autostart,
            ),
            Item(key="line-quit", separator=True),
            *_quit(status, speech),
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


def _item(
    key: str,
    template: str,
    *,
    name: str = "",
    action: Action | None = None,
    checked: bool | None = None,
    default: bool = False,
    submenu: tuple[Item, ...] = (),
) -> Item:
    """A line by its words, with the name they are about."""
    text, access = label(template, name=short(name))
    return Item(
        key=key,
        label=text,
        access=access,
        action=action,
        checked=checked,
        default=default,
        submenu=submenu,
    )


# -- the quick-switch list -----------------------------------------------------------------------


def _models(status: Status, speech: Speech) -> tuple[Item, ...]:
    """One radio item per recipe; the mark stands where the machine is going.

    When there are many, those that stand out are in the menu itself. Neither list is rearranged:
    a line keeps its neighbours while the machine works.
    """
    marked = _destination(status)
    first = standing_out(status.recipes, marked, FLAT)
    here: list[Item] = []
    deeper: list[Item] = []
    for recipe in status.recipes:
        (here if recipe.id in first else deeper).append(_model(recipe, marked, speech))
    if not deeper:
        return tuple(here)
    return (*here, _item("more", speech.words.more_models, submenu=tuple(deeper)))


def _destination(status: Status) -> str | None:
    change = status.switch
    if change is not None and change.kind != "evict":
        return change.target
    return status.active


def _model(recipe: RecipeView, marked: str | None, speech: Speech) -> Item:
    return Item(
        key=f"switch {recipe.id}",
        label=in_words(recipe, speech),
        action=RequestSwitch(target=recipe.id),
        checked=recipe.id == marked,
        radio=True,
    )


# -- leaving -------------------------------------------------------------------------------------


def _cancel(status: Status, speech: Speech) -> tuple[Item, ...]:
    """Each change under way can be given up: several models may load at once."""
    names = {recipe.id: recipe.name or recipe.id for recipe in status.recipes}
    changes = status.switches or ((status.switch,) if status.switch is not None else ())
    items = tuple(_cancelling(change, names, speech) for change in changes)
    if len(items) < 2:
        return items
    return (_item("cancel-menu", speech.words.cancel, submenu=items),)


def _cancelling(change: SwitchView, names: dict[str, str], speech: Speech) -> Item:
    words = speech.words
    target = change.target or ""
    templates = {
        "switch": words.cancel_switch,
        "load": words.cancel_load,
        "evict": words.cancel_evict if target else words.cancel_evict_everything,
    }
    return _item(
        f"cancel {target}".strip(),
        templates[change.kind],
        name=names.get(target, target),
        action=CancelChange(target=change.target),
    )


def _evict(status: Status, speech: Speech) -> tuple[Item, ...]:
    words = speech.words
    there = ("ready", "asleep", "starting", "loading", "left-alone")
    resident = [r for r in status.recipes if r.state in there]
    items = tuple(
        _item(
            f"evict {recipe.id}",
            words.evict_one,
            name=recipe.name or recipe.id,
            action=RequestEvict(target=recipe.id),
        )
        for recipe in resident
    )
    if len(items) < 2:
        return items
    everything = _item("evict", words.evict_everything, action=RequestEvict())
    return (_item("evict-menu", words.evict, submenu=(*items, everything)),)


def _quit(status: Status, speech: Speech) -> tuple[Item, ...]:
    items = [_item("quit", speech.words.quit, action=Quit())]
    if any(engine.state not in ("stopped", "failed") for engine in status.engines):
        leave = Quit(leave_engines=True)
        items.append(_item("quit-leave", speech.words.quit_leaving_engines, action=leave))
    return tuple(items)
