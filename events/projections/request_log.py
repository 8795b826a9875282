"""Which requests were there, and how did each end? Has no table: the usage log is the answer."""

import sqlite3

import msgspec

from events.codec import CODEC
from events.facts import RequestFinished

# What each filter compares; `?` is the value asked for.
_CONDITIONS = {
    "request_id": "data ->> '$.request_id' = ?",
    "model": "data ->> '$.model' = ?",
    "recipe": "data ->> '$.recipe_id' = ?",
    "engine": "data ->> '$.engine_id' = ?",
    "key": "actor = 'key:' || ?",
    "actor": "actor = ?",
    "path": "data ->> '$.path' = ?",
    "lane": "data ->> '$.lane' = ?",
    "outcome": "data ->> '$.outcome' = ?",
    "status": "data ->> '$.status' = ?",
    "stream": "data ->> '$.stream' = ?",
    "since": "recorded_at >= ?",
    "until": "recorded_at < ?",
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
    since: int | None = None  # µs since the epoch, that moment included
    until: int | None = None  # … and this one not


class LoggedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request that has ended."""

    position: int
    finished_at: int  # µs since the epoch
    request: RequestFinished


def requests(
    connection: sqlite3.Connection,
    wanted: RequestFilter,
    *,
    before: int | None = None,
    limit: int = 100,
) -> list[LoggedRequest]:
    """List the wanted requests of one usage log, newest first, before a position."""
    asked = {
        name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None
    }
    conditions = ["type = 'request-finished'", *(_CONDITIONS[name] for name in asked)]
    values = list(asked.values())
    if before is not None:
        conditions.append("position < ?")
        values.append(before)
    rows = connection.execute(
        f"select position, recorded_at, schema, data from events where {' and '.join(conditions)}"
        " order by position desc limit ?",
        (*values, limit),
    ).fetchall()
    decoded = [
        (position, recorded_at, CODEC.decode("request-finished", schema, data.encode()))
        for position, recorded_at, schema, data in rows
    ]
    return [
        LoggedRequest(position=position, finished_at=recorded_at, request=event)
        for position, recorded_at, event in decoded
        if isinstance(event, RequestFinished)
    ]
