"""A sealed month answers every question as the live one did."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.audit.segments import BLOCK, Entry, Segment, write_segment
from events.audit.tree import LogTree
from events.codec import canonical_line
from events.connections import open_reader
from events.facts import AuditSegmentPruned, AuditSegmentSealed, RequestFinished
from events.projections import USAGE, rollup
from events.projections.facts_since import (
    event_at,
    facts_since,
    sealed_event_at,
    sealed_facts_since,
)
from events.projections.request_log import LoggedRequest, RequestFilter, requests
from events.projections.request_records import HOUR_US, RequestRecords
from events.projections.sealed_months import sealed_months
from events.projections.sealed_requests import sealed_requests
from events.projections.usage_sums import DIMENSIONS, Sums, UsageQuery, usage_sums
from events.store import EventStore
from tests.events.conftest import START, StillClock
from tests.events.test_request_records import _history, finished

HOUR = START // HOUR_US

Both = tuple[sqlite3.Connection, sqlite3.Connection, Segment]


def sealed_from(live: Path, folder: Path) -> tuple[Path, Path]:
    """A segment and the sums of a live log that nobody writes."""
    segment, sums = folder / "usage.segment", folder / "usage.rollup"
    store = EventStore.open(live, read_only=True)
    with closing(store), store.reading() as connection:
        those = [
            Entry(canonical_line(one), one.recorded_at, getattr(one.event, "request_id", ""))
            for one in store.read_all(limit=10**6)
        ]
        root = LogTree(connection).root(0, len(those))
    write_segment(segment, those, log="usage-2026-11", log_id=store.log_id, root=root, note="")
    rollup.write_rollup(live, sums)
    return segment, sums


@contextmanager
def both(history: list[tuple[int, list[RequestFinished]]], *, anew: bool = False) -> Iterator[Both]:
    """The same month: live, its sums, and its segment. `anew`: the sums are made of its lines."""
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), StillClock()
        store = EventStore.open(folder / "usage.db", projections=USAGE, now=clock)
        with closing(store):
            for moment, facts in history:
                clock.at = moment
                store.append_now("usage-2026-11-18", facts, actor="api")
        segment_file, packed = sealed_from(folder / "usage.db", folder)
        with Segment.open(segment_file) as segment:
            if anew:
                rollup.fold_anew(segment, folder / "sums.db")
            else:
                rollup.unpack(packed, folder / "sums.db")
            with (
                closing(open_reader(folder / "usage.db")) as live,
                closing(open_reader(folder / "sums.db")) as sums,
            ):
                yield live, sums, segment


def in_order(sums: list[Sums]) -> list[dict[str, Any]]:
    """As plain data that can be compared."""
    told = sorted(sums, key=lambda one: one.group)
    return [{name: getattr(one, name) for name in Sums.__struct_fields__} for one in told]


@settings(max_examples=20)
@given(
    _history,
    st.lists(st.sampled_from(list(DIMENSIONS)), unique=True, max_size=4),
    st.sampled_from([{}, {"key": "1"}, {"key": ""}, {"model": "m", "status": 200}]),
    st.integers(-2, 60),
    st.integers(-2, 60),
    st.booleans(),
)
def test_sums_are_the_same(
    history: list[tuple[int, list[RequestFinished]]],
    by: list[str],
    where: dict[str, str | int],
    since: int,
    until: int,
    anew: bool,
) -> None:
    """To the last bit, with latencies, however they are told apart."""
    query = UsageQuery(
        by=tuple(by),
        since=(HOUR + since) * HOUR_US,
        until=(HOUR + until) * HOUR_US,
        zone=330,
        where=where,
        latencies=True,
    )
    with both(history, anew=anew) as (live, sums, _):
        assert in_order(usage_sums(sums, query)) == in_order(usage_sums(live, query))


_moment = st.none() | st.integers(-2, 60).map(lambda hours: (HOUR + hours) * HOUR_US + 1)
_fields: dict[str, st.SearchStrategy[Any]] = {
    "request_id": st.sampled_from("abz"),
    "model": st.sampled_from(["m", "x"]),
    "recipe": st.just("r"),
    "key": st.sampled_from(["1", "2"]),
    "actor": st.sampled_from(["key:1", "api"]),
    "outcome": st.sampled_from(["ok", "error"]),
    "status": st.sampled_from([200, 429]),
    "stream": st.booleans(),
    "cache": st.just("hit"),
    "error_code": st.just("too-many"),
    "since": _moment,
    "until": _moment,
}
_wanted = st.fixed_dictionaries({}, optional=_fields).map(lambda fields: RequestFilter(**fields))


@settings(max_examples=25)
@given(_history, _wanted, st.none() | st.integers(1, 40), st.integers(1, 8))
def test_pages_of_requests_are_the_same(
    history: list[tuple[int, list[RequestFinished]]],
    wanted: RequestFilter,
    before: int | None,
    limit: int,
) -> None:
    """For any wish, from any place on."""
    with both(history) as (live, sums, segment):
        found = sealed_requests(segment, lambda: sums, wanted, before=before, limit=limit)
        assert found == requests(live, wanted, before=before, limit=limit)


def test_pages_across_blocks_are_the_same() -> None:
    """A month of some blocks: every page of every wish, until none is left."""
    base = finished_once()
    many = [
        msgspec.structs.replace(
            base,
            request_id=f"r{n % 2000}",
            model="rare" if n % 997 == 3 else "m",
            status=429 if n % 5 == 0 else 200,
        )
        for n in range(3 * BLOCK + 100)
    ]
    history = [(START + n * 60_000_000, many[n : n + 100]) for n in range(0, len(many), 100)]
    wishes = (
        RequestFilter(),
        RequestFilter(model="rare"),
        RequestFilter(status=429, since=START + 500 * 60_000_000),
        RequestFilter(request_id="r77"),
        RequestFilter(model="none"),
    )
    with both(history) as (live, sums, segment):
        for wanted in wishes:
            before: int | None = None
            while True:
                expected = requests(live, wanted, before=before, limit=700)
                page = sealed_requests(segment, lambda: sums, wanted, before=before, limit=700)
                assert page == expected
                if not page:
                    break
                before = page[-1].position


def finished_once() -> RequestFinished:
    """One request, always the same."""
    return RequestFinished(
        request_id="r", path="/v1/chat/completions", model="m", recipe_id="m", engine_id="e",
        actor="key:1", lane="gateway", outcome="ok", status=200, stream=False,
    )  # fmt: skip


@settings(max_examples=10)
@given(finished())
def test_a_request_comes_back_as_it_was(fact: RequestFinished) -> None:
    """Every field of it."""
    with both([(START, [fact])]) as (_, sums, segment):
        found = sealed_requests(segment, lambda: sums, RequestFilter())
        assert found == [LoggedRequest(position=2, finished_at=START, request=fact)]


def test_sums_of_an_older_version_are_read_with_what_they_know(tmp_path: Path) -> None:
    """A column that came later is empty, where the lines are gone."""
    image = tmp_path / "image.db"
    with (
        both([(START, [finished_once()])]) as (_, sums, _segment),
        closing(sqlite3.connect(image)) as older,
    ):
        sums.backup(older)
        older.execute("drop index usage_of_keys_kind")
        for table, column in (("request_kinds", "lane"), ("usage_by_hour", "energy_j")):
            older.execute(f"create table old as select * from {table}")
            older.execute(f"alter table old drop column {column}")
            older.execute(f"drop table {table}")
            older.execute(f"alter table old rename to {table}")
    rollup.pack(image, tmp_path / "usage.rollup")
    rollup.unpack(tmp_path / "usage.rollup", tmp_path / "again.db")
    with closing(open_reader(tmp_path / "again.db")) as connection:
        (one,) = usage_sums(connection, UsageQuery(by=("model", "lane")))
        assert (one.group, one.sums["requests"], one.sums["energy_j"]) == (("m", ""), 1, 0)
        assert rollup.version_of(connection) == RequestRecords.version


SEALED = AuditSegmentSealed(
    month="2026-10", log_id="l", file="usage-2026-10.segment", events=2, size=2, root="",
    sha256="a", bytes=9, first_at=1, last_at=2, rollup={"requests": 1},
)  # fmt: skip


def test_the_months_that_are_sealed_are_known_with_who_pruned_them(
    log: EventStore, clock: StillClock
) -> None:
    """A month sealed again is what it was the last time."""
    log.append_now("audit", [SEALED], actor="system")
    log.append_now("audit", [msgspec.structs.replace(SEALED, sha256="b")], actor="cli")
    pruned = AuditSegmentPruned(month="2026-10", log_id="l", reason="owner", requests=1)
    with log.reading() as connection:
        (one,) = sealed_months(connection)
    assert (one.sha256, one.rollup, one.pruned_at) == ("b", {"requests": 1}, None)
    clock.at += 5
    log.append_now("audit", [pruned], actor="window")
    with log.reading() as connection:
        (one,) = sealed_months(connection)
    assert (one.pruned_at, one.pruned_by, one.pruned_why) == (clock.at, "window", "owner")


@pytest.mark.parametrize("cut", [0, 100])
def test_sums_that_are_cut_off_are_no_sums(tmp_path: Path, cut: int) -> None:
    """They are refused, not taken for little use."""
    with (
        both([(START, [finished_once()])]) as (_, sums, _segment),
        closing(sqlite3.connect(tmp_path / "image.db")) as image,
    ):
        sums.backup(image)
    rollup.pack(tmp_path / "image.db", tmp_path / "a.rollup")
    (tmp_path / "a.rollup").write_bytes((tmp_path / "a.rollup").read_bytes()[:cut])
    with pytest.raises((EOFError, sqlite3.Error)):
        rollup.unpack(tmp_path / "a.rollup", tmp_path / "again.db")


def test_what_was_recorded_since_is_the_same() -> None:
    """For those who carry facts elsewhere, page by page."""
    facts = [msgspec.structs.replace(finished_once(), request_id=f"r{n}") for n in range(1500)]
    history = [(START + n, facts[n : n + 100]) for n in range(0, 1500, 100)]
    with both(history) as (live, _, segment):
        for after in (0, 1, 700, 1400, 1501, 1600):
            for limit in (1, 500):
                types = ("request-finished",)
                expected = facts_since(live, after, types, limit)
                assert sealed_facts_since(segment, after, types, limit) == expected
            assert sealed_event_at(segment, after) == event_at(live, after)
