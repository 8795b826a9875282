"""Keeps the read models equal to the log: folded inside the append's own transaction.

A read model is always the fold of a prefix of the log, and `log_projections` says of which:

    new, or its version changed, or it broke  →  its tables are dropped and folded from the start
    behind the log                            →  folded from where it stopped
    raises on an event                        →  broken: the fact is kept, the model stays as it
                                                 was before that event, and the next open tries
                                                 again from the start

There is no other migration of read models.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec
from sqlite_utils import Database

from events import reading
from events.envelope import Recorded
from events.errors import is_the_machines, place_of

log = logging.getLogger(__name__)


class Projection(Protocol):
    """Answers one question from tables of its own."""

    @property
    def name(self) -> str:
        """The question, as a name that never changes."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever the tables or the meaning of `apply` change."""
        ...

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that `create` makes."""
        ...

    def create(self, db: Database) -> None:
        """Make the empty tables."""
        ...

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in. Depends on nothing but the tables and the event."""
        ...


class ProjectionFailed(Exception):
    """A projection raised on an event; `reason` names the place in the code, not the data."""

    def __init__(self, name: str, position: int, reason: str) -> None:
        super().__init__(f"{name} cannot take position {position}: {reason}")
        self.name = name
        self.position = position
        self.reason = reason


class Projector:
    """Folds events into a set of projections, and leaves out those that broke."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._all = tuple(projections)
        self._sound = self._all
        self.broken: dict[str, str] = {}
        tables = [table for projection in self._all for table in projection.tables]
        if len(set(tables)) < len(tables) or len({p.name for p in self._all}) < len(self._all):
            raise ValueError("two projections share a name or a table")

    def open(self, connection: sqlite3.Connection) -> None:
        """Bring every read model up to the head of the log, each in a transaction of its own."""
        head, tables = reading.head_position(connection), _tables(connection)
        rows = {
            name: (version, position, json, problem)
            for name, version, position, json, problem in connection.execute(
                "select name, version, position, tables, problem from log_projections"
            )
        }
        for projection in self._all:
            as_made = msgspec.json.encode(projection.tables).decode()
            whole = rows.get(projection.name) == (projection.version, head, as_made, None)
            if not (whole and tables.issuperset(projection.tables)):
                self._bring_up_to_date(connection, projection)

    def apply(self, connection: sqlite3.Connection, recorded: Iterable[Recorded]) -> None:
        """Fold new events into every sound projection; ProjectionFailed names the one that broke.

        The caller owns the transaction, and rolls back when this raises.
        """
        events = tuple(recorded)
        for projection in self._sound:
            fold_all(connection, projection, events)
        position = events[-1].position if events else 0
        connection.executemany(
            "update log_projections set position = ? where name = ?",
            [(position, projection.name) for projection in self._sound],
        )

    def leave_out(self, connection: sqlite3.Connection, failure: ProjectionFailed) -> None:
        """Stop folding into a projection that broke, and say so loudly."""
        self.broken[failure.name] = failure.reason
        self._sound = tuple(p for p in self._sound if p.name != failure.name)
        connection.execute(
            "update log_projections set problem = ? where name = ?",
            (str(failure), failure.name),
        )
        log.error("read model left behind until the next open: %s", failure)

    def _bring_up_to_date(self, connection: sqlite3.Connection, projection: Projection) -> None:
        head = reading.head_position(connection)
        reached = self._reached(connection, projection, head)
        failure: ProjectionFailed | None = None
        while reached != head:
            try:
                self._fold(connection, projection, reached, head)
                reached = head
            except ProjectionFailed as found:
                # As far as it goes: the same events again, up to the one before.
                failure, reached, head = found, None, found.position - 1
        if failure is not None:
            self.leave_out(connection, failure)

    def _reached(
        self, connection: sqlite3.Connection, projection: Projection, head: int
    ) -> int | None:
        """Give the position a read model stands at; None when it has to be folded anew."""
        row = connection.execute(
            "select version, position, tables, problem from log_projections where name = ?",
            (projection.name,),
        ).fetchone()
        if row is None:
            return None
        version, position, tables, problem = row
        sound = version == projection.version and problem is None and position <= head
        same = tuple(msgspec.json.decode(tables)) == projection.tables
        return (
            int(position)
            if sound and same and _tables(connection).issuperset(projection.tables)
            else None
        )

    def _fold(
        self,
        connection: sqlite3.Connection,
        projection: Projection,
        reached: int | None,
        until: int,
    ) -> None:
        database = Database(connection, execute_plugins=False)
        with database.atomic():
            if reached is None:
                _drop(connection, projection)
                projection.create(database)
            for page in reading.pages(connection, reached or 0, until, types_read(projection)):
                for recorded in page:
                    fold_one(connection, projection, recorded)
            connection.execute(
                "insert into log_projections (name, version, position, tables) values (?, ?, ?, ?)"
                " on conflict (name) do update set version = excluded.version,"
                " position = excluded.position, tables = excluded.tables, problem = null",
                (
                    projection.name,
                    projection.version,
                    until,
                    msgspec.json.encode(projection.tables).decode(),
                ),
            )


def types_read(projection: Projection) -> tuple[str, ...]:
    """The wire names of the facts that it says it `reads`; none: it may read any."""
    reads: tuple[type, ...] = getattr(projection, "reads", ())
    tags = [getattr(getattr(kind, "__struct_config__", None), "tag", None) for kind in reads]
    return tuple(map(str, tags)) if all(tags) else ()


def are_current(connection: sqlite3.Connection, projections: Sequence[Projection]) -> bool:
    """Whether every one of these read models is whole, as it is made now; asks of any reader."""
    head = reading.head_position(connection)
    known = {
        name: (version, position, problem)
        for name, version, position, problem in connection.execute(
            "select name, version, position, problem from log_projections"
        )
    }
    return all(known.get(p.name) == (p.version, head, None) for p in projections)


def fold_all(
    connection: sqlite3.Connection, projection: Projection, recorded: Sequence[Recorded]
) -> None:
    """Apply what is committed together: at once where a projection can, else one by one."""
    at_once: Callable[[sqlite3.Connection, Sequence[Recorded]], None] | None = getattr(
        projection, "apply_all", None
    )
    if at_once is None:
        for one in recorded:
            fold_one(connection, projection, one)
        return
    try:
        at_once(connection, recorded)
    except Exception as error:
        if is_the_machines(error):
            raise
        first = recorded[0].position  # the next open folds one by one, and finds the one
        raise ProjectionFailed(projection.name, first, place_of(error)) from error


def fold_one(connection: sqlite3.Connection, projection: Projection, recorded: Recorded) -> None:
    """Apply one event; a failing disk is passed on, any other error becomes ProjectionFailed."""
    try:
        projection.apply(connection, recorded)
    except Exception as error:
        if is_the_machines(error):
            raise
        raise ProjectionFailed(projection.name, recorded.position, place_of(error)) from error


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("select name from sqlite_master").fetchall()}


def _drop(connection: sqlite3.Connection, projection: Projection) -> None:
    """Drop the tables of this version and of the one before."""
    row = connection.execute(
        "select tables from log_projections where name = ?", (projection.name,)
    ).fetchone()
    before = msgspec.json.decode(row[0], type=list[str]) if row else []
    for table in dict.fromkeys((*before, *projection.tables)):
        connection.execute(f'drop table if exists "{table}"')
