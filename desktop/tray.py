"""The tray: shows the studio's newest picture, hands clicks to the studio, tells the news.

studio thread    listen(status) ──► picture (pure) ──► icon.show    (marshals by itself)
main thread      icon.run ──► a click ──► studio.submit(command, actor="tray")
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, assert_never

from core.errors import StudioError
from core.status import Status
from core.switching.commands import CancelChange, RequestEvict, RequestSwitch
from desktop import autostart
from desktop.clipboard import copy
from desktop.notifications import Notification, news, why_and_next
from desktop.tray_menu import (
    Action,
    CopyEndpoint,
    OpenWindow,
    Picture,
    Quit,
    ToggleAutostart,
    picture,
)
from desktop.words import Speech, in_force
from desktop.words.speech import Templates


class TrayIcon(Protocol):
    """What draws the icon. `run` blocks its thread; the rest may be called from any."""

    def run(self, ready: Callable[[], None]) -> None:
        """Show it until `stop`; `ready` is called once it takes pictures."""
        ...

    def show(self, picture: Picture) -> None:
        """Show another picture."""
        ...

    def notify(self, notification: Notification) -> None:
        """Tell the person, if possible."""
        ...

    def stop(self) -> None:
        """Let `run` return."""
        ...


class Studio(Protocol):
    """The part of the studio that the tray uses."""

    def status(self) -> Status:
        """The newest picture."""
        ...

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Called with every new picture; returns how to stop."""
        ...

    def submit(self, command: Any, *, actor: str) -> "Future[Any]":  # noqa: ANN401  # any command
        """A wish, from this thread."""
        ...


class Tray:
    """Ties the icon to the studio."""

    def __init__(
        self,
        studio: Studio,
        *,
        open_window: Callable[[str], None],
        quit_app: Callable[[bool], None],
        templates: Templates,
    ) -> None:
        """`templates` tells a language's words for what the server says in English."""
        self._studio = studio
        self._open_window = open_window
        self._quit_app = quit_app
        self._templates = templates
        self._speeches: dict[str, Speech] = {}
        self._before: Status | None = None
        self._shown: Picture | None = None
        self._autostart = autostart.is_on()
        self._icon = tray_icon(clicked=self.perform, activated=lambda: open_window(""))

    def run(self) -> None:
        """Until `stop`. Raises whatever the desktop raises when it shows no icon after all."""
        stop_listening = self._studio.listen(self._changed)
        try:
            self._icon.run(self._show_anew)
        finally:
            stop_listening()

    def stop(self) -> None:
        """Take the icon away."""
        self._icon.stop()

    def perform(self, action: Action) -> None:
        """Do what a menu item stands for; never waits."""
        match action:
            case RequestSwitch() | RequestEvict() | CancelChange():
                self._studio.submit(action, actor="tray").add_done_callback(self._told_when_refused)
            case OpenWindow():
                self._open_window(action.page)
            case CopyEndpoint():
                self._copy(action.endpoint)
            case ToggleAutostart():
                self._toggle_autostart(on=action.turn_on)
            case Quit():
                self._quit_app(action.leave_engines)
            case _:
                assert_never(action)

    def _changed(self, status: Status) -> None:
        told = news(self._before, status, self._speech(status))
        self._before = status
        self._show(status)  # first: who is told looks at the icon
        for notification in told:
            self._icon.notify(notification)

    def _show_anew(self) -> None:
        """The icon takes pictures from now on: what it was told before is lost."""
        self._shown = None
        self._changed(self._studio.status())

    def _show(self, status: Status) -> None:
        now = picture(status, self._speech(status), autostart=self._autostart)
        if now != self._shown:
            self._shown = now
            self._icon.show(now)

    def _speech(self, status: Status | None = None) -> Speech:
        """In the language that the settings say now; what "auto" is here is looked at once."""
        chosen = (status or self._studio.status()).language
        if chosen not in self._speeches:
            self._speeches[chosen] = Speech(in_force(chosen), self._templates)
        return self._speeches[chosen]

    def _told_when_refused(self, asked: "Future[Any]") -> None:
        error = None if asked.cancelled() else asked.exception()
        if isinstance(error, StudioError):
            speech = self._speech()
            self._did_not_work(why_and_next(error.message, error.next_action, speech), speech)

    def _did_not_work(self, text: str, speech: Speech) -> None:
        self._icon.notify(Notification(title=speech.words.did_not_work, text=text))

    def _copy(self, endpoint: str) -> None:
        words = self._speech().words
        text = words.on_the_clipboard if copy(endpoint) else words.copy_it_from_here
        self._icon.notify(Notification(title=endpoint, text=text))

    def _toggle_autostart(self, *, on: bool) -> None:
        try:
            if on:
                autostart.turn_on(autostart.start_command())
            else:
                autostart.turn_off()
        except OSError as error:
            self._did_not_work(str(error), self._speech())
        self._autostart = autostart.is_on()
        self._show(self._studio.status())


def tray_icon(*, clicked: Callable[[Action], None], activated: Callable[[], None]) -> TrayIcon:
    """The icon for this desktop. Raises whatever a toolkit raises when it can not be used."""
    if sys.platform.startswith("linux"):
        from desktop.status_notifier.backend import StatusNotifierTray

        return StatusNotifierTray(clicked=clicked, activated=activated)
    from desktop.pystray_tray import PystrayTray

    return PystrayTray(clicked=clicked, activated=activated)
