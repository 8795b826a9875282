"""The window's owner, with small programs in place of a toolkit."""

import sys
from pathlib import Path
from queue import Queue

import pytest

from core.settings import Paths
from desktop import window
from desktop.window import Window

URL = "http://127.0.0.1:8080/"
WAIT_S = 60.0

OBEDIENT = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    open(sys.argv[1], "a").write(line)
    if message["command"] == "open":
        print(json.dumps({"event": "shown"}), flush=True)
    if message["command"] == "close":
        break
"""
NO_TOOLKIT = 'import sys; sys.stdin.readline(); print(\'{"event": "unavailable"}\'); sys.exit(4)'
CRASHES = "import os; os.abort()"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is: here a program is killed only when it never ends."""
    monkeypatch.setattr(window, "CLOSE_S", WAIT_S)


class Owner:
    """A window whose program is `source`; what it browsed to and said."""

    def __init__(self, home: Path, source: str, *, display: bool = True) -> None:
        self.browsed: Queue[str] = Queue()
        self.said: list[str] = []
        self.heard = home / "heard"
        self.window = Window(
            URL,
            Paths(home),
            has_display=display,
            say=self.said.append,
            owner_token="sk-owner",
            command=[sys.executable, "-c", source, str(self.heard)],
            browse=self.browse,
        )

    def browse(self, url: str) -> bool:
        """In place of the person's browser."""
        self.browsed.put(url)
        return True


def test_a_second_open_brings_the_first_window_to_the_front(home: Path) -> None:
    """One process, however often it is asked for."""
    owner = Owner(home, OBEDIENT)
    for page in ("", "logs", ""):
        owner.window.open(page)
    owner.window.close()
    commands = [line.split('"')[3] for line in owner.heard.read_text().splitlines()]
    assert commands == ["open", "focus", "focus", "close"]
    assert not owner.window.alive


def test_the_owners_token_is_in_no_command_line(home: Path) -> None:
    """It goes over the pipe, which nobody else can read."""
    owner = Owner(home, OBEDIENT)
    owner.window.open()
    process = owner.window._process
    assert process is not None
    assert "sk-owner" not in Path(f"/proc/{process.pid}/cmdline").read_text()
    owner.window.close()
    assert "#owner=sk-owner" in owner.heard.read_text()


@pytest.mark.parametrize("source", [NO_TOOLKIT, CRASHES], ids=["no toolkit", "crash"])
def test_without_a_toolkit_the_browser_is_opened(home: Path, source: str) -> None:
    """Without the token: a browser's command line can be read by others."""
    owner = Owner(home, source)
    owner.window.open("logs")
    assert owner.browsed.get(timeout=WAIT_S) == f"{URL}logs"


def test_without_a_display_the_address_is_said(home: Path) -> None:
    """And nothing is started."""
    owner = Owner(home, OBEDIENT, display=False)
    owner.window.open()
    assert URL in owner.said[0]
    assert not owner.window.alive


def test_closing_what_was_never_open_is_fine(home: Path) -> None:
    """As is closing twice."""
    owner = Owner(home, OBEDIENT)
    owner.window.close()
    owner.window.open()
    owner.window.close()
    owner.window.close()
