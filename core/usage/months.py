"""The months' usage logs as files: which there are, and how one that is over is read.

A month that is over is not written any more, so nobody keeps its read models up to date when the
app learns a new one. It is brought up to date here, once, before it is first read.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from core.settings import Paths
from events.errors import LogLocked, LogUnavailable
from events.projections import USAGE
from events.projections.projector import are_current
from events.store import EventStore

T = TypeVar("T")

log = logging.getLogger(__name__)


class Months:
    """Reads from any thread."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._renewing = threading.Lock()

    def names(self) -> list[str]:
        """The months that have a log, newest first."""
        names = (path.stem.removeprefix("usage-") for path in self._paths.home.glob("usage-*.db"))
        return sorted(names, reverse=True)

    def read(self, month: str, ask: Callable[[sqlite3.Connection], T]) -> T:
        """What `ask` finds in a month; may take long the first time after an update.

        Raises EventError when the month's log can not be read.
        """
        path = self._paths.usage_db(f"{month}-01")
        with _reading(path) as connection:
            if are_current(connection, USAGE):
                return ask(connection)
        self._renew(path)
        with _reading(path) as connection:
            return ask(connection)

    def _renew(self, path: Path) -> None:
        with self._renewing:
            log.info("%s: its read models are made anew", path.name)
            try:
                EventStore.open(path, projections=USAGE).close()
            except LogLocked:
                log.debug("%s is being written, and so kept up to date", path.name)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """In a thread; a month's own file is read beside its writer."""
    store = EventStore.open(path, read_only=True)
    try:
        with store.reading() as connection:
            yield connection
    except sqlite3.OperationalError as error:
        raise _unreadable(path, error) from error
    finally:
        store.close()


def _unreadable(path: Path, error: sqlite3.Error) -> LogUnavailable:
    return LogUnavailable(f"{path.name} can not be read: {error}")
