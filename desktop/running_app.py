"""Where the running app says it can be found: <home>/run/app.json, readable by its owner only.

Where that can not be written, because the disk is full or read-only, it says so in the system's
folder for temporary files: somebody has to be told what is wrong.
"""

import contextlib
import json
import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

import msgspec
import psutil


class RunningApp(msgspec.Struct, frozen=True, kw_only=True):
    """What the running app wrote down about itself."""

    pid: int
    port: int
    started_at: int  # µs since the epoch
    version: str


def app_file(run: Path) -> Path:
    """The file inside the run directory."""
    return run / "app.json"


def fallback_file(run: Path) -> Path:
    """Where it is when there is no place for it in the run directory."""
    name = sha256(os.fsencode(run.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"vllm-studio-{_user()}-{name}.json"


def announce(run: Path, app: RunningApp) -> None:
    """Write it whole or not at all: a reader never sees half a file."""
    try:
        _write(app_file(run), app)
    except OSError:
        _write(fallback_file(run), app)


def withdraw(run: Path) -> None:
    """Say that nobody is at home; fine to repeat."""
    for file in (app_file(run), fallback_file(run)):
        with contextlib.suppress(OSError):  # what can not be removed names a process that is gone
            file.unlink(missing_ok=True)


def running_app(run: Path) -> RunningApp | None:
    """The app that runs now, or None when there is no file or its process is gone.

    A process id may have been given to another program since; whoever connects finds out.
    """
    for file in (app_file(run), fallback_file(run)):
        app = _read(file)
        if app is not None and psutil.pid_exists(app.pid):
            return app
    return None


def _write(target: Path, app: RunningApp) -> None:
    draft = target.with_name(f"{target.name}.{app.pid}")
    draft.unlink(missing_ok=True)
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(app))
        draft.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _read(file: Path) -> RunningApp | None:
    """Nothing that somebody else may have put there: the folder is everybody's."""
    try:
        found = file.lstat()
        if not stat.S_ISREG(found.st_mode) or (os.name == "posix" and found.st_uid != _user()):
            return None
        return msgspec.json.decode(file.read_bytes(), type=RunningApp)
    except (OSError, msgspec.DecodeError, json.JSONDecodeError):
        return None


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
