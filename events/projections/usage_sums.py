"""What did all requests of a time, key, model or ending add up to? Sums over `request_records`.

Answers for one log, a month; `core.usage` adds the months up. Days and months begin at midnight of
a time zone that is a number of minutes east of UTC, and was others before where clocks were set;
then hours are named with what it was (`2026-10-25T02:00+01:00`), for one comes twice. Hours are
never split, so in zones that are not whole hours away a day begins with the first hour (UTC) that
begins in it.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import msgspec

from events.projections.latency_buckets import MASK, MEASURES, UNKNOWN, shift
from events.projections.request_records import HOUR_US, LONGEST, SCALES, SUMS

TOKENS = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")

# What can be told apart. `{hour}` is the hour since the epoch, `{zone}` minutes east of UTC.
DIMENSIONS: Mapping[str, str] = {
    "month": "strftime('%Y-%m', {hour} * 3600 + {zone} * 60, 'unixepoch')",
    "day": "strftime('%Y-%m-%d', {hour} * 3600 + {zone} * 60, 'unixepoch')",
    "hour": "strftime('%Y-%m-%dT%H:%M', {hour} * 3600 + {zone} * 60, 'unixepoch')",
    "key": "k.key_id",
    "actor": "k.actor",
    "model": "k.model",
    "recipe": "k.recipe_id",
    "engine": "k.engine_id",
    "path": "k.path",
    "lane": "k.lane",
    "outcome": "k.outcome",
    "status": "k.status",
    "error_code": "k.error_code",
    "cache": "k.cache",
}
_FILTERS = {
    name: column for name, column in DIMENSIONS.items() if name not in ("month", "day", "hour")
}


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be added up, and what told apart. Whole hours: `since` down, `until` up."""

    by: tuple[str, ...] = ()  # of DIMENSIONS
    since: int | None = None  # µs since the epoch
    until: int | None = None
    zone: int = 0  # minutes east of UTC
    zone_before: tuple[tuple[int, int], ...] = ()  # (first hour after, minutes), oldest first
    where: Mapping[str, str | int] = {}  # of DIMENSIONS, without those of time
    latencies: bool = False  # also count latencies by bucket; reads every request


class Sums(msgspec.Struct, kw_only=True):
    """What some requests add up to; `add` takes in those of another log."""

    group: tuple[str | int, ...]
    sums: dict[str, float]
    saved_tokens: int = 0  # of answers that the cache gave
    latencies: dict[str, dict[int, int]] = {}  # measure → bucket → requests

    def add(self, other: "Sums") -> None:
        """Take in what others add up to."""
        for name, value in other.sums.items():
            self.sums[name] = self.sums.get(name, 0) + value
        self.saved_tokens += other.saved_tokens
        for measure, counts in other.latencies.items():
            mine = self.latencies.setdefault(measure, {})
            for bucket, requests in counts.items():
                mine[bucket] = mine.get(bucket, 0) + requests


def usage_sums(connection: sqlite3.Connection, query: UsageQuery, most: int = -1) -> list[Sums]:
    """One for each combination that there is, in no order; at most `most` of them (-1: all)."""
    group = _group(query, "u.hour")
    # What the cache gave cost no engine anything: its tokens are told apart from the others.
    sums = (
        f"sum(case k.cache when '' then u.{name} else 0 end)"
        if name in TOKENS
        else f"sum(u.{name})"
        for name in SUMS
    )
    saved = "sum(case k.cache when '' then 0 else u.prompt_tokens + u.completion_tokens end)"
    rows = connection.execute(
        f"select {', '.join((*group, *sums, saved))}"
        f" from {_table(query)} u join request_kinds k on k.id = u.kind"
        f" where u.hour >= :since and u.hour < :until{_kinds(query, 'u')}"
        f"{_group_by(query.by)} limit :most",
        {**_values(query), "most": most},
    )
    many = len(query.by)
    found = [
        Sums(
            group=row[:many],
            sums={
                name: value / SCALES[name] if name in SCALES else value
                for name, value in zip(SUMS, row[many:-1], strict=True)
            },
            saved_tokens=row[-1],
            latencies={},
        )
        for row in rows
        if row[many]  # without a group there is a row even of nothing
    ]
    if query.latencies:
        _count_latencies(connection, query, {one.group: one for one in found})
    return found


def _count_latencies(
    connection: sqlite3.Connection, query: UsageQuery, found: Mapping[tuple[str | int, ...], Sums]
) -> None:
    group = _group(query, "i.hour")
    for measure in MEASURES:
        bucket = f"(i.latencies >> {shift(measure)}) & {MASK}"
        rows = connection.execute(
            f"select {', '.join((*group, f'{bucket} bucket', 'sum(i.requests)'))}"
            f" from {_latencies(connection)} i join request_kinds k on k.id = i.kind"
            f" where i.hour >= :since and i.hour < :until{_kinds(query, 'i')}"
            f" and bucket <> {UNKNOWN}{_group_by((*query.by, 'bucket'))}",
            _values(query),
        )
        for *of, number, requests in rows:
            if (one := found.get(tuple(of))) is not None:
                one.latencies.setdefault(measure, {})[number] = requests


def _latencies(connection: sqlite3.Connection) -> str:
    """Of each request; or, where a month is sealed, counted by hour and kind (`rollup.py`)."""
    if connection.execute("select 1 from sqlite_master where name = 'usage_latencies'").fetchone():
        return "usage_latencies"
    return (
        f"(select at / {HOUR_US} hour, kind, latencies, 1 requests from request_index"
        f" where at >= :since * {HOUR_US} and at < :until * {HOUR_US})"
    )


def _table(query: UsageQuery) -> str:
    """The sums that are not about keys have a far smaller table."""
    if "key" not in query.by and "key" not in query.where:
        return "usage_by_hour"
    if query.where.get("key"):
        return "usage_of_keys"
    return (
        "(select * from usage_of_keys union all select * from usage_by_hour where kind in"
        " (select id from request_kinds where actor <> 'key'))"
    )


def _group(query: UsageQuery, hour: str) -> list[str]:
    told, zone = dict(DIMENSIONS), ":zone"
    if query.zone_before:
        zone = _then(query, hour, str)
        told["hour"] += f" || {_then(query, hour, _offset)}"  # a clock set back shows one twice
    return [told[name].replace("{hour}", hour).replace("{zone}", zone) for name in query.by]


def _then(query: UsageQuery, hour: str, write: Callable[[int], str]) -> str:
    """What the minutes east of UTC were in that hour, written so."""
    whens = (f"when {hour} < {after:d} then {write(east)}" for after, east in query.zone_before)
    return f"(case {' '.join(whens)} else {write(query.zone)} end)"


def _offset(east: int) -> str:
    hours, minutes = divmod(abs(east), 60)
    return f"'{'-' if east < 0 else '+'}{hours:02d}:{minutes:02d}'"


def _group_by(by: Sequence[str]) -> str:
    """By number: the first columns are what is told apart."""
    return f" group by {', '.join(str(n + 1) for n in range(len(by)))}" if by else ""


def _kinds(query: UsageQuery, table: str) -> str:
    if not query.where:
        return ""
    wanted = " and ".join(f"{_FILTERS[name]} = :where_{name}" for name in query.where)
    return f" and {table}.kind in (select k.id from request_kinds k where {wanted})"


def _values(query: UsageQuery) -> dict[str, str | int]:
    asked = {
        f"where_{name}": value[:LONGEST] if isinstance(value, str) else value
        for name, value in query.where.items()
    }
    since = 0 if query.since is None else query.since // HOUR_US
    until = 2**31 if query.until is None else -(-query.until // HOUR_US)
    return {"zone": query.zone, "since": since, "until": until, **asked}
