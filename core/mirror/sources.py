"""The logs that are mirrored: the main log for keys, and a usage log for each month.

Everything here blocks and is called in a thread. A month's log is opened for one look and closed
again: whoever writes it shall be the last to hold it when the month is over.
"""

import contextlib
import re
import sqlite3
from collections.abc import Iterator

import msgspec

from core.mirror.rows import KEYS, REQUESTS
from core.settings import Paths
from events.errors import EventError
from events.projections.facts_since import Page, event_at, facts_since
from events.store import EventStore

MONTH = re.compile(r"usage-\d{4}-\d{2}")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a log, and which event stands there: a log put back from a copy has another."""

    position: int = 0
    event: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One log."""

    name: str  # its file, for people
    log: str  # its id
    types: tuple[str, ...]  # what is mirrored of it


class Sources:
    """Which logs there are now, and what stands in them."""

    def __init__(self, *, store: EventStore, paths: Paths) -> None:
        self._store = store
        self._home = paths.home
        self._main = Source(name=paths.main_db.name, log=store.log_id, types=KEYS)
        self._months: dict[str, Source] = {}
        self._finished: set[str] = set()
        self._unread: dict[str, str] = {}

    @property
    def origin(self) -> str:
        """The id of the main log, which is this studio's for ever."""
        return self._main.log

    @property
    def problem(self) -> str | None:
        """Why a log can not be read; the others are mirrored nevertheless."""
        return next((why for why in self._unread.values() if why), None)

    def current(self) -> list[Source]:
        """The logs that may hold something new: the main log, then the months, oldest first."""
        names = self._names()
        left = [name for name in names if name not in self._finished]
        months = [self._month(name, newest=name == names[-1]) for name in left]
        return [self._main, *(month for month in months if month)]

    def page(self, source: Source, after: int, limit: int) -> Page:
        """What comes after a position, oldest first."""
        with self._reading(source) as connection:
            return facts_since(connection, after, source.types, limit)

    def event_at(self, source: Source, position: int) -> str:
        """The id of the event there; empty when there is none."""
        with self._reading(source) as connection:
            return event_at(connection, position)

    def reached_end(self, source: Source) -> None:
        """It is mirrored; when a newer month has begun it is not looked at again."""
        names = self._names()
        if source.name in names[:-1]:
            self._finished.add(source.name)

    def look_again(self) -> None:
        """Look at every month from its beginning on: the database may be another one."""
        self._finished.clear()

    def _names(self) -> list[str]:
        found = self._home.glob("usage-*.db")
        return sorted(path.name for path in found if MONTH.fullmatch(path.stem))

    def _month(self, name: str, *, newest: bool) -> Source | None:
        """None when it can not be read: it is damaged, or only just being made."""
        if name not in self._months:
            try:
                with contextlib.closing(self._opened(name)) as store:
                    self._months[name] = Source(name=name, log=store.log_id, types=REQUESTS)
            except EventError as error:
                again = name in self._unread or not newest
                self._unread[name] = f"{name} can not be read: {error}" if again else ""
                return None
            self._unread.pop(name, None)
        return self._months[name]

    @contextlib.contextmanager
    def _reading(self, source: Source) -> Iterator[sqlite3.Connection]:
        if source is self._main:
            with self._store.reading() as connection:
                yield connection
            return
        with (
            contextlib.closing(self._opened(source.name)) as store,
            store.reading() as connection,
        ):
            yield connection

    def _opened(self, name: str) -> EventStore:
        return EventStore.open(self._home / name, read_only=True)
