"""The studio as it stood: the same read models, folded up to a position, in memory.

Nothing here can act on the world: this package knows no launcher.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlite_utils import Database

from events.envelope import Recorded
from events.projections import ALL
from events.projections.projector import Projection, ProjectionFailed, fold_one

if TYPE_CHECKING:
    from events.store import EventStore


def state_at(
    store: "EventStore", position: int, projections: Sequence[Projection] = ALL
) -> sqlite3.Connection:
    """Fold the log up to and with `position` into a database of its own, in memory.

    The caller reads it with the projections' own functions and closes it. A projection that
    raises keeps what it had, as it does in the store.
    """
    connection = empty(projections)
    sound = list(projections)
    after = 0
    while after < position and (page := store.read_all(after, before=position + 1)):
        _fold_what_can_be(connection, sound, page)
        after = page[-1].position
    return connection


def position_at(store: "EventStore", moment: int) -> int:
    """Give the newest position recorded at or before a moment, in µs since the epoch; else 0."""
    with store.reading() as connection:
        row = connection.execute(
            "select coalesce(max(position), 0) from events where recorded_at <= ?", (moment,)
        ).fetchone()
        return int(row[0])


def empty(projections: Sequence[Projection]) -> sqlite3.Connection:
    """Make the read models of a log in which nothing has happened."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    database = Database(connection, execute_plugins=False)
    for projection in projections:
        projection.create(database)
    return connection


def fold(
    connection: sqlite3.Connection,
    projections: Sequence[Projection],
    recorded: Iterable[Recorded],
) -> None:
    """Fold events into read models; ProjectionFailed when one cannot take an event."""
    for event in recorded:
        for projection in projections:
            fold_one(connection, projection, event)


def _fold_what_can_be(
    connection: sqlite3.Connection, sound: list[Projection], page: Sequence[Recorded]
) -> None:
    """Fold a page at once; only when a projection cannot take it, event by event."""
    connection.execute("begin")
    try:
        fold(connection, sound, page)
    except ProjectionFailed:
        connection.execute("rollback")
        connection.execute("begin")
        _fold_carefully(connection, sound, page)
    connection.execute("commit")


def _fold_carefully(
    connection: sqlite3.Connection, sound: list[Projection], page: Sequence[Recorded]
) -> None:
    for event in page:
        for projection in tuple(sound):
            connection.execute("savepoint one")
            try:
                fold_one(connection, projection, event)
            except ProjectionFailed:
                connection.execute("rollback to one")
                sound.remove(projection)
            connection.execute("release one")


__all__ = ["empty", "fold", "position_at", "state_at"]
