"""Which requests were there, and how did each end? Found by `request_records`, told by the log.

Every wish but a span of time and an id is about the kind of a request. The kinds that are wanted
are looked up first, and then their newest requests:

1. Most wishes are met by the newest requests of all: a short walk back finds enough.
2. Otherwise the newest of each wanted kind are read from the end of its part of the index.

Spans of time become spans of positions, which also holds when the clock was set back.
"""

import heapq
import sqlite3
from collections.abc import Iterable

import msgspec

from events.codec import CODEC
from events.facts import RequestFinished
from events.projections.request_records import HOUR_US, LONGEST

WALK = 5_000  # newest requests that are looked at before the kinds are asked one by one

_OF_KIND = ("model", "path", "lane", "outcome", "status", "stream", "error_code", "cache")
_COLUMNS = {name: name for name in _OF_KIND} | {
    "recipe": "recipe_id",
    "engine": "engine_id",
    "key": "key_id",
}


class RequestFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests are wanted: those for which everything that is set holds."""

    request_id: str | None = None
    model: str | None = None  # as the caller named it
    recipe: str | None = None
    engine: str | None = None
    key: str | None = None  # the id of a key
    actor: str | None = None
    path: str | None = None
    lane: str | None = None
    outcome: str | None = None
    status: int | None = None
    stream: bool | None = None
    error_code: str | None = None
    cache: str | None = None  # hit | joined
    since: int | None = None  # µs since the epoch, that moment included
    until: int | None = None  # … and this one not


class LoggedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request that has ended."""

    position: int
    finished_at: int  # µs since the epoch
    request: RequestFinished


class _Span(msgspec.Struct, frozen=True):
    """Positions first ≤ p < end, recorded at since ≤ t < until."""

    first: int
    end: int
    since: int
    until: int


def requests(
    connection: sqlite3.Connection,
    wanted: RequestFilter,
    *,
    before: int | None = None,
    limit: int = 100,
) -> list[LoggedRequest]:
    """List the wanted requests of one usage log, newest first, before a position."""
    span = _span(connection, wanted, before)
    if wanted.request_id is not None:
        positions = _of_id(connection, wanted, span)[:limit]
    else:
        positions = _newest(connection, wanted, span, limit)
    return [found for position in positions if (found := _read(connection, position))]


def _newest(
    connection: sqlite3.Connection, wanted: RequestFilter, span: _Span, limit: int
) -> list[int]:
    kinds = kinds_wanted(connection, wanted)
    if kinds is None:
        return _walk(connection, span, None, limit, 2**62)[0]
    if not kinds:
        return []
    found, walked_to = _walk(connection, span, kinds, limit, WALK)
    if len(found) >= limit or walked_to <= span.first:
        return found
    rest = msgspec.structs.replace(span, end=walked_to)
    return found + _merged(connection, rest, kinds, limit - len(found))


def _walk(
    connection: sqlite3.Connection,
    span: _Span,
    kinds: frozenset[int] | None,
    limit: int,
    steps: int,
) -> tuple[list[int], int]:
    """Back from the end of the span; what was found, and the position that was reached."""
    rows = connection.execute(
        "select position, kind from request_index where position >= ? and position < ?"
        " and at >= ? and at < ? order by position desc limit ?",
        (
            span.first,
            span.end,
            span.since,
            span.until,
            min(steps, limit) if kinds is None else steps,
        ),
    )
    found: list[int] = []
    for seen, (position, kind) in enumerate(rows, 1):
        if kinds is None or kind in kinds:
            found.append(position)
            if len(found) == limit:
                return found, position
        if seen == steps:
            return found, position
    return found, span.first


def _merged(
    connection: sqlite3.Connection, span: _Span, kinds: Iterable[int], limit: int
) -> list[int]:
    """The newest of each kind, and of these the newest of all."""
    best: list[int] = []  # a heap: the oldest of the best so far comes first
    for kind in kinds:
        floor = best[0] + 1 if len(best) == limit else span.first
        for (position,) in connection.execute(
            "select position from request_index where kind = ? and position >= ? and position < ?"
            " and +at >= ? and +at < ? order by position desc limit ?",
            (kind, floor, span.end, span.since, span.until, limit),
        ):
            if len(best) < limit:
                heapq.heappush(best, position)
            else:
                heapq.heappushpop(best, position)
    return sorted(best, reverse=True)


def _of_id(connection: sqlite3.Connection, wanted: RequestFilter, span: _Span) -> list[int]:
    kinds = kinds_wanted(connection, wanted)
    return [
        position
        for position, kind in connection.execute(
            "select position, kind from request_index where request_id = ? and position >= ?"
            " and position < ? and +at >= ? and +at < ? order by position desc",
            (wanted.request_id, span.first, span.end, span.since, span.until),
        )
        if kinds is None or kind in kinds
    ]


def kinds_wanted(connection: sqlite3.Connection, wanted: RequestFilter) -> frozenset[int] | None:
    """The numbers of the kinds that are wanted; None: all are."""
    asked = columns_wanted(wanted)
    if asked is None:
        return frozenset()
    if not asked:
        return None
    rows = connection.execute(
        f"select id from request_kinds where {' and '.join(f'{column} = ?' for column in asked)}",
        tuple(asked.values()),
    )
    return frozenset(number for (number,) in rows)


def columns_wanted(wanted: RequestFilter) -> dict[str, object] | None:
    """What the columns of a wanted kind hold (`request_records.KIND`); None: no kind is wanted."""
    asked: dict[str, object] = {
        column: value
        for name, column in _COLUMNS.items()
        if (value := getattr(wanted, name)) is not None
    }
    for name in ("model", "path"):
        if name in asked:
            asked[name] = str(asked[name])[:LONGEST]
    if wanted.actor is not None:
        for column, value in _actor(wanted.actor).items():
            if asked.setdefault(column, value) != value:
                return None  # a key that is not that actor
    return asked


def _actor(actor: str) -> dict[str, object]:
    kind, _, key_id = actor.partition(":")
    return {"actor": "key", "key_id": key_id} if kind == "key" and key_id else {"actor": actor}


def _span(connection: sqlite3.Connection, wanted: RequestFilter, before: int | None) -> _Span:
    first, end = 0, 2**62 if before is None else before
    if wanted.since is not None:
        found = _one(
            connection, "select min(first) from request_hours where hour >= ?", wanted.since
        )
        first = end if found is None else found
    if wanted.until is not None:
        found = _one(
            connection, "select max(last) from request_hours where hour <= ?", wanted.until
        )
        end = 0 if found is None else min(end, found + 1)
    since = 0 if wanted.since is None else wanted.since
    until = 2**62 if wanted.until is None else wanted.until
    return _Span(first, end, since, until)


def _one(connection: sqlite3.Connection, question: str, moment: int) -> int | None:
    found = connection.execute(question, (moment // HOUR_US,)).fetchone()[0]
    return None if found is None else int(found)


def _read(connection: sqlite3.Connection, position: int) -> LoggedRequest | None:
    recorded_at, schema, data = connection.execute(
        "select recorded_at, schema, data from events where position = ?", (position,)
    ).fetchone()
    event = CODEC.decode("request-finished", schema, data.encode())
    if not isinstance(event, RequestFinished):
        return None
    return LoggedRequest(position=position, finished_at=recorded_at, request=event)
