"""A browser and the stand-in it looks at, one of each per file."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.harness import processes
from tests.harness.browser import ALONE, note_what_leaves
from tests.harness.ports import free_port
from tests.harness.tools import lacks, needs
from tests.harness.waiting import eventually
from tests.webui.fake_backend import DIST, make_app
from tests.webui.fake_studio import FakeStudio

CHROMIUM = "/usr/bin/chromium"
WAIT_S = 60.0  # for the stand-in, whose loop shares this process
FLAGS = (
    ALONE,
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=30_000)  # of a busy machine; what is there is found at once
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"


class Backend:
    """The stand-in on a port of its own; it can go away and come back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, scene: str = "busy") -> None:
        """Serve a scene."""
        config = uvicorn.Config(
            make_app(FakeStudio(scene)),
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            timeout_graceful_shutdown=0,
        )
        server = uvicorn.Server(config)
        self._server, self._thread = server, threading.Thread(target=server.run, daemon=True)
        self._thread.start()
        eventually(lambda: server.started, within=60, what="the stand-in serves")

    def stop(self) -> None:
        """Be gone, with every connection."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(60)
            assert not self._thread.is_alive(), "the stand-in stops"

    def scene(self, name: str) -> None:
        """Begin again with another scene."""
        httpx.post(f"{self.url}/_fake/scene/{name}", timeout=WAIT_S).raise_for_status()

    def hold(self, phase: str) -> None:
        """Let loads and installations stand at this phase; "" lets them go on."""
        held = httpx.post(f"{self.url}/_fake/hold", json={"phase": phase}, timeout=WAIT_S)
        held.raise_for_status()

    def asked(self, path: str) -> list[dict[str, object]]:
        """What the window asked of a path in this scene."""
        asked = httpx.get(f"{self.url}/_fake/asked", timeout=WAIT_S).json()
        return [entry for entry in asked if entry["path"] == path]


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    """A running stand-in."""
    if not (DIST / "index.html").is_file():
        lacks("webui/dist is not built: npm ci && npm run build in webui/")
    running = Backend()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    needs(CHROMIUM)
    marked = processes.own_marked()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), env=dict(marked)
        )
        yield launched
        launched.close()
    processes.disown_marked(marked)


Open = Callable[..., Page]


@pytest.fixture
def open_page(backend: Backend, browser: Browser) -> Iterator[Open]:
    """Opens pages of the window; afterwards nobody may have complained or asked the network."""
    complaints: list[str] = []
    with contexts(backend, browser, complaints) as opened:
        yield opened
    assert complaints == []


@contextmanager
def contexts(backend: Backend, browser: Browser, complaints: list[str]) -> Iterator[Open]:
    """A way to open pages, each in a fresh context; all are closed at the end."""
    made = []

    def opened(
        path: str = "/",
        *,
        theme: str = "dark",
        locale: str = "en-US",
        size: tuple[int, int] = (1280, 800),
        forgive: tuple[str, ...] = (),
    ) -> Page:
        context = browser.new_context(
            color_scheme="light" if theme == "light" else "dark",
            locale=locale,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
        )
        made.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        note_what_leaves(context, backend.url, complaints, but=forgive)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on(
            "console",
            lambda line: (
                complaints.append(f"console: {line.text} {line.location.get('url', '')}")
                if line.type == "error" and not any(words in line.text for words in forgive)
                else None
            ),
        )
        page.goto(backend.url + path)
        return page

    try:
        yield opened
    finally:
        for context in made:
            context.close()
