"""Where the running app says it can be found: <home>/run/app.json, readable by its owner only."""

import json
import os
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


def announce(run: Path, app: RunningApp) -> None:
    """Write it whole or not at all: a reader never sees half a file."""
    draft = run / f"app.json.{app.pid}"
    handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(app))
    draft.replace(app_file(run))


def withdraw(run: Path) -> None:
    """Say that nobody is at home; fine to repeat."""
    app_file(run).unlink(missing_ok=True)


def running_app(run: Path) -> RunningApp | None:
    """The app that runs now, or None when there is no file or its process is gone.

    A process id may have been given to another program since; whoever connects finds out.
    """
    try:
        app = msgspec.json.decode(app_file(run).read_bytes(), type=RunningApp)
    except (OSError, msgspec.DecodeError, json.JSONDecodeError):
        return None
    return app if psutil.pid_exists(app.pid) else None
