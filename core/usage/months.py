"""The months' usage logs as files: which there are, and how one that is over is read.

A month that is over is not written any more, so nobody keeps its read models up to date when the
app learns a new one. It is brought up to date here, once, before it is first read. One that is
sealed has no live log any more (`sealed.py`); nobody who asks can tell the two apart.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from core.settings import Paths
from core.usage.sealed import SealedBooks, is_month
from events.errors import EventError, LogLocked, LogUnavailable
from events.projections import USAGE
from events.projections.projector import are_current
from events.projections.request_log import LoggedRequest, RequestFilter, requests
from events.store import EventStore

T = TypeVar("T")

log = logging.getLogger(__name__)


class Months:
    """Reads from any thread."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._renewing = threading.Lock()
        self.sealed = SealedBooks(paths)

    def names(self) -> list[str]:
        """The months that have a log, live or sealed, newest first."""
        files = self._paths.home.glob("usage-????-??.db")
        live = (path.stem.removeprefix("usage-") for path in files)
        return sorted({*filter(is_month, live), *self.sealed.names()}, reverse=True)

    def read(self, month: str, ask: Callable[[sqlite3.Connection], T]) -> T:
        """What `ask` finds in the sums of a month; may take long the first time after an update.

        Raises EventError when they can not be read.
        """
        if self._is_live(month):
            try:
                return self._read_live(month, ask)
            except EventError:
                if self._is_live(month):
                    raise  # else it was sealed meanwhile
        with self.sealed.sums(month) as connection:
            return ask(connection)

    def requests(
        self, month: str, wanted: RequestFilter, *, before: int | None, limit: int
    ) -> list[LoggedRequest] | None:
        """The wanted requests of a month, newest first; None: they were erased, or are lost.

        Raises EventError when they can not be read.
        """

        def ask(connection: sqlite3.Connection) -> list[LoggedRequest]:
            return requests(connection, wanted, before=before, limit=limit)

        if self._is_live(month):
            try:
                return self._read_live(month, ask)
            except EventError:
                if self._is_live(month):
                    raise
        return self.sealed.requests(month, wanted, before=before, limit=limit)

    def place_of(self, request_id: str) -> tuple[str, int] | None:
        """The log that holds a request, such as usage-2026-11, and its position there.

        None when no month that can be read holds it.
        """
        wanted = RequestFilter(request_id=request_id)
        for month in likeliest_first(self.names(), request_id):
            try:
                found = self.requests(month, wanted, before=None, limit=1)
            except EventError as problem:
                log.error("the requests of %s can not be read: %s", month, problem)
                continue
            if found:
                return f"usage-{month}", found[0].position
        return None

    def writable(self, month: str) -> Path:
        """The live log for what is recorded in a month.

        That of a later one, when the clock was set back into one that is sealed.
        """
        sealed = self.sealed.names()
        while month in sealed and not self._is_live(month):
            year, number = int(month[:4]), int(month[5:])
            month = f"{year + number // 12:04}-{number % 12 + 1:02}"
        return self._live(month)

    def drop_live(self, month: str) -> None:
        """Remove the live log of a month; whoever reads it reads what is sealed from now on."""
        path = self._live(month)
        with self._renewing:
            path.unlink(missing_ok=True)  # first: what is left without it is of no use
            for end in ("-wal", "-shm", ".lock"):
                path.with_name(path.name + end).unlink(missing_ok=True)

    def _is_live(self, month: str) -> bool:
        return self._live(month).exists()

    def _live(self, month: str) -> Path:
        return self._paths.usage_db(f"{month}-01")

    def _read_live(self, month: str, ask: Callable[[sqlite3.Connection], T]) -> T:
        path = self._live(month)
        try:
            with _reading(path) as connection:
                if are_current(connection, USAGE):
                    return ask(connection)
        except EventError as problem:  # perhaps a crash cut off its beginning: opening finishes it
            log.warning("%s is opened to see what is wrong: %s", path.name, problem)
        self._renew(path)
        with _reading(path) as connection:
            return ask(connection)

    def _renew(self, path: Path) -> None:
        with self._renewing:
            if not path.exists():  # opening it would make an empty one
                return
            log.info("%s: its read models are made anew", path.name)
            try:
                EventStore.open(path, projections=USAGE).close()
            except LogLocked:
                log.debug("%s is being written, and so kept up to date", path.name)


def likeliest_first(months: list[str], request_id: str) -> list[str]:
    """The months in which to look for a request: that of its arrival, the next, then the others.

    An id of ours tells when the request came (uuid7). It ended later, and mostly soon.
    """
    try:
        made = UUID(request_id)
        arrived = datetime.fromtimestamp((made.int >> 80) / 1000, UTC).strftime("%Y-%m")
    except (ValueError, OverflowError, OSError):
        return months
    if made.version != 7:
        return months
    later = [month for month in reversed(months) if month >= arrived][:2]
    return [*later, *(month for month in months if month not in later)]


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
