"""Make .venv: the app from its hashed lock, installed in place, its web UI built.

A stamp remembers what each part was made from (lock, pyproject, the web UI's sources, the Python),
so that an unchanged part is left alone.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from console import ROOT, Trouble, run, step, what_of_the_network, works
from uv_program import SCRIPTS, VENV, find_uv

_STAMPS = VENV / "stamps"
_PYTHON = VENV / SCRIPTS / ("python.exe" if os.name == "nt" else "python")
NEEDED = 2**30  # bytes: packages, the web UI's tools, what both are unpacked from
_NOT_SOURCES = {"node_modules", "dist", ".build-stamp", "__pycache__", "docs"}


def prepare(group: str) -> None:
    """Bring .venv to what `group` ("app" or "dev") needs. Does nothing when it is there already.

    Raises:
        Trouble: with the step that failed and what to do.
    """
    _make_virtualenv()
    packages = _digest([_lock("dev" if _holds("dev") else group)])
    if not (_done("packages", packages) and (group == "app" or _holds("dev"))):
        _install_packages(group)
    sources = _digest([ROOT / "pyproject.toml", *_webui_sources(), *_hook_sources()])
    if not (_done("studio", sources) and (ROOT / "webui" / "dist" / "index.html").is_file()):
        _install_studio()
        _stamp("studio", sources)


def _make_virtualenv() -> None:
    major, minor = sys.version_info[:2]
    same = f"import sys; sys.exit(sys.version_info[:2] != ({major}, {minor}))"
    if works([_PYTHON, "-c", same]):
        return
    demand_room(shutil.disk_usage(ROOT).free)
    for leftover in VENV.glob("*") if VENV.is_dir() else ():
        if leftover.name != "bootstrap":  # uv itself, if it was fetched before
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    uv = find_uv()
    with step(f"Making .venv with Python {major}.{minor}"):
        run(
            [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV],
            why="the virtualenv could not be made",
        )


def demand_room(free: int) -> None:
    """Before anything is fetched, which would fail in the middle. `free`: bytes.

    Raises:
        Trouble: there is less than the app, its web UI and what builds it take.
    """
    if free < NEEDED:
        raise Trouble(
            f"there is {free / 2**30:.1f} GiB free where this folder lies, {ROOT}, and"
            f" {NEEDED / 2**30:.0f} GiB are needed here.\n"
            "  Make room, or put the folder on another disk; then run the same command again.\n"
            "  The engine of the demonstration takes another 2 GiB in the data directory."
        )


def _install_packages(group: str) -> None:
    lock = _lock(group)
    with step(f"Installing the packages of {lock.relative_to(ROOT)} (hashes checked)"):
        run(
            [
                *(find_uv(), "pip", "install", "--python", _PYTHON, "--compile-bytecode"),
                *("--require-hashes", "--no-deps", "--requirement", lock),
            ],
            why=f"the packages could not be installed.\n  {what_of_the_network()}",
        )
    _stamp("packages", _digest([lock]))
    _stamp("group", group)


def _install_studio() -> None:
    with step("Installing vLLM Studio in place and building its web UI (a minute or two)"):
        run(
            [
                *(find_uv(), "pip", "install", "--python", _PYTHON, "--no-deps"),
                *("--reinstall-package", "vllm-studio"),
                *("--build-constraints", ROOT / "requirements" / "build.txt"),
                *("--editable", ROOT),
            ],
            why="the app could not be installed; the reason is above",
        )
    if not (ROOT / "webui" / "dist" / "index.html").is_file():
        raise Trouble("the web UI was not built: webui/dist/index.html is missing")


def _lock(group: str) -> Path:
    return ROOT / "requirements" / f"{group}.txt"


def _holds(group: str) -> bool:
    """Whether .venv already holds this group; `dev` holds `app`."""
    return _done("group", group)


def _webui_sources() -> Iterable[Path]:
    for path in sorted((ROOT / "webui").rglob("*")):
        if path.is_file() and not _NOT_SOURCES & set(path.relative_to(ROOT / "webui").parts):
            yield path


def _hook_sources() -> Iterable[Path]:
    return sorted((ROOT / "installers").glob("*.py"))


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _done(name: str, value: str) -> bool:
    stamp = _STAMPS / name
    return stamp.is_file() and stamp.read_text() == value


def _stamp(name: str, value: str) -> None:
    _STAMPS.mkdir(parents=True, exist_ok=True)
    (_STAMPS / name).write_text(value)
