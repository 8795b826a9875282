"""The programs that the real tests drive, from Debian's packages: a browser, a screen, a bus,
a network of their own.

Only what is missing is installed, and only with the right to (root, or sudo without a password).
In CI a missing package is a failure; on a person's machine the tests that need it say so and skip.
"""

import os
import shutil
from pathlib import Path

from console import Trouble, run, say, step, works

# package → a file that proves it is there (looked at instead of asking dpkg: any system will do)
PACKAGES = {
    "chromium": "/usr/bin/chromium",
    "xvfb": "/usr/bin/Xvfb",
    "xdotool": "/usr/bin/xdotool",
    "dbus": "/usr/bin/dbus-daemon",
    "dbus-x11": "/usr/bin/dbus-launch",
    "webkit2gtk-driver": "/usr/bin/WebKitWebDriver",
    "python3-gi": "/usr/lib/python3/dist-packages/gi/__init__.py",
    "gir1.2-gtk-3.0": "/usr/lib/*/girepository-1.0/Gtk-3.0.typelib",
    "gir1.2-webkit2-4.1": "/usr/lib/*/girepository-1.0/WebKit2-4.1.typelib",
    "iproute2": "/bin/ip",  # networks of their own for the cluster's tests
    "postgresql": "/usr/lib/postgresql/*/bin/postgres",
    "redis-server": "/usr/bin/redis-server",
    "gcc": "/usr/bin/cc",  # for the clients and the engine of the benchmarks
    "libc6-dev": "/usr/include/stdio.h",
    "fonts-liberation": "/usr/share/fonts/truetype/liberation*/LiberationSans-Regular.ttf",
}


def prepare() -> None:
    """Install the missing packages, or say which tests will not run.

    Raises:
        Trouble: a package is missing and CI is set, or apt-get failed in CI.
    """
    missing = [name for name, proof in PACKAGES.items() if not _there(proof)]
    if not missing:
        return
    as_root = _as_root()
    if as_root is None or not shutil.which("apt-get"):
        _without(missing, "they can only be installed by root with apt-get")
        return
    try:
        _install(missing, as_root)
    except Trouble as trouble:
        _without(missing, str(trouble))


def _install(packages: list[str], as_root: list[str]) -> None:
    with step(f"Installing for the tests that need them: {', '.join(packages)}"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run([*as_root, "apt-get", "update", "-qq"], why="apt-get update failed", env=quiet)
        run(
            [*as_root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
            why="apt-get could not install them",
            env=quiet,
        )


def _without(missing: list[str], why: str) -> None:
    sentence = f"missing: {', '.join(missing)} ({why})"
    if os.environ.get("CI"):
        raise Trouble(sentence)
    say(f"{sentence}; the tests that need them will say so and skip")


def _as_root() -> list[str] | None:
    if os.name != "posix":
        return None
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if works(["sudo", "-n", "true"]) else None


def _there(proof: str) -> bool:
    path = Path(proof)
    return path.exists() if "*" not in proof else any(Path("/").glob(proof.lstrip("/")))
