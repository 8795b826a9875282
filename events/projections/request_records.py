"""How much was asked of what, by whom, when, how did it go, and where in the log does it stand?

    request_kinds    who asked for what, and how it ended: each combination once, with a number
    usage_by_hour    counts and sums for each hour (UTC) and kind
    request_index    one narrow row for each request: its place, kind, time and latencies
    request_hours    the positions between which everything recorded in an hour lies

Whatever can be asked for stands in `request_kinds`, which stays small; the rest are numbers. So a
request costs three small writes, and a sum or a search over a million requests reads little. An
hour is the one in which the request was recorded; days and months are sums of hours.
"""

import sqlite3

from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import RequestFinished
from events.projections.latency_buckets import packed

HOUR_US = 3_600_000_000
LONGEST = 200  # characters of a name that is kept here: anybody can ask for any model

KIND = (
    "key_id", "actor", "model", "recipe_id", "engine_id", "path", "lane", "outcome", "status",
    "stream", "error_code", "cache",
)  # fmt: skip
"""What tells kinds apart. What is not known is the empty text; of `key:<id>` the actor is "key"."""

SUMS = {
    "requests": "integer",
    "uncounted": "integer",  # answered, and nobody knows how many tokens that were
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "cached_tokens": "integer",
    "reasoning_tokens": "integer",
    "wait_ms": "real",
    "load_ms": "real",
    "ttft_ms": "real",
    "ttft_known": "integer",  # requests of which it is known
    "itl_ms": "real",
    "itl_known": "integer",
    "duration_ms": "real",
    "cost": "real",
    "cost_known": "integer",
    "energy_j": "real",
    "energy_known": "integer",
    "energy_cost": "real",
    "energy_cost_known": "integer",
}

_FIND_KIND = f"select id from request_kinds where {' and '.join(f'{name} = ?' for name in KIND)}"
_ADD_KIND = (
    f"insert into request_kinds ({', '.join(KIND)}) values ({', '.join('?' * len(KIND))})"
    " returning id"
)
_ADD_UP = (
    f"insert into usage_by_hour values (?, ?, {', '.join('?' * len(SUMS))})"
    " on conflict (hour, kind) do update set"
    f" {', '.join(f'{name} = {name} + excluded.{name}' for name in SUMS)}"
)


class RequestRecords:
    """Counts and sums by hour and kind, and where each request stands."""

    name = "request-records"
    version = 1
    tables = ("request_kinds", "usage_by_hour", "request_index", "request_hours")

    def create(self, db: Database) -> None:
        """Make the empty tables and their indexes."""
        numbers = ("status", "stream")
        kinds = ", ".join(f"{n} {'integer' if n in numbers else 'text'} not null" for n in KIND)
        sums = ", ".join(f"{name} {kind} not null" for name, kind in SUMS.items())
        for statement in (
            f"create table request_kinds (id integer primary key, {kinds},"
            f" unique ({', '.join(KIND)})) strict",
            "create table usage_by_hour (hour integer not null, kind integer not null,"
            f" {sums}, primary key (hour, kind)) strict, without rowid",
            "create index usage_by_hour_kind on usage_by_hour (kind)",
            "create table request_index (position integer primary key, kind integer not null,"
            " at integer not null, request_id text not null, latencies integer not null) strict",
            "create index request_index_kind on request_index (kind)",
            "create index request_index_id on request_index (request_id)",
            "create table request_hours (hour integer primary key, first integer not null,"
            " last integer not null) strict",
        ):
            db.execute(statement)

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        if not isinstance(done := recorded.event, RequestFinished):
            return
        kind = _kind(connection, done)
        hour = recorded.recorded_at // HOUR_US
        connection.execute(_ADD_UP, (hour, kind, *_how_much(done)))
        connection.execute(
            "insert into request_index values (?, ?, ?, ?, ?)",
            (
                recorded.position,
                kind,
                recorded.recorded_at,
                done.request_id,
                packed(done.ttft_ms, done.itl_ms, done.duration_ms),
            ),
        )
        connection.execute(
            "insert into request_hours values (?, ?, ?)"
            " on conflict (hour) do update set last = excluded.last",
            (hour, recorded.position, recorded.position),
        )


def _kind(connection: sqlite3.Connection, done: RequestFinished) -> int:
    actor, _, key_id = done.actor.partition(":")
    described = (
        key_id if actor == "key" else "",
        actor,
        done.model[:LONGEST],
        done.recipe_id or "",
        done.engine_id or "",
        done.path[:LONGEST],
        done.lane,
        done.outcome,
        done.status,
        done.stream,
        done.error_code or "",
        done.cache,
    )
    found = connection.execute(_FIND_KIND, described).fetchone()
    if found is None:
        found = connection.execute(_ADD_KIND, described).fetchone()
    return int(found[0])


def _how_much(done: RequestFinished) -> tuple[object, ...]:
    uncounted = (
        done.status < 400
        and done.ttft_ms is not None
        and done.prompt_tokens is None
        and done.completion_tokens is None
    )
    return (
        1,
        uncounted,
        done.prompt_tokens or 0,
        done.completion_tokens or 0,
        done.cached_tokens or 0,
        done.reasoning_tokens or 0,
        done.wait_ms,
        done.load_ms,
        *_known(done.ttft_ms),
        *_known(done.itl_ms),
        done.duration_ms,
        *_known(done.cost),
        *_known(done.energy_j),
        *_known(done.energy_cost),
    )


def _known(value: float | None) -> tuple[float, int]:
    """A value as a part of a sum, and of the number of those that are known."""
    return (0.0, 0) if value is None else (value, 1)
