"""The whole desktop app: real tray, real window, real studio, one screen and one bus."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.desktop.panel import Panel, panel_on, session_bus
from tests.desktop.screen import screen
from tests.harness import runtimes
from tests.harness.ports import free_port

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not shutil.which("Xvfb"), reason="there is no Xvfb here"),
    pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="there is no D-Bus here"),
]

WAIT_S = 60.0


@pytest.fixture
def environ(home: Path, litellm_runtime: None) -> Iterator[dict[str, str]]:
    """A login of its own: screen, bus and data directory."""
    runtimes.link(home, ["litellm"])
    with screen() as display, session_bus(home) as bus:
        yield {
            **os.environ,
            "VLLM_STUDIO_HOME": str(home),
            "VLLM_STUDIO_PORT": str(free_port()),
            "VLLM_STUDIO_INFERENCE_PORT": str(free_port()),
            "VLLM_STUDIO_LITELLM_PORT": str(free_port()),
            "XDG_CONFIG_HOME": str(home / "config"),
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "BROWSER": "/bin/false",
            "LC_ALL": "C.UTF-8",  # the tray speaks the system's language
        }


@pytest.fixture
async def panel(environ: dict[str, str]) -> AsyncIterator[Panel]:
    """Somebody who draws icons."""
    async with panel_on(environ["DBUS_SESSION_BUS_ADDRESS"]) as panel:
        yield panel


def launch(environ: dict[str, str], *words: str) -> "subprocess.Popen[str]":
    """`vllm-studio`, as a click on its icon starts it."""
    command = [sys.executable, "-m", "desktop", *words]
    return subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


async def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit code and everything it said."""
    output, _ = await asyncio.to_thread(process.communicate, timeout=WAIT_S)
    return process.returncode, output


async def test_from_the_first_launch_to_quit(environ: dict[str, str], panel: Panel) -> None:
    """The icon appears, a second launch finds the first, and Quit leaves nothing behind."""
    app = launch(environ)
    try:
        await panel.registered()
        while "Quit" not in await panel.menu():
            await panel.changed()
        code, said = await ended(launch(environ))
        assert code == 0, said
        assert f"http://127.0.0.1:{environ['VLLM_STUDIO_PORT']}/" in said
        code, said = await ended(launch(environ, "status"))
        assert code == 0, said
        await panel.click("Quit")
        code, said = await ended(app)
        assert code == 0, said
        assert "Its icon is in the tray." in said
    finally:
        app.kill()
    code, said = await ended(launch(environ, "status"))
    assert code == 0
    assert "vLLM Studio is not running." in said


async def test_quit_from_the_terminal_ends_the_tray(environ: dict[str, str], panel: Panel) -> None:
    """The main thread sits in the tray, and still hears of the end."""
    app = launch(environ, "desktop", "--background")
    try:
        await panel.registered()
        while "Quit" not in await panel.menu():
            await panel.changed()
        code, said = await ended(launch(environ, "quit"))
        assert code == 0, said
        code, said = await ended(app)
        assert code == 0, said
    finally:
        app.kill()
