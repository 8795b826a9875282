"""WebKitGTK, the engine of the Linux window, driven over the plain W3C WebDriver protocol."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import Any

import httpx

from tests.harness.ports import free_port, is_listening
from tests.harness.waiting import eventually

MINI_BROWSER = next(iter(glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")), "MiniBrowser")


class WebKit:
    """One browser session."""

    def __init__(self, base: str) -> None:
        self._http = httpx.Client(base_url=base, timeout=120)
        browser = {"binary": MINI_BROWSER, "args": ["--automation"]}
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
        """Save what is seen."""
        answer = self._http.get(f"{self._session}/screenshot").json()["value"]
        file.write_bytes(base64.b64decode(answer))

    def close(self) -> None:
        """End the session and the browser."""
        if self._session:
            self._http.delete(self._session)
        self._http.close()


@contextmanager
def webkit(display: str, environment: dict[str, str]) -> Iterator[WebKit]:
    """A WebKitGTK browser on this display, ended afterwards."""
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
        eventually(lambda: is_listening(port), within=20, what="WebKitWebDriver listens")
        browser = WebKit(f"http://127.0.0.1:{port}")
        try:
            yield browser
        finally:
            browser.close()
    finally:
        driver.terminate()
        driver.wait(20)
