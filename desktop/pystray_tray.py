"""The tray icon through pystray: macOS, Windows, and old Linux panels that embed X windows.

pystray must run on the main thread, its macOS backend must be called from there only (it traps
otherwise), and its notifications may raise out of `run`; each of these is met here once.
The macOS and Windows branches follow pystray's documentation and issues and were not run.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from desktop.model_lines import short
from desktop.notifications import Notification
from desktop.tray_icon import icon
from desktop.tray_menu import Action, Item, Picture
from desktop.words.label import marked, unmarked

# Windows has fields of so many UTF-16 units for these: what is longer raises, and is not shown.
TITLE = 127
NOTE_TITLE = 63
NOTE = 255


def fitting(text: str, most: int) -> str:
    """As much of a text as so many UTF-16 units hold; beyond the first plane a letter takes two."""
    letters = most
    told = short(text, letters)
    while (units := len(told.encode("utf-16-le", "surrogatepass")) // 2) > most:
        letters = min(letters, len(told)) - max(1, (units - most) // 2)
        told = short(text, letters)
    return told


def ui_call(work: Callable[[], object]) -> None:
    """Do it where the toolkit wants it done."""
    if sys.platform == "darwin":
        from PyObjCTools import AppHelper  # only there

        AppHelper.callAfter(work)
    else:
        work()  # Windows takes it from any thread; the GTK backend marshals by itself


class PystrayTray:
    """One icon. `run` belongs to the main thread; everything else may be called from any."""

    def __init__(self, *, clicked: Callable[[Action], None], activated: Callable[[], None]) -> None:
        if sys.platform.startswith("linux"):
            os.environ.setdefault("PYSTRAY_BACKEND", "gtk")
        import pystray  # without a display this import itself raises

        self._pystray = pystray
        self._clicked = clicked
        self._activated = activated
        self._icon: Any = pystray.Icon("vllm-studio", icon("idle"), "vLLM Studio")

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon until `stop`."""

        def shown(shown_icon: Any) -> None:  # noqa: ANN401  # pystray has no types
            shown_icon.visible = True
            ready()

        self._icon.run(shown)

    def show(self, picture: Picture) -> None:
        """Show another picture."""

        def change() -> None:
            self._icon.icon = icon(picture.look)
            self._icon.title = fitting(picture.title, TITLE)
            self._icon.menu = self._pystray.Menu(*self._items(picture.menu))
            self._icon.update_menu()

        ui_call(change)

    def notify(self, notification: Notification) -> None:
        """Tell the person, if this desktop can; a broken daemon must not end the tray."""

        def tell() -> None:
            with contextlib.suppress(Exception):  # GLib.Error, NotImplementedError, …
                title = fitting(notification.title, NOTE_TITLE)
                self._icon.notify(fitting(notification.text, NOTE), title)

        ui_call(tell)

    def stop(self) -> None:
        """Take the icon away and let `run` return."""
        ui_call(self._icon.stop)

    def _items(self, menu: tuple[Item, ...]) -> Iterator[Any]:
        for item in menu:
            if item.separator:
                yield self._pystray.Menu.SEPARATOR
            elif item.submenu:
                yield self._pystray.MenuItem(
                    _label(item), self._pystray.Menu(*self._items(item.submenu))
                )
            else:
                yield self._item(item)

    def _item(self, item: Item) -> Any:  # noqa: ANN401  # pystray has no types
        checked = None if item.checked is None else lambda _: bool(item.checked)
        return self._pystray.MenuItem(
            _label(item),
            self._does(item),
            checked=checked,
            radio=item.radio,
            default=item.default,
            enabled=item.enabled,
        )

    def _does(self, item: Item) -> Callable[..., None] | None:
        """pystray looks at how many arguments it may pass, so this takes exactly none."""
        action = item.action
        if action is None:
            return None

        def act() -> None:
            if item.default:
                self._activated()
            else:
                self._clicked(action)

        return act


def _label(item: Item) -> str:
    """Windows marks the letter that chooses a line; elsewhere pystray's menus have none."""
    if sys.platform == "win32":
        return marked(item.label, item.access, "&")
    return unmarked(item.label, item.access)
