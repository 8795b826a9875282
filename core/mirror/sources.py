"""The logs that are mirrored: the main log for keys, and a usage log for each month.

Everything here blocks and is called in a thread. A month's log is opened for one look and closed
again: whoever writes it shall be the last to hold it when the month is over. One that is sealed
goes on where it was; one whose requests were erased is no source any more.
"""

import contextlib
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from core.mirror.rows import KEYS, REQUESTS
from core.settings import Paths
from events.audit.segments import Segment
from events.errors import EventError, LogUnavailable
from events.projections.facts_since import (
    Page,
    event_at,
    facts_since,
    sealed_event_at,
    sealed_facts_since,
)
from events.store import EventStore

T = TypeVar("T")

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
        return self._look(
            source,
            partial(facts_since, after=after, types=source.types, limit=limit),
            partial(sealed_facts_since, after=after, types=source.types, limit=limit),
        )

    def event_at(self, source: Source, position: int) -> str:
        """The id of the event there; empty when there is none."""
        return self._look(
            source,
            partial(event_at, position=position),
            partial(sealed_event_at, position=position),
        )

    def reached_end(self, source: Source) -> None:
        """It is mirrored; when a newer month has begun it is not looked at again."""
        names = self._names()
        if source.name in names[:-1]:
            self._finished.add(source.name)

    def look_again(self) -> None:
        """Look at every month from its beginning on: the database may be another one."""
        self._finished.clear()

    def _names(self) -> list[str]:
        """The months' live logs, by their names, also of those that are sealed by now."""
        found = (*self._home.glob("usage-*.db"), *self._home.glob("usage-*.segment"))
        return sorted({f"{path.stem}.db" for path in found if MONTH.fullmatch(path.stem)})

    def _month(self, name: str, *, newest: bool) -> Source | None:
        """None when it can not be read: it is damaged, or only just being made."""
        if name not in self._months:
            try:
                self._months[name] = Source(name=name, log=self._log_id(name), types=REQUESTS)
            except EventError as error:
                again = name in self._unread or not newest
                self._unread[name] = f"{name} can not be read: {error}" if again else ""
                return None
            self._unread.pop(name, None)
        return self._months[name]

    def _look(
        self,
        source: Source,
        live: Callable[[sqlite3.Connection], T],
        sealed: Callable[[Segment], T],
    ) -> T:
        """Ask a log, in whichever of its two forms it is by now."""
        if source is self._main:
            with self._store.reading() as connection:
                return live(connection)
        path = self._home / source.name
        if path.exists():
            try:
                with (
                    contextlib.closing(EventStore.open(path, read_only=True)) as store,
                    store.reading() as connection,
                ):
                    return live(connection)
            except EventError:
                if path.exists():
                    raise  # else it was sealed meanwhile
        with _sealed(path) as segment:
            return sealed(segment)

    def _log_id(self, name: str) -> str:
        path = self._home / name
        if path.exists():
            with contextlib.closing(EventStore.open(path, read_only=True)) as store:
                return store.log_id
        with _sealed(path) as segment:
            return segment.log_id


def _sealed(live: Path) -> Segment:
    path = live.with_suffix(".segment")
    try:
        return Segment.open(path)
    except OSError as error:
        raise LogUnavailable(f"{path.name} can not be read: {error.strerror}") from error
