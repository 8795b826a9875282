"""What the tray hands to its icon, and when; the icons themselves are tried on a real bus."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from core.status import Status
from desktop import tray
from desktop.notifications import Notification
from desktop.tray_menu import Picture
from tests.desktop.pictures import machine, recipe


class Studio:
    """One that tells a picture while the icon is still on its way to the desktop."""

    def __init__(self, now: Status) -> None:
        self.now = now
        self.callbacks: list[Callable[[Status], None]] = []

    def status(self) -> Status:
        """As it is."""
        return self.now

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Who hears of it."""
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def tell(self) -> None:
        """As the studio's loop does."""
        for callback in self.callbacks:
            callback(self.now)

    def submit(self, command: Any, *, actor: str) -> "Future[Any]":
        """Nobody clicks here."""
        raise AssertionError((command, actor))


class Icon:
    """Takes pictures once it is ready, as every icon of ours does; before, they are lost."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.ready = False
        self.shown: list[Picture] = []

    def run(self, ready: Callable[[], None]) -> None:
        """The studio has news before the desktop has answered, and none after."""
        self.studio.tell()
        self.ready = True
        ready()

    def show(self, picture: Picture) -> None:
        """What is there to be seen."""
        if self.ready:
            self.shown.append(picture)

    def notify(self, notification: Notification) -> None:
        """Nothing is new at first."""
        raise AssertionError(notification)

    def stop(self) -> None:
        """It has ended already."""


def test_what_was_told_before_the_icon_was_there_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would stay empty until something changes."""
    studio = Studio(machine(recipe("qwen", "ready"), state="ready", active="qwen"))
    icon = Icon(studio)
    monkeypatch.setattr(tray, "tray_icon", lambda clicked, activated: icon)
    tray.Tray(
        studio, open_window=lambda _: None, quit_app=lambda _: None, templates=lambda _: {}
    ).run()
    [shown] = icon.shown
    assert "qwen" in shown.title
    assert studio.callbacks == []


def test_who_is_told_finds_the_icon_and_the_menu_as_they_are_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A notification never comes before what it tells can be seen."""
    studio = Studio(machine(recipe("qwen", "loading", percent=40.0), state="switching"))
    said: list[str] = []

    class Telling(Icon):
        def run(self, ready: Callable[[], None]) -> None:
            super().run(ready)
            studio.now = machine(recipe("qwen", "ready"), state="ready", active="qwen")
            studio.tell()

        def show(self, picture: Picture) -> None:
            said.append(picture.title)

        def notify(self, notification: Notification) -> None:
            said.append(notification.title)

    icon = Telling(studio)
    monkeypatch.setattr(tray, "tray_icon", lambda clicked, activated: icon)
    tray.Tray(
        studio, open_window=lambda _: None, quit_app=lambda _: None, templates=lambda _: {}
    ).run()
    assert said[-2:] == ["vLLM Studio: qwen is ready", "qwen is ready"]
