"""Rows of the log as `Recorded`, and the readers' connections.

A reader never blocks the writer, nor the other way round. Results are always fetched whole:
a read left open would keep the write-ahead file from being reused.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from events import codec
from events.connections import open_reader
from events.envelope import Event, Recorded
from events.errors import LogDamaged, LogUnavailable, from_sqlite, is_the_machines

COLUMNS = (
    "position, id, stream, version, type, schema, recorded_at, actor,"
    " correlation_id, causation_id, data, leaf"
)
PAGE = 1000
Row = tuple[int, str, str, int, str, int, int, str, str | None, str | None, str, bytes]


def from_row(row: Row) -> Recorded:
    """Read one line of the log."""
    position, id, stream, version, type, schema, recorded_at, actor, correlated, caused = row[:10]
    try:
        data = row[10].encode()
    except AttributeError:  # a page that is damaged: SQLite takes what is missing for null
        raise LogDamaged(f"the event at position {position} can not be read", position) from None
    return Recorded(
        position=position,
        id=id,
        stream=stream,
        version=version,
        type=type,
        schema=schema,
        recorded_at=recorded_at,
        actor=actor,
        correlation_id=correlated,
        causation_id=caused,
        event=codec.decode(type, schema, data),
        data=data,
        leaf=row[11],
    )


def head_position(connection: sqlite3.Connection) -> int:
    """Give the position of the newest event, 0 when there is none."""
    found = connection.execute("select coalesce(max(position), 0) from events").fetchone()
    return int(found[0])


def stream_version(connection: sqlite3.Connection, stream: str) -> int:
    """Give the version a stream is at, 0 when it does not exist."""
    found = connection.execute(
        "select coalesce(max(version), 0) from events where stream = ?", (stream,)
    ).fetchone()
    return int(found[0])


def read_stream(connection: sqlite3.Connection, stream: str, after: int) -> list[Recorded]:
    """Read one stream from the version after `after`."""
    rows = connection.execute(
        f"select {COLUMNS} from events where stream = ? and version > ? order by version",
        (stream, after),
    ).fetchall()
    return [from_row(row) for row in rows]


def read_stream_back(
    connection: sqlite3.Connection,
    stream: str,
    before: int | None = None,
    limit: int = PAGE,
    *,
    type: str | None = None,
) -> list[Recorded]:
    """Read a stream's newest events, or those before a version, of all or of one type."""
    rows = connection.execute(
        f"select {COLUMNS} from events where stream = ? and version < ?"
        f"{'' if type is None else ' and +type = ?'} order by version desc limit ?",
        (stream, 2**62 if before is None else before, *([] if type is None else [type]), limit),
    ).fetchall()
    return [from_row(row) for row in rows]


def read_events(connection: sqlite3.Connection, stream: str, after: int = 0) -> list[Event]:
    """Read what happened in one stream, without what surrounds it: a state is folded from this.

    Versions count 1, 2, 3 …, so `after` and as many make the version that the stream is at.
    """
    rows = connection.execute(
        "select type, schema, data from events where stream = ? and version > ? order by version",
        (stream, after),
    ).fetchall()
    decode = codec.decode
    return [decode(type, schema, data.encode()) for type, schema, data in rows]


def read_all(
    connection: sqlite3.Connection,
    after: int = 0,
    limit: int = PAGE,
    *,
    before: int | None = None,
    newest_first: bool = False,
    streams: Sequence[str] = (),
    types: Sequence[str] = (),
) -> list[Recorded]:
    """Read events with after < position < before, of all or of some streams and types."""
    where, values = ["position > ?"], [after]
    if before is not None:
        where.append("position < ?")
        values.append(before)
    texts: list[str] = []
    for column, chosen in (("stream", streams), ("type", types)):
        if chosen:
            where.append(f"{column} in ({', '.join('?' * len(chosen))})")
            texts.extend(chosen)
    rows = connection.execute(
        f"select {COLUMNS} from events where {' and '.join(where)}"
        f" order by position {'desc' if newest_first else 'asc'} limit ?",
        (*values, *texts, limit),
    ).fetchall()
    return [from_row(row) for row in rows]


def pages(
    connection: sqlite3.Connection,
    after: int = 0,
    until: int | None = None,
    types: Sequence[str] = (),
) -> Iterator[list[Recorded]]:
    """Read the log, or some types of it, a page at a time: folding needs no more memory."""
    before = None if until is None else until + 1
    while page := read_all(connection, after, before=before, types=types):
        yield page
        after = page[-1].position


class Readers:
    """Hands out read-only connections; safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees the log as it is at its first query, until the block ends.

        Keep the block short, fetch whole results, and never await inside it.
        """
        connection = self._take()
        try:
            connection.execute("begin")
            yield connection
        except sqlite3.Error as error:
            if is_the_machines(error):
                raise from_sqlite(error) from error
            raise
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close what is idle now and what is lent when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise LogUnavailable("the log is closed")
            if self._idle:
                return self._idle.pop()
        try:
            return open_reader(self._path)
        except sqlite3.Error as error:
            raise from_sqlite(error) from error

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
