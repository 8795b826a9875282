"""Everything arrives once and in order, whoever is stopped, killed or away meanwhile."""

import asyncio
import re
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from core.mirror import mirror as mirror_module
from core.mirror.schema import COLUMNS
from core.sealing.steps import seal_month
from core.usage.months import Months
from events.facts import (
    AppStarted,
    KeyIssued,
    KeyLimitsSet,
    KeyReinstated,
    KeyRevoked,
    RequestFinished,
)
from events.facts.key import KeyLimits
from tests.core.mirror.conftest import Logs, mirror_of, mirrored, request, running, until
from tests.harness.postgres import Postgres

pytestmark = pytest.mark.real

MIRROR = Path(mirror_module.__file__).parent

ORDER = "select request_id from vllm_studio.requests order by log, position"
ALL_OF = "select request_id from vllm_studio.requests order by finished_at, position"
ISSUED = KeyIssued(
    key_id="k1", name="ci", prefix="vs-abc", digest="0d1e2f", expires_at=1_800_000_000_000_000
)


def names(*spans: range) -> list[tuple[str]]:
    """The rows of these requests."""
    return [(f"r{number}",) for span in spans for number in span]


async def test_each_fact_arrives_once_with_all_its_fields(postgres: Postgres, logs: Logs) -> None:
    """What teams query is what was recorded; the secret's hash stays here."""
    full = request(
        0, cached_tokens=3, reasoning_tokens=2, counted="engine", wait_ms=1.5, load_ms=0.5,
        itl_ms=7.0, energy_j=42.0, energy_cost=0.01, cache="hit", fell_back_from="big",
        error_code="x", stream=True,
    )  # fmt: skip
    limits = KeyLimits(models=("m",), budget_day=2.5)
    limited = KeyLimitsSet(key_id="k1", name="ci", limits=limits)
    await logs.main.append("key-k1", [ISSUED, limited], actor="cli")
    logs.add("2026-11-23", full, request(1, actor="api", recipe_id=None, cost=None))
    await logs.main.append("key-k1", [KeyRevoked(key_id="k1", name="ci")], actor="window")
    mirror = mirror_of(logs, postgres.url)
    async with running(mirror):
        await mirrored(mirror, 5)
    rows = await postgres.rows(
        f"select {', '.join(COLUMNS)}, key_id, day::text, extra from vllm_studio.requests"
        " order by position"
    )
    assert rows[0] == (*(getattr(full, name) for name in COLUMNS), "k1", "2026-11-23", None)
    assert rows[1][-3:] == (None, "2026-11-23", None)
    (key,) = await postgres.rows(
        "select key_id, name, prefix, issued_by, extract(year from expires_at)::int,"
        " revoked_by, limits->>'budget_day', limits->'models', k::text from vllm_studio.keys k"
    )
    assert key[:-1] == ("k1", "ci", "vs-abc", "cli", 2027, "window", "2.5", '["m"]')
    assert ISSUED.digest not in key[-1]
    assert await postgres.rows(
        "select key_name, sum(requests)::int, sum(completion_tokens)::int, sum(cost)"
        " from vllm_studio.usage_hourly group by 1 order by 1"
    ) == [("ci", 1, 5, 0.5), (None, 1, 5, 0.0)]
    assert mirror.view().state == "following"


def test_every_field_of_a_request_has_its_column() -> None:
    """A new field goes to `extra` by itself; a migration and a line in COLUMNS give it a column."""
    assert tuple(COLUMNS) == RequestFinished.__struct_fields__


async def test_a_new_mirror_begins_with_the_oldest_month_and_follows_into_the_next(
    postgres: Postgres, logs: Logs
) -> None:
    """Months are files; for who queries they are one table."""
    logs.add("2026-09-30", *(request(n) for n in range(3)))
    logs.add("2026-10-01", *(request(n) for n in range(3, 6)))
    mirror = mirror_of(logs, postgres.url, page=2)
    async with running(mirror):
        await mirrored(mirror, 6)
        logs.add("2026-10-31", request(6))
        await mirrored(mirror, 7)
        logs.add("2026-11-01", request(7))
        await mirrored(mirror, 8)
    assert await postgres.rows(ALL_OF) == names(range(8))


async def test_months_that_are_sealed_are_mirrored_like_the_others(
    postgres: Postgres, logs: Logs
) -> None:
    """From the beginning, and also one that is sealed while it is half mirrored."""
    logs.add("2026-09-05", *(request(n) for n in range(30)))
    logs.add("2026-10-05", *(request(n) for n in range(30, 60)))
    logs.add("2026-11-05", *(request(n) for n in range(60, 70)))
    seal(logs, "2026-09")
    mirror = mirror_of(logs, postgres.url, page=7)
    async with running(mirror):
        await until(lambda: mirror.view().mirrored >= 40)
        seal(logs, "2026-10")
        await mirrored(mirror, 70)
    assert await postgres.rows(ALL_OF) == names(range(70))
    assert mirror.problem is None


def seal(logs: Logs, month: str) -> None:
    """As the studio does it."""
    seal_month(
        month,
        paths=logs.paths,
        months=Months(logs.paths),
        store=logs.main,
        now=lambda: time.time_ns() // 1000,
        sign=None,
        actor="system",
        given_up=Event(),
    )


async def test_a_mirror_that_is_stopped_anywhere_goes_on_where_it_was(
    postgres: Postgres, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled again and again, each time a step further into a page."""
    monkeypatch.setattr(mirror_module, "PAUSE_S", 0)
    logs.add("2026-11-23", *(request(n) for n in range(1000)))
    for steps in range(16):
        mirror = mirror_of(logs, postgres.url, page=20)
        async with running(mirror):
            while mirror.view().mirrored == 0:  # noqa: ASYNC110  each step of the loop counts
                await asyncio.sleep(0)
            for _ in range(steps):
                await asyncio.sleep(0)
    some = await postgres.rows("select count(*) from vllm_studio.requests")
    assert some < [(1000,)]
    last = mirror_of(logs, postgres.url)
    async with running(last):
        await until(lambda: last.behind == 0)
    assert await postgres.rows(ORDER) == names(range(1000))


async def test_the_database_may_be_restarted_at_any_time(postgres: Postgres, logs: Logs) -> None:
    """It says what is missing meanwhile, to who listens too, and catches up."""
    mirror = mirror_of(logs, postgres.url)
    told: list[str | None] = []
    mirror.listen(lambda: told.append(mirror.problem))
    async with running(mirror):
        logs.add("2026-11-23", *(request(n) for n in range(3)))
        await mirrored(mirror, 3)
        await asyncio.to_thread(postgres.stop)
        try:
            logs.add("2026-11-23", *(request(n) for n in range(3, 5)))
            await until(lambda: mirror.view().state == "away" and mirror.behind == 2)
            assert f"postgresql://studio@127.0.0.1:{postgres.port}/postgres" in str(mirror.problem)
        finally:
            await asyncio.to_thread(postgres.start)
        await mirrored(mirror, 5)
        await until(lambda: mirror.problem is None)
        assert told[-1] is None
    assert await postgres.rows(ORDER) == names(range(5))
    assert not any("pass" in one for one in told if one)


async def test_two_studios_share_a_database_and_may_begin_at_the_same_instant(
    postgres: Postgres, logs: Logs, tmp_path: Path
) -> None:
    """Both make the tables; each one's rows are its own."""
    other = Logs(tmp_path / "other")
    try:
        for number, one in enumerate((logs, other)):
            one.add("2026-11-23", *(request(10 * number + n) for n in range(3)))
        mirrors = [mirror_of(logs, postgres.url), mirror_of(other, postgres.url)]
        async with running(mirrors[0]), running(mirrors[1]):
            for mirror in mirrors:
                await mirrored(mirror, 3)
        assert [mirror.problem for mirror in mirrors] == [None, None]
        found = await postgres.rows(
            "select origin::text, array_agg(request_id order by position)"
            " from vllm_studio.requests group by 1"
        )
        assert sorted(found) == sorted(
            [(logs.main.log_id, ["r0", "r1", "r2"]), (other.main.log_id, ["r10", "r11", "r12"])]
        )
        assert await postgres.rows("select count(*) from vllm_studio.migrations") == [(1,)]
    finally:
        other.close()


async def test_nothing_that_can_be_recorded_stops_the_mirror(
    postgres: Postgres, logs: Logs
) -> None:
    """A NUL in a model's name, a number beyond any column, a fact of a newer version."""
    logs.add(
        "2026-11-23",
        request(0),
        request(1, model="a\0b"),
        request(2, prompt_tokens=10**30),
        request(3, model="\\u0000 is no NUL"),
    )
    logs.close()
    with sqlite3.connect(logs.paths.usage_db("2026-11-23")) as newer:
        newer.execute("drop trigger events_no_update")
        newer.execute(
            "update events set data = json_set(data, '$.vintage', 'new') where position = 2"
        )
        newer.execute("update events set schema = 99 where position = 5")
    newer.close()
    again = Logs(logs.paths.home)
    try:
        mirror = mirror_of(again, postgres.url)
        async with running(mirror):
            await mirrored(mirror, 4)
    finally:
        again.close()
    rows = await postgres.rows(
        "select request_id, model, extra::jsonb ->> 'vintage',"
        " extra::jsonb ->> 'prompt_tokens', extra::jsonb ->> 'model'"
        " from vllm_studio.requests order by position"
    )
    assert rows == [
        ("r0", "m", "new", None, None),
        ("r1", "a\ufffdb", None, None, None),
        (None, None, None, str(10**30), "m"),
        (None, None, None, "10", "\\u0000 is no NUL"),
    ]


async def test_a_log_that_was_put_back_from_a_copy_is_mirrored_anew(
    postgres: Postgres, logs: Logs
) -> None:
    """The log is what is true; what it no longer holds is not told any more."""
    logs.add("2026-11-23", request(0))
    logs.close()
    kept = {p: p.read_bytes() for p in logs.paths.home.glob("*.db")}
    for wanted, fresh in ((["r0", "r1"], request(1)), (["r0", "r2", "r3"], request(2))):
        for path, data in kept.items():
            path.write_bytes(data)
        again = Logs(logs.paths.home)
        try:
            again.add("2026-11-23", fresh)
            if wanted[-1] == "r3":
                again.add("2026-11-23", request(3))
            mirror = mirror_of(again, postgres.url)
            async with running(mirror):
                await until(lambda m=mirror: m.behind == 0)  # type: ignore[misc]
        finally:
            again.close()
        assert await postgres.rows(ORDER) == [(name,) for name in wanted]


async def test_a_copy_that_runs_elsewhere_is_not_overwritten(
    postgres: Postgres, logs: Logs
) -> None:
    """It is said what it is, and how a person decides."""
    logs.add("2026-11-23", request(0))
    first = mirror_of(logs, postgres.url)
    async with running(first):
        await mirrored(first, 1)
    await postgres.rows("update vllm_studio.mirror_progress set host = 'there', event = 'other'")
    second = mirror_of(logs, postgres.url)
    async with running(second):
        await until(lambda: second.problem is not None)
    assert "went on at there" in str(second.problem)
    assert "delete from vllm_studio.mirror_progress" in str(second.view().next_action)
    assert await postgres.rows(ORDER) == names(range(1))


async def test_who_writes_the_same_log_beside_us_is_noticed(postgres: Postgres, logs: Logs) -> None:
    """A place that is not where it was left means that a page would be written twice."""
    logs.add("2026-11-23", request(0))
    mirror = mirror_of(logs, postgres.url)
    async with running(mirror):
        await mirrored(mirror, 1)
        await postgres.rows("update vllm_studio.mirror_progress set position = 1, event = 'x'")
        logs.add("2026-11-23", request(1))
        await until(lambda: mirror.view().problem is not None)
    assert await postgres.rows(ORDER) in (names(range(1)), names(range(2)))  # anew, not twice


async def test_events_that_are_not_mirrored_are_passed_over(
    postgres: Postgres, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long stretch without a key is not read again at every start."""
    monkeypatch.setattr(mirror_module, "STRIDE", 10)
    started = AppStarted(version="1", pid=1, headless=True)
    await logs.main.append("app", [started] * 15, actor="system")
    mirror = mirror_of(logs, postgres.url)
    async with running(mirror):
        await until(lambda: mirror.behind == 0)
    rows = await postgres.rows("select name, position::int from vllm_studio.mirror_progress")
    assert rows == [("main.db", 16)]


def test_what_is_told_of_a_mirror_can_be_sent() -> None:
    """The view is plain data."""
    view: Any = msgspec.to_builtins(mirror_module.MirrorView(state="off"))
    assert view["state"] == "off"


async def test_the_queries_of_the_readme_answer(postgres: Postgres, logs: Logs) -> None:
    """Whoever copies them finds what they promise."""
    today = datetime.now(UTC).date().isoformat()
    failed = request(2, outcome="error", status=502, error_code="engine-died", cost=None)
    await logs.main.append("key-k1", [ISSUED], actor="cli")
    logs.add(today, request(0), request(1, ttft_ms=22.5), failed)
    mirror = mirror_of(logs, postgres.url)
    async with running(mirror):
        await mirrored(mirror, 4)
    spent, first_token, failures = re.findall(
        r"```sql\n(.*?)```", (MIRROR / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    ((_, who, requests, cost, _),) = await postgres.rows(spent)
    assert (who, requests, cost) == ("ci", 3, 1.0)
    assert await postgres.rows(first_token) == [("m", 2, 22.0)]
    ((*what, _),) = await postgres.rows(failures)
    assert what == ["m", "error", 502, "engine-died", 1]


async def test_a_key_that_was_reinstated_is_revoked_no_more(postgres: Postgres, logs: Logs) -> None:
    """What was known of it otherwise stays."""
    revoked, again = KeyRevoked(key_id="k1", name="ci"), KeyReinstated(key_id="k1", name="ci")
    await logs.main.append("key-k1", [ISSUED, revoked, again], actor="cli")
    mirror = mirror_of(logs, postgres.url)
    async with running(mirror):
        await mirrored(mirror, 3)
    rows = await postgres.rows("select name, prefix, revoked_at, revoked_by from vllm_studio.keys")
    assert rows == [("ci", "vs-abc", None, None)]
