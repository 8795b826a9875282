"""Sums and searches over requests are what counting them one by one would give."""

import itertools
import math
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.facts import RequestFinished
from events.projections import USAGE, request_log
from events.projections.latency_buckets import ERROR, bucket_of, percentile
from events.projections.projector import are_current
from events.projections.request_log import RequestFilter, requests
from events.projections.request_records import (
    HOUR_US,
    MILLISECOND,
    MONEY,
    MOST,
    RequestRecords,
)
from events.projections.usage_sums import DIMENSIONS, UsageQuery, usage_sums
from events.store import EventStore
from tests.events.conftest import START, Open, StillClock

HOUR = START // HOUR_US  # 2026-11-18T11, UTC
_ms = st.none() | st.floats(0, 1e5)
_tokens = st.none() | st.integers(0, 10_000)


@st.composite
def finished(draw: st.DrawFn) -> RequestFinished:
    """A request of few kinds, so that kinds repeat."""
    return RequestFinished(
        request_id=draw(st.sampled_from("abcdefgh")),
        path=draw(st.sampled_from(["/v1/chat/completions", "/v1/embeddings"])),
        model=draw(st.sampled_from(["m", "n"])),
        recipe_id=draw(st.sampled_from([None, "r"])),
        engine_id=draw(st.sampled_from([None, "e"])),
        actor=draw(st.sampled_from(["api", "window", "key:1", "key:2"])),
        lane=draw(st.sampled_from(["gateway", "direct", "none"])),
        outcome=draw(st.sampled_from(["ok", "ok", "error", "rejected"])),
        status=draw(st.sampled_from([200, 429])),
        stream=draw(st.booleans()),
        prompt_tokens=draw(_tokens),
        completion_tokens=draw(_tokens),
        cached_tokens=draw(_tokens),
        ttft_ms=draw(_ms),
        itl_ms=draw(_ms),
        duration_ms=draw(st.floats(0, 1e6)),
        cost=draw(st.none() | st.floats(0, 10)),
        energy_j=draw(st.none() | st.floats(0, 1e4)),
        cache=draw(st.sampled_from(["", "", "hit"])),
        error_code=draw(st.sampled_from([None, None, "too-many"])),
    )


Told = tuple[int, RequestFinished]  # µs since the epoch, and what ended
_moments = st.integers(0, 50 * 60).map(lambda minutes: START + minutes * 60_000_000)
_history = st.lists(
    st.tuples(_moments, st.lists(finished(), min_size=1, max_size=6)), min_size=1, max_size=5
)


@contextmanager
def told(history: list[tuple[int, list[RequestFinished]]]) -> Iterator[sqlite3.Connection]:
    """A usage log of these; the clock goes back as it likes."""
    with tempfile.TemporaryDirectory() as folder:
        clock = StillClock()
        store = EventStore.open(Path(folder) / "usage.db", projections=USAGE, now=clock)
        for moment, facts in history:
            clock.at = moment
            store.append_now("usage-2026-11-18", facts, actor="api")
        try:
            with store.reading() as connection:
                yield connection
        finally:
            store.close()


def flat(history: list[tuple[int, list[RequestFinished]]]) -> list[Told]:
    """One by one, oldest first."""
    return [(moment, fact) for moment, facts in history for fact in facts]


def naive_value(name: str, moment: int, fact: RequestFinished) -> str | int:
    """What a request counts as in a dimension."""
    actor, _, key = fact.actor.partition(":")
    values: dict[str, Any] = {
        "key": key,
        "actor": actor,
        "recipe": fact.recipe_id or "",
        "engine": fact.engine_id or "",
        "error_code": fact.error_code or "",
        "hour": moment // HOUR_US,
    }
    found: str | int = values[name] if name in values else getattr(fact, name)
    return found


_by = st.lists(
    st.sampled_from([n for n in DIMENSIONS if n not in ("day", "month", "hour")]),
    unique=True,
    max_size=3,
)


@given(_history, _by, st.sampled_from([None, "1"]), st.integers(-2, 60), st.integers(-2, 60))
def test_sums_are_those_of_a_count_one_by_one(
    history: list[tuple[int, list[RequestFinished]]],
    by: list[str],
    key: str | None,
    since: int,
    until: int,
) -> None:
    """For any grouping, key and span of hours."""
    query = UsageQuery(
        by=tuple(by),
        since=(HOUR + since) * HOUR_US,
        until=(HOUR + until) * HOUR_US,
        where={"key": key} if key else {},
        latencies=True,
    )
    naive: dict[tuple[str | int, ...], list[RequestFinished]] = defaultdict(list)
    for moment, fact in flat(history):
        inside = HOUR + since <= moment // HOUR_US < HOUR + until
        if inside and (key is None or fact.actor == f"key:{key}"):
            naive[tuple(naive_value(name, moment, fact) for name in by)].append(fact)
    with told(history) as connection:
        found = {one.group: one for one in usage_sums(connection, query)}
    assert set(found) == set(naive)
    for group, facts in naive.items():
        sums, own = found[group].sums, [fact for fact in facts if not fact.cache]
        assert sums["requests"] == len(facts)
        assert sums["prompt_tokens"] == sum(fact.prompt_tokens or 0 for fact in own)
        assert found[group].saved_tokens == sum(
            (fact.prompt_tokens or 0) + (fact.completion_tokens or 0)
            for fact in facts
            if fact.cache
        )
        costs = [fact.cost for fact in facts if fact.cost is not None]
        assert sums["cost_known"] == len(costs)
        # Whole parts are added up, so each request may be off by half a part.
        assert sums["cost"] == pytest.approx(sum(costs), abs=len(facts) / MONEY)
        lasted = sum(fact.duration_ms for fact in facts)
        assert sums["duration_ms"] == pytest.approx(lasted, abs=len(facts) / MILLISECOND)
        for measure in ("ttft", "itl", "duration"):
            values = [getattr(fact, f"{measure}_ms") for fact in facts]
            counts: dict[int, int] = defaultdict(int)
            for value in values:
                if value is not None:
                    counts[bucket_of(value)] += 1
            assert found[group].latencies.get(measure, {}) == counts


def _lasted(*durations: float) -> tuple[int, list[RequestFinished]]:
    fact = RequestFinished(
        request_id="a", path="/v1/embeddings", model="m", recipe_id="r", engine_id="e",
        actor="api", lane="direct", outcome="ok", status=200, stream=False,
    )  # fmt: skip
    return START, [msgspec.structs.replace(fact, duration_ms=one) for one in durations]


@given(_history)
@example([_lasted(0.1), _lasted(0.2, 0.3)])  # 0.1 + (0.2 + 0.3) is not (0.1 + 0.2) + 0.3
def test_a_replay_gives_the_same_tables_bit_for_bit(
    history: list[tuple[int, list[RequestFinished]]],
) -> None:
    """Whatever was committed together: fractions added up in another order would differ."""
    one_by_one = [(moment, [fact]) for moment, fact in flat(history)]

    def tables(written: list[tuple[int, list[RequestFinished]]]) -> list[list[tuple[Any, ...]]]:
        with told(written) as connection:
            return [
                connection.execute(f"select * from {table} order by 1, 2").fetchall()
                for table in RequestRecords.tables
            ]

    assert tables(history) == tables(one_by_one)


_wishes = st.fixed_dictionaries(
    {},
    optional={
        "request_id": st.sampled_from("ab"),
        "model": st.sampled_from(["m", "nobody"]),
        "recipe": st.just("r"),
        "engine": st.just("e"),
        "key": st.sampled_from(["1", "9"]),
        "actor": st.sampled_from(["api", "key:1"]),
        "outcome": st.sampled_from(["ok", "error"]),
        "status": st.just(429),
        "stream": st.booleans(),
        "error_code": st.just("too-many"),
        "cache": st.just("hit"),
        "since": _moments,
        "until": _moments,
    },
)


@given(_history, _wishes, st.integers(1, 8), st.sampled_from([1, 3, 5000]), st.integers(2, 30))
def test_a_search_finds_the_newest_that_a_look_at_each_would(
    history: list[tuple[int, list[RequestFinished]]],
    wishes: dict[str, Any],
    limit: int,
    walk: int,
    before: int,
) -> None:
    """However many are walked over before the index of kinds is asked, whatever the clock did."""
    renamed = {"recipe": "recipe_id", "engine": "engine_id"}

    def wanted(moment: int, fact: RequestFinished) -> bool:
        spans = wishes.get("since", 0) <= moment < wishes.get("until", 2**62)
        key = wishes.get("key") in (None, fact.actor.removeprefix("key:"))
        plain = {k: v for k, v in wishes.items() if k not in ("since", "until", "key")}
        return spans and key and all(getattr(fact, renamed.get(k, k)) == plain[k] for k in plain)

    placed = list(zip(itertools.count(2), flat(history), strict=False))  # 1 is the log's creation
    naive = [at for at, one in reversed(placed) if at < before and wanted(*one)][:limit]
    with told(history) as connection, patch.object(request_log, "WALK", walk):
        found = requests(connection, RequestFilter(**wishes), before=before, limit=limit)
    assert [one.position for one in found] == naive
    assert [one.request for one in found] == [dict(placed)[at][1] for at in naive]


@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=200), st.floats(0, 1))
def test_a_percentile_is_within_its_promised_error(values: list[float], share: float) -> None:
    """Whatever was measured."""
    counts: dict[int, int] = defaultdict(int)
    for value in values:
        counts[bucket_of(value)] += 1
    true = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert percentile(counts, share) == pytest.approx(true, rel=ERROR * 1.001)


def test_nothing_measured_has_no_percentile() -> None:
    """None rather than zero; and a latency of zero has its bucket."""
    assert percentile({}, 0.5) is None
    assert percentile({bucket_of(0.0): 3}, 0.99) == pytest.approx(1e-3, rel=ERROR * 1.001)


BASE = RequestFinished(
    request_id="r", path="/v1/chat/completions", model="m", recipe_id="m", engine_id="e",
    actor="api", lane="direct", outcome="ok", status=200, stream=False,
)  # fmt: skip


def test_days_begin_at_the_midnight_of_a_time_zone(opened: Open, clock: StillClock) -> None:
    """11:06 UTC and 23:06 UTC are two days in Tokyo, and one in UTC."""
    log = opened(USAGE)
    for moment in (START, START + 12 * HOUR_US):
        clock.at = moment
        log.append_now("usage-2026-11-18", [BASE], actor="api")

    def days(zone: int) -> list[tuple[str | int, ...]]:
        with log.reading() as connection:
            return sorted(
                one.group for one in usage_sums(connection, UsageQuery(by=("day",), zone=zone))
            )

    assert days(0) == [("2026-11-18",)]
    assert days(540) == [("2026-11-18",), ("2026-11-19",)]


def test_days_before_the_clocks_were_set_begin_by_the_clock_of_then(
    opened: Open, clock: StillClock
) -> None:
    """22:30 UTC was half past midnight in Berlin's summer, and 23:30 UTC is in its winter."""
    log = opened(USAGE)
    set_back = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()) // 3600
    for moment in ((24, 21), (24, 22), (25, 22), (25, 23)):
        clock.at = int(datetime(2026, 10, *moment, 30, tzinfo=UTC).timestamp()) * 1_000_000
        log.append_now("usage-2026-10-25", [BASE], actor="api")
    query = UsageQuery(by=("day",), zone=60, zone_before=((set_back, 120),))
    with log.reading() as connection:
        found = {one.group: one.sums["requests"] for one in usage_sums(connection, query)}
        latencies = usage_sums(connection, msgspec.structs.replace(query, latencies=True))
    assert found == {("2026-10-24",): 1, ("2026-10-25",): 2, ("2026-10-26",): 1}
    assert {one.group for one in latencies} == found.keys()


def test_the_two_hours_that_a_clock_showed_twice_are_told_apart(
    opened: Open, clock: StillClock
) -> None:
    """Two o'clock in Berlin's summer, and once more in its winter."""
    log = opened(USAGE)
    set_back = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()) // 3600
    for hour in (0, 1, 1):
        clock.at = int(datetime(2026, 10, 25, hour, 30, tzinfo=UTC).timestamp()) * 1_000_000
        log.append_now("usage-2026-10-25", [BASE], actor="api")
    query = UsageQuery(by=("hour", "model"), zone=60, zone_before=((set_back, 120),))
    with log.reading() as connection:
        found = {one.group: one.sums["requests"] for one in usage_sums(connection, query)}
        latencies = usage_sums(connection, msgspec.structs.replace(query, latencies=True))
        fixed = usage_sums(connection, UsageQuery(by=("hour",), zone=-210))
    assert found == {
        ("2026-10-25T02:00+02:00", "m"): 1,
        ("2026-10-25T02:00+01:00", "m"): 2,
    }
    assert {one.group for one in latencies if one.latencies["duration"]} == found.keys()
    assert {one.group for one in fixed} == {("2026-10-24T20:30",), ("2026-10-24T21:30",)}


def test_a_log_of_before_is_told_from_one_that_is_up_to_date(opened: Open) -> None:
    """An older app's log is folded at its next open for writing."""
    log = opened(())
    log.append_now("usage-2026-11-18", [BASE], actor="api")
    with log.reading() as connection:
        assert not are_current(connection, USAGE)
    log.close()
    again = opened(USAGE)
    with again.reading() as connection:
        assert are_current(connection, USAGE)
        assert [one.sums["requests"] for one in usage_sums(connection, UsageQuery())] == [1]
        raised = RequestRecords()
        raised.version += 1
        assert not are_current(connection, [raised])


def test_no_answer_reads_what_it_needs_not(opened: Open) -> None:
    """A key, a kind and an id are found by an index, also when there are a million."""
    log = opened(USAGE)
    with log.reading() as connection:
        for question, index in (
            ("select position from request_index where kind = 1 order by position desc",
             "request_index_kind"),
            ("select position from request_index where request_id = 'r'", "request_index_id"),
            ("select * from usage_of_keys u where hour >= 1 and hour < 9 and u.kind in"
             " (select k.id from request_kinds k where k.key_id = 'x')", "usage_of_keys_kind"),
        ):  # fmt: skip
            plan = " ".join(
                row[3] for row in connection.execute(f"explain query plan {question}").fetchall()
            )
            assert index in plan, plan
            assert "scan request_index" not in plan.lower()


@pytest.mark.parametrize("duration", [1e16, 1.797693134862316e305])
def test_a_time_that_no_sum_could_hold_counts_as_the_most_there_is(duration: float) -> None:
    """Also where so many parts are more than a float can say; the read model goes on."""
    fact = RequestFinished(
        request_id="r", path="p", model="m", recipe_id=None, engine_id=None, actor="api",
        lane="none", outcome="ok", status=200, stream=False, duration_ms=duration,
    )  # fmt: skip
    with told([(START, [fact])]) as connection:
        (sums,) = usage_sums(connection, UsageQuery())
    assert sums.sums["duration_ms"] == MOST / MILLISECOND


def test_a_count_that_no_sum_could_hold_counts_as_the_most_there_is() -> None:
    """Whatever an engine says it counted; the read model goes on."""
    fact = RequestFinished(
        request_id="r", path="p", model="m", recipe_id=None, engine_id=None, actor="api",
        lane="none", outcome="ok", status=200, stream=False, duration_ms=1,
        prompt_tokens=2**63 - 1, cached_tokens=-(2**63), completion_tokens=7,
    )  # fmt: skip
    with told([(START, [fact, fact])]) as connection:
        (sums,) = usage_sums(connection, UsageQuery())
    counted = [sums.sums[f"{name}_tokens"] for name in ("prompt", "cached", "completion")]
    assert counted == [2 * MOST, -2 * MOST, 14]
