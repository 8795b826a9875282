"""The window, in a process of its own: a toolkit wants a main thread, and may crash alone.

    stdin    {"command": "open", "url": …, "storage": …}    once, first
             {"command": "focus", "url"?: …} | {"command": "close"}
    stdout   {"event": "shown" | "loaded" | "focused" | "closed"} | {"event": "unavailable", …}

The address carries the owner's token, so it comes over the pipe: others can read a command line.
End of file on stdin means that the app is gone, however it went; then the window goes too.
Nothing here needs a compiled package of ours, only pywebview.
"""

import contextlib
import importlib
import importlib.util
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, TextIO

from desktop.gtk_bindings import make_gi_importable

TITLE = "vLLM Studio"
SIZE = (1280, 820)
SMALLEST = (720, 480)
NO_WINDOW = 4  # exit code: no toolkit here
SETTLE_S = 0.7  # WebKit writes the page's storage half a second late; the window is gone already
GONE_S = 3.0  # a toolkit that does not let go within this is left behind


def main() -> int:
    """Run one window; `--probe` only says what would draw it."""
    prepare_environment()
    if "--probe" in sys.argv[1:]:
        return _probe()
    answers = _private_stdout()
    lines = iter(sys.stdin)
    wish = next(_messages(lines), None)
    if wish is None or wish.get("command") != "open":
        return 0
    toolkit = usable_toolkit()
    if toolkit is None:
        _emit(answers, event="unavailable", reason="no WebKitGTK and no Qt")
        return NO_WINDOW
    _show(toolkit, wish, lines, answers)
    return 0


def prepare_environment() -> None:
    """WebKitGTK's DMA-BUF renderer shows an empty window on many drivers; Chromium refuses root."""
    os.environ.setdefault("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
    if sys.platform.startswith("linux") and os.geteuid() == 0:
        os.environ.setdefault("QTWEBENGINE_CHROMIUM_FLAGS", "--no-sandbox")


def usable_toolkit() -> str | None:
    """What pywebview can draw with here: its own choice outside Linux, else WebKitGTK, else Qt."""
    if not sys.platform.startswith("linux"):
        return "native"
    if make_gi_importable() and _has_webkit():
        return "gtk"
    with contextlib.suppress(ImportError, ValueError):
        if importlib.util.find_spec("qtpy") and importlib.util.find_spec("PySide6"):
            return "qt" if importlib.util.find_spec("PySide6.QtWebEngineCore") else None
    return None


def _has_webkit() -> bool:
    import gi

    for version in ("4.1", "4.0"):
        with contextlib.suppress(ValueError):
            gi.require_version("WebKit2", version)
            gi.require_version("Gtk", "3.0")
            return True
    return False


def _probe() -> int:
    toolkit = usable_toolkit()
    names = {"gtk": "WebKitGTK", "qt": "Qt WebEngine", "native": "the system's web view"}
    print(names[toolkit] if toolkit else "")
    return 0 if toolkit else NO_WINDOW


_GUI: dict[str, Any] = {"gtk": "gtk", "qt": "qt", "native": None}


def _show(toolkit: str, wish: dict[str, Any], lines: Iterator[str], answers: TextIO) -> None:
    import webview

    # Read when the Qt platform is imported, so it has to stand here before `start` sets it.
    webview._state["storage_path"] = wish.get("storage")
    webview._state["private_mode"] = False
    webview.settings["ALLOW_DOWNLOADS"] = True
    _put_right(toolkit, wish["url"])
    window: Any = webview.create_window(
        TITLE,
        wish["url"],
        width=SIZE[0],
        height=SIZE[1],
        min_size=SMALLEST,
        text_select=True,
        zoomable=True,
    )
    for name in ("shown", "loaded", "closed"):
        getattr(window.events, name).__iadd__(_teller(answers, name))
    threading.Thread(
        target=_obey, args=(window, lines, answers), name="control", daemon=True
    ).start()
    webview.start(
        gui=_GUI[toolkit],
        private_mode=False,  # a private WebKitGTK has no localStorage at all
        storage_path=wish.get("storage"),
        icon=wish.get("icon"),
    )
    time.sleep(SETTLE_S)
    os._exit(0)  # toolkits leave threads behind that would keep us


def _put_right(toolkit: str, url: str) -> None:
    if toolkit == "gtk":
        from desktop.webview_gtk import put_right
    elif toolkit == "qt":
        from desktop.webview_qt import put_right
    else:
        return
    # Not `from webview import guilib`: the package has a variable of that name.
    importlib.import_module("webview.guilib").initialize(toolkit)
    put_right(url)


def _obey(window: Any, lines: Iterator[str], answers: TextIO) -> None:  # noqa: ANN401
    """Commands until `close` or the end of the app."""
    window.events.shown.wait()
    for message in _messages(lines):
        match message.get("command"):
            case "focus":
                if url := message.get("url"):
                    window.load_url(url)
                window.show()
                window.restore()  # `show` alone leaves it behind other windows
                _emit(answers, event="focused")
            case "close":
                break
    threading.Timer(GONE_S, os._exit, (0,)).start()
    window.destroy()


def _teller(answers: TextIO, event: str) -> Any:  # noqa: ANN401  # pywebview inspects it
    def tell() -> None:
        _emit(answers, event=event)

    return tell


def _messages(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        with contextlib.suppress(ValueError):
            message = json.loads(line)
            if isinstance(message, dict):
                yield message


def _private_stdout() -> TextIO:
    """Our answers' own pipe: what toolkits and browsers print goes to standard error instead."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


_emitting = threading.Lock()


def _emit(answers: TextIO, **message: object) -> None:
    """A broken pipe means that the app is gone; the control thread notices that by itself."""
    with _emitting, contextlib.suppress(OSError, ValueError):
        answers.write(json.dumps(message) + "\n")
        answers.flush()


if __name__ == "__main__":
    sys.exit(main())
