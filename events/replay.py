"""The studio as it stood: the same read models, folded up to a position, in memory.

Nothing here can act on the world: this package knows no launcher.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.projections import ALL
from events.projections.projector import Projection, ProjectionFailed, fold_one

if TYPE_CHECKING:
    from events.store import EventStore

PAGE = 1000
_LAST = 2**62  # no position is as great


def state_at(
    store: "EventStore", position: int, projections: Sequence[Projection] = ALL
) -> sqlite3.Connection:
    """Fold the log up to and with `position` into a database of its own, in memory.

    The caller reads it with the projections' own functions and closes it. A projection that
    raises keeps what it had, as it does in the store.
    """
    connection = empty(projections)
    try:
        fold_log(connection, Fold(projections), store, 0, position)
    except BaseException:
        connection.close()
        raise
    return connection


def position_at(store: "EventStore", moment: int, after: int = 0, until: int | None = None) -> int:
    """Give the newest position recorded at or before a moment, in µs since the epoch; else 0.

    Looks at positions with after < position <= until, the newest first. The clock may have stepped
    back: then there are positions further back that were recorded later than the moment.
    """
    with store.reading() as connection:
        row = connection.execute(
            "select position from events where position > ? and position <= ?"
            " and recorded_at <= ? order by position desc limit 1",
            (after, _LAST if until is None else until, moment),
        ).fetchone()
        return int(row[0]) if row else 0


def empty(projections: Sequence[Projection]) -> sqlite3.Connection:
    """Make the read models of a log in which nothing has happened."""
    connection = in_memory()
    database = Database(connection, execute_plugins=False)
    for projection in projections:
        projection.create(database)
    return connection


def in_memory() -> sqlite3.Connection:
    """A database that is gone when it is closed, for any one thread at a time."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = memory")
    connection.execute("pragma synchronous = off")
    return connection


class Fold:
    """Folds events into read models, each asked only about the facts that it `reads`.

    Remembers which of them broke: these stay as they were before the event.
    """

    def __init__(self, projections: Sequence[Projection]) -> None:
        self.whole = True  # none has broken so far
        self._sound = tuple(projections)
        self._readers: dict[type, tuple[Projection, ...]] = {}

    def __call__(self, connection: sqlite3.Connection, recorded: Iterable[Recorded]) -> None:
        """Fold events; ProjectionFailed when one cannot take an event."""
        readers = self._readers
        for one in recorded:
            kind = type(one.event)
            those = readers.get(kind)
            if those is None:
                those = readers[kind] = tuple(p for p in self._sound if _reads(p, kind))
            for projection in those:
                fold_one(connection, projection, one)

    def what_can_be(self, connection: sqlite3.Connection, page: Sequence[Recorded]) -> None:
        """Fold a page at once; only when a projection cannot take it, event by event."""
        connection.execute("begin")
        try:
            self(connection, page)
        except ProjectionFailed:
            connection.execute("rollback")
            connection.execute("begin")
            self._carefully(connection, page)
        connection.execute("commit")

    def _carefully(self, connection: sqlite3.Connection, page: Sequence[Recorded]) -> None:
        for event in page:
            for projection in self._sound:
                connection.execute("savepoint one")
                try:
                    fold_one(connection, projection, event)
                except ProjectionFailed:
                    connection.execute("rollback to one")
                    self._leave_out(projection)
                connection.execute("release one")

    def _leave_out(self, broken: Projection) -> None:
        self.whole = False
        self._sound = tuple(p for p in self._sound if p is not broken)
        self._readers.clear()


def fold(
    connection: sqlite3.Connection,
    projections: Sequence[Projection],
    recorded: Iterable[Recorded],
) -> None:
    """Fold events into read models; ProjectionFailed when one cannot take an event."""
    Fold(projections)(connection, recorded)


def fold_log(
    connection: sqlite3.Connection, into: Fold, store: "EventStore", after: int, until: int
) -> None:
    """Fold what the log holds after one position up to another, a page at a time."""
    while after < until and (page := store.read_all(after, PAGE, before=until + 1)):
        into.what_can_be(connection, page)
        after = page[-1].position


def dump(connection: sqlite3.Connection, projections: Sequence[Projection]) -> Mapping[str, bytes]:
    """Write every read model down in one canonical way: equal states give equal bytes.

    Rows are sorted by all their columns, for their order in a table tells how they came there.
    """
    tables = [table for projection in projections for table in projection.tables]
    return {
        table: msgspec.json.encode(
            sorted(connection.execute(f'select * from "{table}"').fetchall(), key=repr)
        )
        for table in tables
    }


def _reads(projection: Projection, kind: type) -> bool:
    """What declares nothing is asked about everything."""
    reads: tuple[type, ...] | None = getattr(projection, "reads", None)
    return reads is None or kind in reads


__all__ = ["Fold", "dump", "empty", "fold", "fold_log", "in_memory", "position_at", "state_at"]
