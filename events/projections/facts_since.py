"""What was recorded after a position, as it stands in the log? Has no table: the log answers.

For those who carry facts elsewhere: the data stays text, so that a fact costs no decoding here.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from events.audit.canonical import parse
from events.audit.segments import Segment
from events.reading import head_position


class Line(NamedTuple):
    """One event, undecoded."""

    position: int
    id: str
    stream: str
    type: str
    schema: int
    recorded_at: int  # µs since the epoch
    actor: str
    data: str  # JSON


class Page(NamedTuple):
    """The wanted events after a position. Every event up to `position` has been looked at."""

    lines: list[Line]
    position: int
    event: str  # the id of the event there; empty at position 0
    head: int  # the newest position there is


def facts_since(
    connection: sqlite3.Connection, after: int, types: Sequence[str], limit: int
) -> Page:
    """Read the events of some types after a position, oldest first, at most `limit`."""
    head = head_position(connection)
    rows = connection.execute(
        "select position, id, stream, type, schema, recorded_at, actor, data from events"
        f" where position > ? and type in ({', '.join('?' * len(types))})"
        " order by position limit ?",
        (after, *types, limit),
    ).fetchall()
    lines = [Line(*row) for row in rows]
    position = lines[-1].position if len(lines) == limit else max(head, after)
    return Page(lines, position, event_at(connection, position), head)


def sealed_facts_since(segment: Segment, after: int, types: Sequence[str], limit: int) -> Page:
    """The same of a sealed log."""
    lines: list[Line] = []
    for line in map(parse, segment.lines(after)):
        if line.type in types:
            lines.append(
                Line(
                    line.position,
                    line.id,
                    line.stream,
                    line.type,
                    line.schema,
                    line.recorded_at,
                    line.actor,
                    bytes(line.data).decode(),
                )
            )
            if len(lines) == limit:
                break
    position = lines[-1].position if len(lines) == limit else max(segment.size, after)
    return Page(lines, position, sealed_event_at(segment, position), segment.size)


def sealed_event_at(segment: Segment, position: int) -> str:
    """The same of a sealed log."""
    return parse(segment.line(position)).id if 1 <= position <= segment.size else ""


def event_at(connection: sqlite3.Connection, position: int) -> str:
    """Give the id of the event at a position; empty when there is none."""
    found = connection.execute("select id from events where position = ?", (position,)).fetchone()
    return str(found[0]) if found else ""
