"""The window's owner: opens it on demand, brings it to the front, survives its crashes.

open ──► process alive? ── yes ──► focus
              │ no
              ▼
         spawn, send the address over its stdin
              ├── "unavailable", or it ends before it was shown ──► the default browser
              └── closed by the person ──► nothing; the next `open` spawns again
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from core.engines.processes.posix import members
from core.settings import Paths
from desktop.tray_icon import logo

CLOSE_S = 4.0
NOT_THE_WINDOWS_BUSINESS = (
    "VLLM_STUDIO_API_KEY",
    "LITELLM_MASTER_KEY",
    "DATABASE_URL",
    "REDIS_URL",
)


def window_command() -> list[str]:
    """The window process; -P: a folder named like us in the working directory is not ours."""
    return [sys.executable, "-P", "-m", "desktop.window_process"]


class Window:
    """At most one window process. Every method may be called from any thread and returns soon."""

    def __init__(
        self,
        url: str,
        paths: Paths,
        *,
        has_display: bool,
        say: Callable[[str], None],
        owner_token: str | None = None,
        command: Sequence[str] = (),
        browse: Callable[[str], bool] = webbrowser.open,
    ) -> None:
        self._url = url
        self._paths = paths
        self._has_display = has_display
        self._say = say
        self._owner_token = owner_token
        self._command = list(command) or window_command()
        self._browse = browse
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether a window process runs."""
        return self._process is not None and self._process.poll() is None

    def open(self, page: str = "") -> None:
        """Show the window, at a page of it; where there is no display, say the address."""
        if not self._has_display:
            self._say(f"There is no display to open a window on: {self._url}")
            return
        with self._lock:
            if not (self.alive and self._send(command="focus", url=page and self._address(page))):
                self._spawn(page)

    def close(self) -> None:
        """Close it and wait until its process is gone."""
        with self._lock:
            process = self._process
            if process is None:
                return
            self._send(command="close")
            try:
                process.wait(CLOSE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._helpers_gone(process.pid)

    # -- the process -----------------------------------------------------------------------------

    def _spawn(self, page: str) -> None:
        with self._log() as log:
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=window_environment(os.environ),
                start_new_session=True,  # Ctrl-C in our terminal is ours to answer
            )
        self._send(
            command="open",
            url=self._address(page),
            storage=str(self._paths.cache / "window"),
            icon=str(self._icon()),
        )
        threading.Thread(
            target=self._watch, args=(process, page), name="window", daemon=True
        ).start()

    def _send(self, **message: object) -> bool:
        """Whether it could be said."""
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            return True
        return False

    def _helpers_gone(self, group: int) -> None:
        """The web engine's own processes end a moment after ours: they notice its closed pipes."""
        if os.name != "posix":
            return
        deadline = time.monotonic() + CLOSE_S
        while members(group) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _watch(self, process: "subprocess.Popen[str]", page: str) -> None:
        """Until it ends; one that never showed a window is replaced by the browser."""
        assert process.stdout is not None
        shown = False
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                shown = shown or json.loads(line).get("event") == "shown"
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        if not shown and process.returncode != 0:
            self._open_in_browser(page)

    def _open_in_browser(self, page: str) -> None:
        """Without the owner's token: a browser's command line can be read by others."""
        url = self._url + page
        if not self._browse(url):
            self._say(f"Open {url} in a browser.")

    # -- what it is given ------------------------------------------------------------------------

    def _address(self, page: str) -> str:
        token = f"#owner={self._owner_token}" if self._owner_token else ""
        return f"{self._url}{page}{token}"

    def _log(self) -> BinaryIO:
        path = self._paths.log("window")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.open("wb")

    def _icon(self) -> Path:
        file = self._paths.cache / "vllm-studio.png"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            logo(256).save(file)
        return file


def window_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Ours without the secrets that are not the window's business."""
    return {k: v for k, v in environ.items() if k not in NOT_THE_WINDOWS_BUSINESS}
