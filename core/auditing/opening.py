"""The log is opened, or what is wrong with it is found and it is opened for reading alone.

1. what a recovery left half done is finished
2. the log is examined and compared with the notes outside, then opened for writing
3. if that fails: the file as it is, when its read models can be used
4. if they can not: a copy of the good beginning, with read models of its own, in a scratch folder

A log that another process writes is no trouble but a refusal: there is a studio to ask.
"""

import contextlib
import os
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.auditing.moving import finish_recovery
from core.auditing.notes import NotesFolder
from core.auditing.outside import OutsideCheck
from core.auditing.salvage import copy_good_beginning
from core.auditing.trouble import Trouble, trouble_of
from core.clock import Clock
from core.secrets import Secrets
from core.settings import Settings
from events import reading
from events.errors import EventError, LogLocked, LogUnavailable, from_sqlite
from events.examining import examine
from events.projections import ALL
from events.projections.projector import are_current
from events.projections.settings_in_force import settings_in_force
from events.store import EventStore


@dataclass(frozen=True, kw_only=True)
class OpenedLog:
    """A log to write, or with `trouble` one to look at."""

    store: EventStore
    trouble: Trouble | None = None
    notices: tuple[str, ...] = ()
    scratch: "tempfile.TemporaryDirectory[str] | None" = None

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()
        if self.scratch is not None:
            self.scratch.cleanup()


def open_log(settings: Settings, secrets: Secrets, clock: Clock) -> OpenedLog:
    """Open the main log, for writing if that is possible.

    Raises LogLocked when another process writes it, LogUnavailable when there is nothing that
    could be read and no place for an empty one.
    """
    check = OutsideCheck(lambda log: NotesFolder(_in_force(settings, log).checkpoints), secrets)
    try:
        finish_recovery(settings.paths.main_db)
        for made in settings.home.glob("usage-????-??.db.recovered"):
            finish_recovery(made.with_suffix(""))
        store = EventStore.open(settings.paths.main_db, projections=ALL, now=clock.now, check=check)
    except LogLocked:
        raise
    except EventError as error:
        return open_for_reading(settings.paths.main_db, trouble_of(error), clock)
    except OSError as error:
        unfinished = LogUnavailable(f"a recovery can not be finished: {error.strerror}")
        return open_for_reading(settings.paths.main_db, trouble_of(unfinished), clock)
    return OpenedLog(store=store, notices=tuple(check.notices))


def trouble_now(settings: Settings, secrets: Secrets) -> Trouble | None:
    """What would keep the log from being written, found without writing to it."""
    path = settings.paths.main_db
    check = OutsideCheck(lambda log: NotesFolder(_in_force(settings, log).checkpoints), secrets)
    try:
        examine(path, check)
    except sqlite3.Error as error:
        return trouble_of(from_sqlite(error))
    except EventError as error:
        return trouble_of(error)
    except OSError as error:
        return trouble_of(LogUnavailable(f"{path} can not be read: {error.strerror}"))
    if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return trouble_of(LogUnavailable(f"{path} or its folder may not be written"))
    return None


def open_for_reading(path: Path, trouble: Trouble, clock: Clock) -> OpenedLog:
    """Open what can be read of a log. Raises LogUnavailable when there is no place for a copy."""
    with contextlib.suppress(EventError, sqlite3.Error):
        return OpenedLog(store=_as_it_is(path, trouble), trouble=trouble)
    scratch = tempfile.TemporaryDirectory(prefix="vllm-studio-log-", ignore_cleanup_errors=True)
    copy = Path(scratch.name) / path.name
    copy_good_beginning(path, copy)
    EventStore.open(copy, projections=ALL, now=clock.now).close()
    store = EventStore.open(copy, read_only=True, problem=trouble.sentence)
    return OpenedLog(store=store, trouble=trouble, scratch=scratch)


def _as_it_is(path: Path, trouble: Trouble) -> EventStore:
    store = EventStore.open(path, read_only=True, problem=trouble.sentence)
    try:
        with store.reading() as connection:
            if not are_current(connection, ALL):
                raise sqlite3.OperationalError("the read models are of another version")
            for table in (table for projection in ALL for table in projection.tables):
                connection.execute(f"select * from {table} limit 1").fetchone()
            for _ in reading.pages(connection):  # each event can be shown, though it may be wrong
                pass
    except BaseException:
        store.close()
        raise
    return store


def _in_force(settings: Settings, connection: sqlite3.Connection | None) -> Settings:
    """With what the log says, as far as it can be read."""
    if connection is None:
        return settings
    try:
        return settings.with_recorded(settings_in_force(connection))
    except sqlite3.Error:
        return settings
