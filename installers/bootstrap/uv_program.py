"""Find uv, or fetch it: the installer that makes every other step quick.

Looked for in this order, the first that works is used:
1. in the app's own environment (it is one of the app's dependencies, so from the second run on);
2. on PATH;
3. in .venv/bootstrap, fetched by pip with its hash checked. pip comes from this Python, or, where
   Debian has split it off, from a throw-away virtualenv.
"""

import os
import shutil
import sys
from pathlib import Path

from console import ROOT, Trouble, run, step, what_of_the_network, works

VENV = ROOT / ".venv"
_PRIVATE = VENV / "bootstrap"
_EXE = ".exe" if os.name == "nt" else ""
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def find_uv() -> Path:
    """A working uv, fetched when there is none.

    Raises:
        Trouble: neither pip nor venv is on this machine, or the package index can not be reached.
    """
    on_path = shutil.which("uv")
    candidates = [VENV / SCRIPTS / f"uv{_EXE}", *([Path(on_path)] if on_path else []), _private()]
    for candidate in candidates:
        if works([candidate, "--version"]):
            return candidate
    return _fetch()


def _private() -> Path:
    return _PRIVATE / "bin" / f"uv{_EXE}"


def _fetch() -> Path:
    with step("uv is not on this machine: fetching it with pip"):
        run(
            [
                *_pip(),
                "install",
                "--quiet",
                "--retries=1",  # each is a line that frightens, where there is no network
                "--disable-pip-version-check",
                "--root-user-action=ignore",
                "--upgrade",
                "--target",
                _PRIVATE,
                "--require-hashes",
                "--requirement",
                ROOT / "requirements" / "uv.txt",
            ],
            why="uv, which installs everything else, could not be fetched.\n"
            f"  {what_of_the_network()}",
        )
    if not works([_private(), "--version"]):
        raise Trouble(f"uv was fetched into {_PRIVATE} but does not run on this machine")
    return _private()


def _pip() -> list[str | Path]:
    """pip's command line: this Python's own, or one in a throw-away virtualenv."""
    if works([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip"]
    borrowed = VENV / "pip"
    python = borrowed / SCRIPTS / f"python{_EXE}"
    if works([python, "-m", "pip", "--version"]):
        return [python, "-m", "pip"]
    if not works([sys.executable, "-m", "venv", "--clear", borrowed]):
        raise Trouble(
            f"{sys.executable} has neither pip nor venv, and one of them is needed once.\n"
            "  Debian, Ubuntu:  sudo apt install python3-venv\n"
            "  Fedora:          sudo dnf install python3-pip\n"
            "  Then run the same command again."
        )
    return [python, "-m", "pip"]
