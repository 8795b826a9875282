"""How much was asked of what, by whom, when, how did it go, and where in the log does it stand?

    request_kinds    who asked for what, and how it ended: each combination once, with a number
    usage_by_hour    counts and sums for each hour (UTC) and kind, whatever key was presented
    usage_of_keys    the same for each key, of requests that came with one
    request_index    one narrow row for each request: its place, kind, time and latencies
    request_hours    the positions between which everything recorded in an hour lies

Whatever can be asked for stands in `request_kinds`, which stays small; the rest are numbers. So a
request costs few small writes, and a sum or a search over a million requests reads little. With
ten thousand keys nearly every request is an hour and kind of its own: sums that are not about keys
have a table without them. What is committed together is folded together, in few writes.

An hour is the one in which the request was recorded; days and months are sums of hours.
"""

import operator
import sqlite3
from collections.abc import Sequence

from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import RequestFinished
from events.projections.latency_buckets import packed
from events.together import Rows

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
    "wait_ms": "integer",
    "load_ms": "integer",
    "ttft_ms": "integer",
    "ttft_known": "integer",  # requests of which it is known
    "itl_ms": "integer",
    "itl_known": "integer",
    "duration_ms": "integer",
    "cost": "integer",
    "cost_known": "integer",
    "energy_j": "integer",
    "energy_known": "integer",
    "energy_cost": "integer",
    "energy_cost_known": "integer",
}

MILLISECOND, MONEY, JOULE = 1_000, 1_000_000_000, 1_000_000
SCALES = {
    "wait_ms": MILLISECOND, "load_ms": MILLISECOND, "ttft_ms": MILLISECOND, "itl_ms": MILLISECOND,
    "duration_ms": MILLISECOND, "cost": MONEY, "energy_j": JOULE, "energy_cost": MONEY,
}  # fmt: skip
"""What is no whole number is kept in whole parts, so many to one: µs, µJ, 10⁻⁹ of the currency.

Sums of fractions depend on the order in which they are added up; these are the same whatever was
committed together, so that a replay gives every table as it stands, bit for bit.
"""
MOST = 2**50  # parts of one request: sums stay far below what an integer holds

_FIND_KIND = (
    f"select id, common from request_kinds where {' and '.join(f'{name} = ?' for name in KIND)}"
)
_ADD_KIND = (
    f"insert into request_kinds ({', '.join(KIND)}, common)"
    f" values ({', '.join('?' * len(KIND))}, ?) returning id, common"
)
_ADD_UP = (
    f"insert into {{table}} values (?, ?, {', '.join('?' * len(SUMS))})"
    " on conflict (hour, kind) do update set"
    f" {', '.join(f'{name} = {name} + excluded.{name}' for name in SUMS)}"
)
_ADD_UP_ALL = _ADD_UP.format(table="usage_by_hour")
_ADD_UP_KEYS = _ADD_UP.format(table="usage_of_keys")
_PLACES = Rows("insert into request_index", 5)

Described = tuple[str | int, ...]  # a kind, by the values of KIND
Numbers = tuple[int, ...]  # in the order of SUMS


class RequestRecords:
    """Counts and sums by hour and kind, and where each request stands."""

    name = "request-records"
    version = 3
    tables = (
        "request_kinds", "usage_by_hour", "usage_of_keys", "request_index", "request_hours"
    )  # fmt: skip

    def create(self, db: Database) -> None:
        """Make the empty tables and their indexes."""
        numbers = ("status", "stream")
        kinds = ", ".join(f"{n} {'integer' if n in numbers else 'text'} not null" for n in KIND)
        sums = ", ".join(f"{name} {kind} not null" for name, kind in SUMS.items())
        for statement in (
            f"create table request_kinds (id integer primary key, {kinds}, common integer,"
            f" unique ({', '.join(KIND)})) strict",
            "create table usage_by_hour (hour integer not null, kind integer not null,"
            f" {sums}, primary key (hour, kind)) strict, without rowid",
            "create table usage_of_keys (hour integer not null, kind integer not null,"
            f" {sums}, primary key (hour, kind)) strict, without rowid",
            "create index usage_of_keys_kind on usage_of_keys (kind)",
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
        self.apply_all(connection, (recorded,))

    def apply_all(self, connection: sqlite3.Connection, recorded: Sequence[Recorded]) -> None:
        """Fold in what is committed together: the same as one by one, in fewer writes."""
        kinds: dict[Described, tuple[int, int]] = {}
        parts: dict[tuple[int, int, int], list[Numbers]] = {}  # by hour, kind and common kind
        hours: dict[int, tuple[int, int]] = {}
        index = []
        for one in recorded:
            if not isinstance(done := one.event, RequestFinished):
                continue
            told = described(done)
            if (numbers := kinds.get(told)) is None:
                numbers = kinds[told] = _kind(connection, told)
            at, position = one.recorded_at, one.position
            hour = at // HOUR_US
            place = (hour, *numbers)
            if (those := parts.get(place)) is None:
                those = parts[place] = []
            those.append(_how_much(done))
            hours[hour] = (hours.get(hour, (position,))[0], position)
            latencies = packed(done.ttft_ms, done.itl_ms, done.duration_ms)
            index.append((position, numbers[0], at, done.request_id, latencies))
        sums: dict[tuple[int, int], Numbers] = {}
        of_keys: dict[tuple[int, int], Numbers] = {}
        for (hour, kind, common), those in parts.items():
            much = tuple(map(sum, zip(*those, strict=True)))
            _add(sums, (hour, common), much)
            if kind != common:
                _add(of_keys, (hour, kind), much)
        connection.executemany(_ADD_UP_ALL, [(*at, *much) for at, much in sums.items()])
        connection.executemany(_ADD_UP_KEYS, [(*at, *much) for at, much in of_keys.items()])
        _PLACES.put(connection, index)
        connection.executemany(
            "insert into request_hours values (?, ?, ?)"
            " on conflict (hour) do update set last = excluded.last",
            [(hour, *ends) for hour, ends in hours.items()],
        )


def _add(sums: dict[tuple[int, int], Numbers], at: tuple[int, int], much: Numbers) -> None:
    so_far = sums.get(at)
    sums[at] = much if so_far is None else tuple(map(operator.add, so_far, much))


def described(done: RequestFinished) -> Described:
    """The kind of a request, by the values of KIND."""
    actor, _, key_id = done.actor.partition(":")
    return (
        key_id if actor == "key" else "",
        actor,
        done.model[:LONGEST],
        done.recipe_id or "",
        done.engine_id or "",
        done.path[:LONGEST],
        done.lane,
        done.outcome,
        done.status,
        int(done.stream),
        done.error_code or "",
        done.cache,
    )


def _kind(connection: sqlite3.Connection, described: Described) -> tuple[int, int]:
    """The number of a kind, and that of the same without its key."""
    found = connection.execute(_FIND_KIND, described).fetchone()
    if found is None:
        common = _kind(connection, ("", *described[1:]))[0] if described[0] else None
        found = connection.execute(_ADD_KIND, (*described, common)).fetchone()
    number, common = found
    return int(number), int(number if common is None else common)


def _how_much(done: RequestFinished) -> Numbers:
    ttft, itl, cost = done.ttft_ms, done.itl_ms, done.cost
    energy, energy_cost = done.energy_j, done.energy_cost
    prompt, completion = done.prompt_tokens, done.completion_tokens
    uncounted = ttft is not None and prompt is None and completion is None and done.status < 400
    cached, reasoning = done.cached_tokens or 0, done.reasoning_tokens or 0
    tokens: Numbers = (prompt or 0, completion or 0, cached, reasoning)
    if max(tokens) > MOST or min(tokens) < -MOST:  # an engine may say anything
        tokens = tuple(max(-MOST, min(count, MOST)) for count in tokens)
    return (
        1,
        uncounted,
        *tokens,
        _parts(done.wait_ms, MILLISECOND) if done.wait_ms else 0,
        _parts(done.load_ms, MILLISECOND) if done.load_ms else 0,
        0 if ttft is None else _parts(ttft, MILLISECOND),
        ttft is not None,
        0 if itl is None else _parts(itl, MILLISECOND),
        itl is not None,
        _parts(done.duration_ms, MILLISECOND),
        0 if cost is None else _parts(cost, MONEY),
        cost is not None,
        0 if energy is None else _parts(energy, JOULE),
        energy is not None,
        0 if energy_cost is None else _parts(energy_cost, MONEY),
        energy_cost is not None,
    )


def _parts(value: float, scale: int) -> int:
    parts = value * scale  # perhaps more than a float holds
    if -MOST < parts < MOST:
        return round(parts)
    return MOST if parts > 0 else -MOST
