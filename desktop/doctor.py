"""What could keep vLLM Studio from working here, checked without changing anything.

Each check answers with one line; a warning is something that works worse, a failure something
that does not work. Whatever a check meets, it is a line and never an exception.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from core.hardware import read_hardware
from core.runtimes.runtime import scan
from core.settings import Settings
from desktop.check import Check, fail, ok, warn
from desktop.doctor_clusters import clusters
from desktop.doctor_database import database
from desktop.doctor_engines import engines_left_alone
from desktop.doctor_log import checkpoints, log_as_the_app_says, log_healthy
from desktop.running_app import RunningApp, running_app
from desktop.surroundings import look_around
from events.errors import EventError

GIB = 2**30
ROOM_WANTED = 10 * GIB  # a GPU engine's environment; the demo needs about 3
ROOM_NEEDED = 3 * GIB
WAL_RESET_FIXED = (3, 51, 3)
PROBE_S = 15.0


def examine(settings: Settings) -> Iterator[Check]:
    """Every check, in the order a person would ask."""
    app = running_app(settings.paths.run)
    yield running(app)
    for check in _checks(settings, app):
        try:
            yield check()
        except Exception as error:  # a doctor reports what it trips over
            yield fail(check.__name__, f"the check itself failed: {error!r}", "report this")
    yield from _told("engines", engines_left_alone(settings))
    yield from _told("clusters", clusters(settings))
    yield from _told("database", database(settings))
    yield from ports(settings, app)


def _told(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """Lines there may be any number of; what goes wrong is one, too."""
    try:
        yield from checks
    except EventError:
        return  # the log has a line of its own
    except Exception as error:
        yield fail(name, f"the check itself failed: {error!r}", "report this")


def _checks(settings: Settings, app: RunningApp | None) -> tuple[Callable[[], Check], ...]:
    def home() -> Check:
        return home_writable(settings.home)

    def disk() -> Check:
        return disk_room(settings.home)

    def log() -> Check:
        return log_as_the_app_says(settings, app) or log_healthy(settings)

    def notes() -> Check:
        return checkpoints(settings)

    def runtimes() -> Check:
        return runtimes_present(settings.paths.runtimes)

    return (home, disk, log, notes, python, sqlite, gpu, uv, runtimes, display, window)


def running(app: RunningApp | None) -> Check:
    """Whether the app is up."""
    if app is None:
        return ok("app", "not running")
    return ok("app", f"running as process {app.pid} on port {app.port}, version {app.version}")


def home_writable(home: Path) -> Check:
    """The data directory can be written, and by its owner only."""
    folder = home
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return fail("home", f"{folder} can not be written", "set VLLM_STUDIO_HOME elsewhere")
    if not home.exists():
        return ok("home", f"{home} will be made at the first start")
    if os.name == "posix" and home.stat().st_mode & 0o077:
        return warn("home", f"{home} can be read by others", f"chmod 700 {home}")
    return ok("home", str(home))


def disk_room(home: Path) -> Check:
    """There is room for engines and models."""
    folder = home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = f"{free / GIB:.1f} GiB free"
    if free < ROOM_NEEDED:
        return fail("disk", text, "free some room: the demo's runtimes take about 3 GiB")
    if free < ROOM_WANTED:
        return warn("disk", text, "a GPU engine's runtime takes about 10 GiB")
    return ok("disk", text)


def python() -> Check:
    """The interpreter; one that is too old never gets here."""
    version = ".".join(map(str, sys.version_info[:3]))
    return ok("python", f"{version} at {sys.executable}")


def sqlite() -> Check:
    """SQLite 3.7.0 to 3.51.2 may corrupt a log with two writers (the WAL-reset bug).

    The log has exactly one connection that writes and checkpoints, so this is a note.
    """
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < (3, 37, 0):
        return fail("sqlite", version, "STRICT tables need 3.37: use a newer Python build")
    if sqlite3.sqlite_version_info < WAL_RESET_FIXED:
        return ok("sqlite", f"{version} (has the WAL-reset bug; avoided by our single writer)")
    return ok("sqlite", version)


def gpu() -> Check:
    """What the engines can run on."""
    hardware = read_hardware()
    if not hardware.gpus:
        cores = f"{hardware.cpu.cores} cores, {hardware.memory.total / GIB:.0f} GiB"
        return warn("gpu", f"{hardware.gpu_note}; the CPU has {cores}", "small models only")
    cards = ", ".join(f"{g.name} ({g.memory_total / GIB:.0f} GiB)" for g in hardware.gpus)
    return ok("gpu", cards)


def uv() -> Check:
    """The installer of runtimes."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        return fail("uv", "not found", f"{sys.executable} -m pip install uv")
    return ok("uv", found)


def runtimes_present(folder: Path) -> Check:
    """Engines that are installed; one that is half made is none."""
    names = sorted(runtime.id for runtime in scan(folder))
    if not names:
        return warn("runtimes", "none installed yet", "`vllm-studio demo` installs the lightest")
    return ok("runtimes", ", ".join(names))


def display() -> Check:
    """Tray and display."""
    around = look_around()
    if around.tray_host and around.display:
        return ok("tray", "this desktop shows tray icons")
    if not around.display:
        where = "`vllm-studio serve` prints the address for a browser"
        return warn("tray", "there is no display here, so neither tray nor window", where)
    return warn("tray", around.explanation)


def window() -> Check:
    """What draws the window, asked of a child process, because a toolkit may crash."""
    probe = [sys.executable, "-m", "desktop.window_process", "--probe"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=PROBE_S, check=False)
    backend = done.stdout.strip()
    if done.returncode != 0 or not backend:
        return warn(
            "window",
            "no WebKitGTK and no Qt here: the window opens in your browser",
            "Debian, Ubuntu: apt install python3-gi gir1.2-webkit2-4.1",
        )
    return ok("window", backend)


def ports(settings: Settings, app: RunningApp | None) -> Iterator[Check]:
    """Our ports are free, unless it is us who holds them."""
    wanted = {
        "port": (settings.port, "VLLM_STUDIO_PORT"),
        "gateway port": (settings.litellm_port, "VLLM_STUDIO_LITELLM_PORT"),
    }
    for name, (number, variable) in wanted.items():
        if app is not None:
            yield ok(name, f"{number}, in use by vLLM Studio")
        elif why := why_not(number):
            yield fail(name, f"{number} {why}", f"set {variable}")
        else:
            yield ok(name, f"{number} is free")


def why_not(port: int, host: str = "127.0.0.1") -> str:
    """Why we could not listen there, or nothing; what lingers from before does not count."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return "is not for this user"
        except OSError:
            return "is taken by another program"
    return ""
