"""Logs as an export sees them: so many lines, their roots, and when they were recorded.

A log only grows, so what it held at one moment is a number: its size. It is read a page at a
time, each in a moment of its own, so that the log goes on being written meanwhile and its
write-ahead file does not grow for it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from events import codec
from events.audit.canonical import parse
from events.audit.segments import Segment
from events.audit.tree import LogTree
from events.connections import open_reader
from events.errors import LogDamaged, LogUnavailable, from_sqlite

PAGE = 500  # lines
LARGEST_PAGE = 4 * 2**20  # bytes of data after which a page ends early

_COLUMNS = (
    "position, id, stream, version, type, schema, recorded_at, actor,"
    " correlation_id, causation_id, cast(data as blob)"
)
_Row = tuple[int, str, str, int, str, int, int, str, str | None, str | None, bytes]


class LogSource(Protocol):
    """One log, as it was when it was opened."""

    name: str  # "main", or a month's: "usage-2026-11"
    log_id: str
    size: int  # lines

    def lines(self, after: int, until: int) -> Iterator[list[bytes]]:
        """Canonical lines with after < position ≤ until, in pages."""
        ...

    def root(self, start: int, end: int) -> bytes:
        """RFC 6962's hash of the leaves from `start` up to but without `end`."""
        ...

    def span(self, since: int | None, until: int | None) -> tuple[int, int]:
        """First and last position recorded in since ≤ time < until (µs); (1, 0) when none was."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class LiveLog:
    """A log in its database, read beside whoever writes it."""

    def __init__(self, path: Path, name: str) -> None:
        """Raises LogUnavailable when it can not be read, LogDamaged when it is no log."""
        self.name = name
        self._path = path
        with self._told():
            if not path.exists():
                raise LogUnavailable(f"there is no log at {path}")
            self._connection = open_reader(path)
        try:
            with self._told():
                self._tree = LogTree(self._connection)
                self.log_id = self._read_log_id()
                self.size = self._tree.size
        except BaseException:
            self.close()
            raise

    def lines(self, after: int, until: int) -> Iterator[list[bytes]]:
        """Canonical lines with after < position ≤ until, in pages."""
        while after < until:
            with self._told():
                page = self._page(after, min(until, after + PAGE))
            if not page:
                raise LogDamaged(f"{self._path.name} has no event at position {after + 1}")
            yield page
            after += len(page)

    def root(self, start: int, end: int) -> bytes:
        """RFC 6962's hash of the leaves from `start` up to but without `end`."""
        try:
            with self._told():
                return self._tree.root(start, end)
        except KeyError as error:
            raise LogDamaged(f"{self._path.name} has not all of its hashes: {error}") from error

    def span(self, since: int | None, until: int | None) -> tuple[int, int]:
        """First and last position recorded in since ≤ time < until (µs); (1, 0) when none was."""
        where, moments = ["position <= ?"], [self.size]
        for comparison, moment in ((">=", since), ("<", until)):
            if moment is not None:
                where.append(f"recorded_at {comparison} ?")
                moments.append(moment)
        with self._told():
            first, last = self._connection.execute(
                f"select min(position), max(position) from events where {' and '.join(where)}",
                moments,
            ).fetchone()
        return (1, 0) if first is None else (int(first), int(last))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _page(self, after: int, until: int) -> list[bytes]:
        lines: list[bytes] = []
        taken, expected = 0, after
        rows = self._connection.execute(
            f"select {_COLUMNS} from events where position > ? and position <= ? order by position",
            (after, until),
        )
        try:
            row: _Row
            for row in rows:
                expected += 1
                if row[0] != expected:
                    break  # a gap: the next page finds nothing there
                lines.append(codec.envelope_line(*row))
                taken += len(row[10])
                if taken > LARGEST_PAGE:
                    break
        finally:
            rows.close()  # a read left open would keep the write-ahead file from being reused
        return lines

    def _read_log_id(self) -> str:
        row = self._connection.execute(
            "select data from events where position = 1 and type = 'audit-log-created'"
        ).fetchone()
        log_id = codec.plain(row[0].encode()).get("log_id") if row else None
        if not isinstance(log_id, str):
            raise LogDamaged(f"{self._path.name} does not begin with its creation")
        return log_id

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise from_sqlite(error) from error


class SealedLog:
    """A month that is over, in its segment."""

    def __init__(self, path: Path) -> None:
        """Raises LogUnavailable when it can not be read, LogDamaged when it is no segment."""
        try:
            self._segment = Segment.open(path)
        except OSError as error:
            raise LogUnavailable(f"{path} can not be read: {error.strerror}") from error
        self.name = self._segment.log
        self.log_id = self._segment.log_id
        self.size = self._segment.size
        self.note = self._segment.note or None

    def lines(self, after: int, until: int) -> Iterator[list[bytes]]:
        """Canonical lines with after < position ≤ until, in pages."""
        rest = self._segment.lines(after, until)
        while page := list(islice(rest, PAGE)):
            yield page

    def root(self, start: int, end: int) -> bytes:
        """RFC 6962's hash of the leaves from `start` up to but without `end`."""
        return self._segment.tree.root(start, end)

    def span(self, since: int | None, until: int | None) -> tuple[int, int]:
        """First and last position recorded in since ≤ time < until (µs); (1, 0) when none was."""
        positions = [
            position
            for position, at in enumerate(self._moments(), start=1)
            if (since is None or since <= at) and (until is None or at < until)
        ]
        return (positions[0], positions[-1]) if positions else (1, 0)

    def close(self) -> None:
        """Let go of the file."""
        self._segment.close()

    def _moments(self) -> Iterator[int]:
        for line in self._segment.lines():
            yield parse(line).recorded_at
