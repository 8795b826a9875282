"""A log is looked at before anything is written to it, through a connection that only reads.

What is found here keeps the file as it is: no writer is opened, nothing is folded together,
nothing is mended. How far it looks is bounded; everything else is what a full verification is for.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from events import codec, connections, reading, schema
from events.audit.merkle import leaf_hash
from events.errors import LogDamaged, LogNewer, primary_code
from events.head import Head

CHECKED_ON_OPEN = 1024  # newest leaves recomputed when a log is opened
QUICK_CHECK_BELOW = 64 * 2**20  # bytes; bigger files are left to a full verification

Check = Callable[[sqlite3.Connection | None], None]


def examine(path: Path, check: Check | None = None) -> None:
    """Check an existing log's structure and newest events, and whatever else `check` looks for.

    `check` is given None where there is no log yet.
    Raises LogDamaged, or what `check` raises; LogNewer when a newer version made its tables.
    """
    if not path.exists():
        if check is not None:
            check(None)
        return
    with closing(connections.open_reader(path)) as connection:
        try:
            _examine(connection, path, check)
        except sqlite3.Error as error:
            match primary_code(error):  # not the disk, but what stands there
                case sqlite3.SQLITE_ERROR:
                    raise LogDamaged(f"its tables are not those of a log: {error}") from error
                case 0:  # Python's own, which quotes the data: that is not passed on
                    raise LogDamaged("a text in it is no text") from None
            raise


def _examine(connection: sqlite3.Connection, path: Path, check: Check | None) -> None:
    connection.execute("begin")
    if not _is_whole(connection):  # a first start that was cut off: the next one finishes it
        if check is not None:
            check(None)
        return
    if steps := schema.unknown_steps(connection):
        raise LogNewer(
            f"{path.name} was made by a newer version of this program ({', '.join(steps)})"
        )
    verify_tail(connection, path.stat().st_size)
    if check is not None:
        check(connection)


def verify_tail(connection: sqlite3.Connection, size: int) -> None:
    """Check the file's structure and recompute its newest leaves; LogDamaged when they differ."""
    if size < QUICK_CHECK_BELOW:
        found = connection.execute("pragma quick_check(1)").fetchone()[0]
        if found != "ok":
            raise LogDamaged(f"the log's file is damaged: {found}")
    head = Head(connection)
    tail = head.frontier.tail(CHECKED_ON_OPEN)
    newest = reading.read_all(connection, head.position - tail, CHECKED_ON_OPEN)
    for recorded in newest:
        if leaf_hash(codec.canonical_line(recorded)) != recorded.leaf:
            raise LogDamaged(
                f"the event at position {recorded.position} was changed", recorded.position
            )
    if not head.frontier.holds_tail([recorded.leaf for recorded in newest]):
        raise LogDamaged("the newest events are not those that were written")


def _is_whole(connection: sqlite3.Connection) -> bool:
    tables = {
        name for (name,) in connection.execute("select name from sqlite_master where type='table'")
    }
    return {"events", "log_frontier", "_sqlite_migrations"} <= tables
