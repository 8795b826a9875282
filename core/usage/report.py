"""Usage as people and programs read it: rows of what was told apart, with means and percentiles."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from events.projections.latency_buckets import percentile
from events.projections.sealed_months import PrunedMonth
from events.projections.usage_sums import Sums

WITHOUT_OFFSET = len("2026-10-25T02:00")  # an hour of a zone whose clocks were not set meanwhile
NOBODY = ""  # the group of requests that have none of that


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds. Percentiles are within five per cent; None: not asked for, or not known."""

    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class UsageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What some requests add up to."""

    group: dict[str, str | int]  # what was told apart → its value; empty: nobody's, or none
    key_name: str | None = None  # of the key, where keys are told apart
    requests: int
    uncounted: int  # answered requests of which nobody knows the tokens
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int  # of the prompt tokens
    reasoning_tokens: int  # of the completion tokens
    saved_tokens: int  # in answers from the cache; they are in none of the other counts
    wait_ms: float  # a mean, like the next
    load_ms: float
    ttft: Latency
    itl: Latency
    duration: Latency
    cost: float | None  # None: known of no request
    costed: int  # requests whose cost is known
    energy_j: float | None
    metered: int  # requests whose energy is known
    energy_cost: float | None


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/usage."""

    by: tuple[str, ...]
    since: int | None  # µs since the epoch; whole hours
    until: int | None
    tz: int  # minutes east of UTC, by which days and months begin, at the end of the time
    currency: str
    rows: tuple[UsageEntry, ...]
    total: UsageEntry
    unreadable: tuple[str, ...] = ()  # months that are missing, because they could not be read
    pruned: tuple[PrunedMonth, ...] = ()  # months in it whose single requests were erased


def entries(
    sums: Iterable[Sums], by: tuple[str, ...], name_of: Callable[[str], str | None]
) -> tuple[UsageEntry, ...]:
    """One for each sum, in the order of what was told apart."""
    hour = by.index("hour") if "hour" in by else None

    def place(one: Sums) -> tuple[str | int | datetime, ...]:
        if hour is None or len(str(one.group[hour])) == WITHOUT_OFFSET:
            return one.group
        passed = datetime.fromisoformat(str(one.group[hour]))
        return (*one.group[:hour], passed, *one.group[hour + 1 :])

    return tuple(entry(one, by, name_of) for one in sorted(sums, key=place))


def total(sums: Iterable[Sums]) -> UsageEntry:
    """All of them together."""
    whole = Sums(group=(), sums={}, latencies={})
    for one in sums:
        whole.add(one)
    return entry(whole, (), lambda key_id: None)


def entry(one: Sums, by: tuple[str, ...], name_of: Callable[[str], str | None]) -> UsageEntry:
    """One sum as it is told."""
    group = dict(zip(by, one.group, strict=True))
    key_id = group.get("key")

    def count(name: str) -> int:
        return int(one.sums.get(name, 0))

    def known(name: str, of: str) -> float | None:
        return one.sums[name] if count(of) else None

    requests = count("requests")
    return UsageEntry(
        group=group,
        key_name=name_of(str(key_id)) if key_id else None,
        requests=requests,
        uncounted=count("uncounted"),
        prompt_tokens=count("prompt_tokens"),
        completion_tokens=count("completion_tokens"),
        cached_tokens=count("cached_tokens"),
        reasoning_tokens=count("reasoning_tokens"),
        saved_tokens=int(one.saved_tokens),
        wait_ms=_mean(one, "wait_ms", requests) or 0.0,
        load_ms=_mean(one, "load_ms", requests) or 0.0,
        ttft=_latency(one, "ttft", count("ttft_known")),
        itl=_latency(one, "itl", count("itl_known")),
        duration=_latency(one, "duration", requests),
        cost=known("cost", "cost_known"),
        costed=count("cost_known"),
        energy_j=known("energy_j", "energy_known"),
        metered=count("energy_known"),
        energy_cost=known("energy_cost", "energy_cost_known"),
    )


def _latency(one: Sums, measure: str, known: int) -> Latency:
    counts = one.latencies.get(measure, {})
    return Latency(
        mean=_mean(one, f"{measure}_ms", known),
        p50=percentile(counts, 0.5),
        p95=percentile(counts, 0.95),
        p99=percentile(counts, 0.99),
    )


def _mean(one: Sums, name: str, of: int) -> float | None:
    return one.sums[name] / of if of else None
