"""Lines written into a new log as they are: same positions, ids, times, leaves, and so same root.

This is the one way into a log beside `append`, and only into one that is not there yet. The
triggers hold here too: positions and versions come in order, without a gap, or not at all.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from sqlite_utils import Database

from events import connections, reading, schema
from events.audit.canonical import Line
from events.audit.merkle import Frontier, leaf_hash
from events.errors import LogDamaged, LogUnavailable, from_sqlite

PAGE = 1000  # lines in one commit

_INSERT = f"insert into events ({reading.COLUMNS}) values ({', '.join('?' * 12)})"


def write_log(
    path: Path, lines: Iterable[tuple[bytes, Line]], *, told: Callable[[int], None] | None = None
) -> Frontier:
    """Make a log of canonical lines; gives its tree. Read models are made when it is opened.

    `told` hears how many lines were written, after every page. When it raises, or is killed, what
    is there is the beginning of the log: whoever calls this writes beside the place it goes to.
    Raises LogUnavailable when there is a log already, or the disk does not take it; LogDamaged
    when the lines do not follow each other.
    """
    if path.exists():
        raise LogUnavailable(f"there is a log at {path} already")
    frontier = Frontier()
    try:
        connection = connections.open_writer(path)
        try:
            schema.migrate(Database(connection, execute_plugins=False))
            connections.guard(connection)
            for page in _pages(lines):
                _write(connection, page, frontier)
                if told is not None:
                    told(frontier.size)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise from_sqlite(error) from error
    except OverflowError as error:
        raise LogDamaged(f"a number after position {frontier.size} is too large") from error
    return frontier


def _pages(lines: Iterable[tuple[bytes, Line]]) -> Iterator[list[tuple[bytes, Line]]]:
    rest = iter(lines)
    while page := list(islice(rest, PAGE)):
        yield page


def _write(
    connection: sqlite3.Connection, page: list[tuple[bytes, Line]], frontier: Frontier
) -> None:
    """One commit: the events, the tiles that became whole, and the edge of the tree."""
    rows = []
    for line, parts in page:
        leaf = leaf_hash(line)
        frontier.push(leaf)
        rows.append(_row(parts, leaf))
    connection.execute("begin immediate")
    connection.executemany(_INSERT, rows)
    connection.executemany("insert into log_tiles values (?, ?, ?)", frontier.closed)
    frontier.closed = []
    connection.execute(
        "update log_frontier set size = ?, peaks = ?", (frontier.size, frontier.pack())
    )
    connection.execute("commit")


def _row(parts: Line, leaf: bytes) -> tuple[object, ...]:
    return (
        parts.position,
        parts.id,
        parts.stream,
        parts.version,
        parts.type,
        parts.schema,
        parts.recorded_at,
        parts.actor,
        parts.correlation_id,
        parts.causation_id,
        bytes(parts.data).decode(),
        leaf,
    )
