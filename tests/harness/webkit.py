"""WebKitGTK, the engine of the Linux window, driven over the plain W3C WebDriver protocol."""

import socketserver
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import Any

import httpx
from PIL import ImageGrab

from tests.harness.ports import free_port, is_listening
from tests.harness.waiting import eventually

MINI_BROWSER = next(iter(glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")), "MiniBrowser")


class WebKit:
    """One browser session."""

    def __init__(self, base: str, display: str, arguments: Sequence[str] = ()) -> None:
        self._display = display
        self._http = httpx.Client(base_url=base, timeout=120)
        browser = {"binary": MINI_BROWSER, "args": ["--automation", *arguments]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": browser}}
        self._session = ""
        self._session = f"/session/{self._post('/session', {'capabilities': wanted})['sessionId']}"

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(self._session + path, json=body)
        assert answer.is_success, answer.text
        return answer.json()["value"]

    def go(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        self._post("/url", {"url": url})

    def run(self, script: str) -> Any:
        """The value a piece of JavaScript returns."""
        return self._post("/execute/sync", {"script": script, "args": []})

    def screenshot(self, file: Path) -> None:
        """Save what is seen on its display; the driver's own way crashes MiniBrowser 2.50."""
        painted = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        self._post("/execute/async", {"script": painted, "args": []})
        ImageGrab.grab(xdisplay=self._display).save(file)

    def close(self) -> None:
        """End the session and the browser."""
        if self._session:
            self._http.delete(self._session)
        self._http.close()


@contextmanager
def wayside() -> Iterator[tuple[str, list[str]]]:
    """A proxy that lets nobody through: its address, and the first line of whoever came to it.

    A browser that is told to take it for everything but loopback leaves here what it asked of the
    network, whichever thread, worker or style sheet of it asked.
    """
    asked: list[str] = []

    class Note(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode(errors="replace").strip())
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Note) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join(10)


@contextmanager
def webkit(
    display: str, environment: dict[str, str], *, proxy: str = "", dark: bool = False
) -> Iterator[WebKit]:
    """A WebKitGTK browser on this display, ended afterwards; `proxy` is for all but loopback."""
    arguments = ["--dark-mode"] if dark else []
    if proxy:
        arguments += [f"--proxy={proxy}", "--ignore-host=127.0.0.1"]
    port = free_port()
    driver = subprocess.Popen(
        ["WebKitWebDriver", f"--port={port}"],
        env={
            **environment,
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            "GDK_BACKEND": "x11",
            "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: is_listening(port), within=60, what="WebKitWebDriver listens")
        browser = WebKit(f"http://127.0.0.1:{port}", display, arguments)
        try:
            yield browser
        finally:
            browser.close()
    finally:
        driver.terminate()
        driver.wait(20)
