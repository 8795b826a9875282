"""The real window with the real WebKitGTK, on a screen nobody sees."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings import Paths
from desktop.window import Window, window_command
from tests.desktop.panel import session_bus
from tests.desktop.screen import WAIT_S, Site, screen, site
from tests.harness.waiting import eventually


def _has_webkit() -> bool:
    probe = [sys.executable, "-m", "desktop.window_process", "--probe"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() == "WebKitGTK"


pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not shutil.which("Xvfb"), reason="there is no Xvfb here"),
    pytest.mark.skipif(not _has_webkit(), reason="no WebKitGTK that fits this Python"),
]

Open = Callable[[], Window]


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """One screen for all."""
    with screen() as name:
        yield name


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    """A session bus, or WebKitGTK starts one that stays."""
    folder = tempfile.mkdtemp(prefix="studio-")
    with session_bus(Path(folder)) as address:
        yield address
    shutil.rmtree(folder)


@pytest.fixture
def page() -> Iterator[Site]:
    """The page that is shown."""
    with site() as served:
        yield served


@pytest.fixture
def browsed(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with what the person's browser was asked to open."""
    file = home / "browsed"
    browser = home / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {file}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    return file


@pytest.fixture
def window(
    home: Path,
    page: Site,
    display: str,
    bus: str,
    browsed: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Window]:
    """The window's owner; closed at the end."""
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    owner = Window(page.url, Paths(home), has_display=True, say=print, owner_token="sk-owner")
    yield owner
    owner.close()


def test_the_page_is_shown_with_the_owners_token(window: Window, page: Site) -> None:
    """The real toolkit loads it and runs it."""
    window.open()
    assert page.next() == {"path": "/", "hash": "#owner=sk-owner", "visits": "1"}


def test_it_is_remembered_from_one_window_to_the_next(window: Window, page: Site) -> None:
    """The page's own storage survives closing; each window is a process of its own."""
    window.open()
    assert page.next()["visits"] == "1"
    window.close()
    assert not window.alive
    window.open()
    assert page.next()["visits"] == "2"


def test_an_open_window_goes_to_the_page_that_is_asked_for(window: Window, page: Site) -> None:
    """From the tray's "Open logs"."""
    window.open()
    page.next()
    window.open("logs")
    assert page.next()["path"] == "/logs"


def test_a_killed_window_can_be_opened_again(window: Window, page: Site) -> None:
    """Its crash is nobody else's."""
    window.open()
    page.next()
    assert window._process is not None
    window._process.send_signal(signal.SIGKILL)
    window._process.wait(WAIT_S)
    window.open()
    assert page.next()["visits"] == "2"


def test_a_link_elsewhere_opens_in_the_persons_browser(
    window: Window, page: Site, browsed: Path
) -> None:
    """And the app stays in its window."""
    window.open("out")
    assert page.next()["path"] == "/out"
    opened = eventually(lambda: _text(browsed), within=WAIT_S, what="the browser")
    assert opened == "http://localhost:54321/elsewhere\n"
    window.open("logs")
    assert page.next()["path"] == "/logs"


@pytest.mark.skipif(not shutil.which("xdotool"), reason="there is no xdotool to click with")
def test_a_click_on_a_link_for_a_new_window_opens_the_persons_browser(
    window: Window, page: Site, browsed: Path
) -> None:
    """A real click: without one, WebKit opens nothing anyway."""
    window.open()
    page.next()

    def clicked() -> str | None:
        click = ["xdotool", "mousemove", "400", "300", "click", "1"]
        subprocess.run(click, check=True, timeout=WAIT_S)
        return _text(browsed)

    opened = eventually(clicked, within=WAIT_S, what="the browser", every=0.5)
    assert opened.splitlines()[0] == "https://example.org/"


def test_the_window_goes_when_the_app_is_gone(
    home: Path, page: Site, window: Window, display: str
) -> None:
    """However the app ended: the end of the pipe is enough."""
    process = subprocess.Popen(
        window_command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DISPLAY": display},
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(f'{{"command": "open", "url": "{page.url}", "storage": "{home}/web"}}\n')
    process.stdin.flush()
    page.next()
    process.stdin.close()
    assert process.wait(WAIT_S) == 0


def _text(file: Path) -> str | None:
    return (file.read_text() or None) if file.exists() else None  # it is there before its text
