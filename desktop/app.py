"""The desktop app: the studio in a thread, the tray on the main thread, the window on demand.

What is there decides what is shown, and the address is always printed:

    tray host and display    tray, window
    display only             window; Ctrl-C or the window's menu ends it
    neither                  headless: the same app, reached by browser, CLI and API
"""

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from core.api.window_files import said_in
from core.errors import Refused
from core.own_log import kept
from core.settings import Settings
from desktop.home import make_home
from desktop.host import Host
from desktop.running_app import RunningApp
from desktop.single_instance import SingleInstance, first_or_running
from desktop.surroundings import Surroundings, look_around
from desktop.tray import Tray
from desktop.window import Window

OWNER_TOKEN = "owner-token"

Say = Callable[[str], None]


def run_headless(settings: Settings, say: Say, *, started: Callable[[Host], None]) -> int:
    """Serve until a signal or `quit`; raises Refused when the app already runs."""
    make_home(settings)
    first = first_or_running(settings.paths.run)
    if not isinstance(first, SingleInstance):
        raise _already_running(first)
    with kept(settings), Host(settings, first, headless=True) as host:
        stop_on_signals(host, say)
        host.start()
        started(host)
        return host.wait_until_over()


def run_desktop(
    settings: Settings, say: Say, *, background: bool, ask_for_focus: Callable[[RunningApp], None]
) -> int:
    """The tray and the window; a second launch brings the first one's window to the front."""
    make_home(settings)
    first = first_or_running(settings.paths.run)
    if isinstance(first, RunningApp):
        ask_for_focus(first)
        return 0
    if first is None:
        raise _already_running(None)
    around = look_around()
    with kept(settings), Host(settings, first, headless=not around.tray_host) as host:
        host.start()
        say(f"vLLM Studio is at {url_of(host)}")
        say(around.explanation)
        return keep_running(host, around, say, background=background)


def url_of(host: Host) -> str:
    """What a person types into a browser."""
    return f"http://127.0.0.1:{host.port}/"


def stop_on_signals(host: Host, say: Say) -> None:
    """Ctrl-C, SIGTERM and a terminal that is closed end the app in order; its engines with it."""
    told = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal told
        host.stop(reason=f"{signal.Signals(number).name} was received")
        with suppress(OSError):  # a terminal that is closed takes no words
            say("Still stopping: models are given time to end." if told else "Stopping…")
        told = True

    for ends in endings():
        signal.signal(ends, stop)


def endings() -> list[signal.Signals]:
    """The signals that end the app. Under `nohup` a closed terminal is nothing to it."""
    found = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        found.append(signal.SIGHUP)
    return found


def keep_running(host: Host, around: Surroundings, say: Say, *, background: bool) -> int:
    """Show what can be shown here until the app ends; returns its exit code."""
    stop_on_signals(host, say)
    window = Window(
        url_of(host),
        host.settings.paths,
        has_display=around.display,
        say=say,
        owner_token=host.application.secrets.get(OWNER_TOKEN),
    )
    host.application.on_focus.append(window.open)
    try:
        if around.display and not background:
            window.open()
        if around.tray_host:
            _run_tray(host, window, say)
        return host.wait_until_over()
    finally:
        host.application.on_focus.remove(window.open)
        window.close()


def _run_tray(host: Host, window: Window, say: Say) -> None:
    """The tray on this thread until the app ends; a tray that fails is said and lived without."""
    try:
        tray = Tray(
            host.application.studio,
            open_window=window.open,
            quit_app=lambda leave: host.stop(leave_engines=leave, reason="quit from the tray"),
            templates=said_in,
        )

        def end_with_the_app() -> None:
            host.over.wait()
            tray.stop()

        threading.Thread(target=end_with_the_app, name="tray-end", daemon=True).start()
        tray.run()
    except Exception as error:  # toolkits raise their own kinds
        say(f"The tray icon could not be shown: {error}. The window and the address still work.")


def _already_running(app: RunningApp | None) -> Refused:
    if app is None:
        return Refused(
            "another vLLM Studio holds this data directory and does not say where it listens",
            code="already-running",
            next_action="look for it with `vllm-studio doctor`, or wait until it has started",
        )
    return Refused(
        f"vLLM Studio already runs as process {app.pid} on port {app.port}",
        code="already-running",
        next_action="use it, or end it with `vllm-studio quit`",
    )
