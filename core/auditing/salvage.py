"""What is good in a damaged log: every event whose line still has its hash.

Read from a copy of the files, so that the damaged ones stay as they are. Where a page can not be
read, the events around it are asked for one by one.
"""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from events import codec, connections, reading, schema
from events.audit.merkle import Frontier, leaf_hash
from events.envelope import Recorded
from events.errors import EventError
from events.writer import INSERT

STEP = 256  # events asked for at once
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)  # the second: Python could not read the first


class Good(NamedTuple):
    """An event that is what was written."""

    recorded: Recorded
    line: bytes
    row: reading.Row


def good_events(path: Path) -> Iterator[Good]:
    """The good events of a log in order; positions that are missing between them are not."""
    with (
        _copied(path) as copy,
        contextlib.suppress(*UNREADABLE),
        closing(sqlite3.connect(copy)) as connection,
    ):
        for row in _rows(connection):
            good = _judged(row)
            if good is not None:
                yield good


def last_position(path: Path) -> int:
    """How many events there were, as far as that can be read."""
    with (
        _copied(path) as copy,
        contextlib.suppress(*UNREADABLE),
        closing(sqlite3.connect(copy)) as connection,
    ):
        return _last(connection)
    return 0


def copy_good_beginning(path: Path, copy: Path) -> None:
    """Write a log of the events before the first bad one; an empty one when there is none."""
    with closing(connections.open_writer(copy)) as connection:
        schema.migrate(Database(connection, execute_plugins=False))
        connection.execute("pragma synchronous = off")  # a scratch copy
        frontier = Frontier()
        connection.execute("begin")
        for good in good_events(path):
            if good.recorded.position != frontier.size + 1:
                break
            connection.execute(INSERT, good.row)
            frontier.push(good.recorded.leaf)
        connection.executemany("insert into log_tiles values (?, ?, ?)", frontier.closed)
        connection.execute(
            "update log_frontier set size = ?, peaks = ?", (frontier.size, frontier.pack())
        )
        connection.execute("commit")


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    """The log's files in a scratch folder."""
    with tempfile.TemporaryDirectory(prefix="vllm-studio-log-") as folder:
        copy = Path(folder) / path.name
        for part in ("", "-wal"):
            source = path.with_name(path.name + part)
            if source.exists():
                shutil.copyfile(source, copy.with_name(copy.name + part))
        yield copy


def _rows(connection: sqlite3.Connection) -> Iterator[reading.Row]:
    last = _last(connection)
    for first in range(1, last + 1, STEP):
        until = min(first + STEP - 1, last)
        try:
            yield from _between(connection, first, until)
        except UNREADABLE:
            for position in range(first, until + 1):
                with contextlib.suppress(*UNREADABLE):
                    yield from _between(connection, position, position)


def _between(connection: sqlite3.Connection, first: int, until: int) -> list[reading.Row]:
    return connection.execute(
        f"select {reading.COLUMNS} from events where position between ? and ? order by position",
        (first, until),
    ).fetchall()


def _last(connection: sqlite3.Connection) -> int:
    """The newest event's position, from whatever tells it."""
    told = [0]
    for question in ("select max(position) from events", "select size from log_frontier"):
        with contextlib.suppress(*UNREADABLE, TypeError):
            told.append(int(connection.execute(question).fetchone()[0]))
    return max(told)


def _judged(row: reading.Row) -> Good | None:
    try:
        recorded = reading.from_row(row)
        line = codec.canonical_line(recorded)
    except (
        ValueError,
        TypeError,
        AttributeError,
        EventError,
    ):  # columns of other kinds than were written
        return None
    return Good(recorded, line, row) if leaf_hash(line) == recorded.leaf else None
