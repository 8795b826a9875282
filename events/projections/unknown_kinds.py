"""Which events does this version not know, and how many are there of each?

They come from a newer version that wrote this log before: they are kept and shown, and passed over
by every other read model.
"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded, UnknownEvent


class UnknownKind(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one type and shape that no other read model has taken in."""

    type: str
    schema: int
    events: int


class UnknownKinds:
    """One row a type and shape."""

    name = "unknown-kinds"
    version = 1
    tables = ("unknown_kinds",)
    reads = (UnknownEvent,)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("unknown_kinds").create(
            {"type": str, "schema": int, "events": int},
            pk=("type", "schema"),
            not_null=("events",),
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        if isinstance(recorded.event, UnknownEvent):
            connection.execute(
                "insert into unknown_kinds (type, schema, events) values (?, ?, 1)"
                " on conflict (type, schema) do update set events = events + 1",
                (recorded.type, recorded.schema),
            )


def unknown_kinds(connection: sqlite3.Connection) -> list[UnknownKind]:
    """List them by type."""
    rows = connection.execute(
        "select type, schema, events from unknown_kinds order by type, schema"
    ).fetchall()
    return [UnknownKind(type=row[0], schema=row[1], events=row[2]) for row in rows]
