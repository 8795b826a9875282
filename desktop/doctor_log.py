"""The doctor's look at the log: is it what was signed for, and can it be written."""

import os

from core.auditing.opening import trouble_now
from core.errors import StudioError
from core.secrets import Secrets
from core.settings import Settings
from desktop.check import Check, fail, ok, warn
from desktop.cli.terminal import client_of
from desktop.running_app import RunningApp
from events.store import EventStore


def log_as_the_app_says(settings: Settings, app: RunningApp | None) -> Check | None:
    """Why the running app only looks on; None when it does not, or can not be asked."""
    if app is None:
        return None
    try:
        problem = client_of(settings, app).get("/api/status").get("problem")
    except StudioError:
        return None
    return fail("log", problem["sentence"], problem["next_action"]) if problem else None


def log_healthy(settings: Settings) -> Check:
    """The event log is what was signed for, and can be written."""
    main_db = settings.paths.main_db
    trouble = trouble_now(settings, Secrets(settings.paths.secrets))
    if trouble is not None:
        return fail("log", trouble.reason, trouble.next_action)
    if not main_db.exists():
        return ok("log", "nothing recorded yet")
    store = EventStore.open(main_db, read_only=True)
    try:
        return ok("log", f"{store.head} events in {main_db}")
    finally:
        store.close()


def checkpoints(settings: Settings) -> Check:
    """What was signed for can be kept outside the log."""
    folder = settings.checkpoints
    while not folder.exists():
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return warn(
            "checkpoints",
            f"{settings.checkpoints} can not be written",
            "make it writable, or choose another with the setting checkpoints_folder",
        )
    beside = settings.checkpoints == settings.paths.checkpoints
    where = "on the same disk as the log" if beside else "as the settings say"
    return ok("checkpoints", f"{settings.checkpoints}, {where}")
