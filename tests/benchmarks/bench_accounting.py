"""Ten thousand keys and a million requests: what a check costs, and what a question.

    python -m tests.benchmarks.bench_accounting [--quick]

Keys and requests are written as events by the real stores; then a real `vllm-studio serve` starts
on them and is asked over HTTP. The same questions go to a studio with one key and no request, so
that what HTTP costs is seen beside what the numbers cost.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.gateway.body import peek_json
from core.keys.gate import KeyGate
from core.keys.keyring import KeyRing, Known
from core.settings import Paths, load_settings
from events.facts import RequestFinished
from events.projections import ALL
from events.store import EventStore
from tests.benchmarks.books import BATCH, DAY_US, Key, size_mib, write_keys, write_requests
from tests.harness import processes, runtimes
from tests.harness.studio import StudioServer

KEYS, REQUESTS = 10_000, 1_000_000
ASKED = 7  # times each question
BODY = peek_json(
    msgspec.json.encode(
        {"model": "qwen3-8b", "messages": [{"role": "user", "content": "hello " * 300}]}
    )
)
FACT = RequestFinished(
    request_id="",
    path="/v1/chat/completions",
    model="qwen3-8b",
    recipe_id="qwen3-8b",
    engine_id="engine",
    actor="",
    lane="direct",
    outcome="ok",
    status=200,
    stream=True,
    prompt_tokens=800,
    completion_tokens=200,
    cost=0.0004,
)


# ---- in this process ----------------------------------------------------------------------------


def checks(paths: Paths, keys: Sequence[Key]) -> Table:
    """What each request pays for its key."""
    table = _table(f"{len(keys):,} keys, each with every limit", "µs each")
    store = EventStore.open(paths.main_db, projections=ALL)
    try:
        clock = SystemClock()
        ring = KeyRing(store, clock)
        secrets = [key.secret.encode() for key in keys]
        wrong = [b"sk-studio-" + secret[10:][::-1] for secret in secrets]
        _row(table, "the ring, read anew (whole)", _seconds(ring.refresh))
        _row(table, "check of a known key", _seconds(lambda: _check(ring, secrets)) / len(keys))
        _row(table, "check of an unknown key", _seconds(lambda: _check(ring, wrong)) / len(keys))
        one = ring.check(secrets[0])
        assert isinstance(one, Known), one
        gate = KeyGate(ring=ring, clock=clock)
        passes = _seconds(lambda: asyncio.run(_pass(gate, keys)))
        _row(table, "gate: demand, enter, leave, settle", passes / len(keys))
    finally:
        store.close()
    return table


def _check(ring: KeyRing, secrets: Sequence[bytes]) -> None:
    for secret in secrets:
        ring.check(secret)


async def _pass(gate: KeyGate, keys: Sequence[Key]) -> None:
    for n, key in enumerate(keys):
        gate.demand(key.key_id, name=BODY.model, path=b"/v1/chat/completions")
        await gate.enter(key.key_id, f"req-{n}", BODY)
        gate.leave(f"req-{n}")
        gate.settle(msgspec.structs.replace(FACT, request_id=f"req-{n}", actor=f"key:{key.key_id}"))


def _seconds(do: Callable[[], object]) -> float:
    """The best of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        do()
        took.append(time.perf_counter() - began)
    return min(took)


# ---- over HTTP ----------------------------------------------------------------------------------


@contextmanager
def started(home: Path) -> Iterator[tuple[StudioServer, float]]:
    """A studio on this home, and how long it took to answer."""
    runtimes.link(home, ["litellm"])
    server = StudioServer(home)
    try:
        began = time.perf_counter()
        server.start()
        took = time.perf_counter() - began
        server.wait_for_gateway()
        yield server, took
    finally:
        server.close()


def questions(key: Key) -> dict[str, tuple[str, dict[str, str | int]]]:
    """What people ask, by what it is called in the table."""
    now = time.time_ns() // 1000
    day, month = now - DAY_US, now - 30 * DAY_US
    return {
        "usage by day": ("/api/usage", {"by": "day", "since": month}),
        "usage by key": ("/api/usage", {"by": "key", "since": month}),
        "usage by model and outcome": ("/api/usage", {"by": "model,outcome", "since": month}),
        "usage by day and key": ("/api/usage", {"by": "day,key", "since": month}),
        "usage by model, with percentiles": (
            "/api/usage",
            {"by": "model", "since": month, "latencies": "true"},
        ),
        "usage by hour, last day": ("/api/usage", {"by": "hour", "since": day}),
        "usage by day of one key": ("/api/usage", {"by": "day", "since": month, "key": key.key_id}),
        "requests, newest 100": ("/api/requests", {"limit": 100}),
        "requests of one key": ("/api/requests", {"limit": 100, "key": key.key_id}),
        "requests that failed": ("/api/requests", {"limit": 100, "outcome": "error"}),
        "requests a fortnight ago": ("/api/requests", {"limit": 100, "until": now - 14 * DAY_US}),
        "requests, none": ("/api/requests", {"limit": 100, "model": "nobody-asked-it"}),
        "requests, one by its id": ("/api/requests", {"request_id": "req-unknown"}),
        "keys, all of them": ("/api/keys", {}),
    }


def answers(full: StudioServer, empty: StudioServer, key: Key) -> Table:
    """How long each question takes, beside the same one where there is nothing."""
    table = _table("Asked over HTTP", "p50 ms", "worst ms", "first ms", "empty p50 ms", "answer kB")
    for name, (path, query) in questions(key).items():
        told = full.http.get(path, params=query, headers=full.owner())
        if not told.is_success:
            table.add_row(name, f"{told.status_code}", "", "", "", "")
            continue
        first = told.elapsed.total_seconds() * 1000
        here = [_ask(full, path, query) for _ in range(ASKED)]
        there = [_ask(empty, path, query) for _ in range(ASKED)]
        numbers = (median(here), max(here), first, median(there), len(told.content) / 1000)
        table.add_row(name, *(f"{number:,.1f}" for number in numbers))
    return table


def _ask(server: StudioServer, path: str, query: dict[str, str | int]) -> float:
    began = time.perf_counter()
    server.get(path, **query)
    return (time.perf_counter() - began) * 1000


# ---- the run ------------------------------------------------------------------------------------


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _row(table: Table, name: str, seconds: float) -> None:
    table.add_row(name, f"{seconds * 1e6:,.1f}")


def _paths(home: Path) -> Paths:
    paths = load_settings({"VLLM_STUDIO_HOME": str(home)}).paths
    paths.create()
    return paths


def main() -> None:
    """Write the books, ask, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the requests")
    quick = parser.parse_known_args()[0].quick
    count = REQUESTS // 20 if quick else REQUESTS
    processes.become_reaper()
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="bench-accounting-") as name:
        home, empty_home = Path(name) / "full", Path(name) / "empty"
        paths = _paths(home)
        write_keys(_paths(empty_home), 1)
        keys = write_keys(paths, KEYS)
        took = write_requests(paths, keys, count)
        console.print(
            f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {count:,} requests written "
            f"in {took:.0f} s ({count / took:,.0f}/s, {BATCH} a commit), "
            f"{size_mib(home, 'usage-*.db') / count * 2**20:.0f} bytes each on the disk"
        )
        console.print(checks(paths, keys))
        with started(empty_home) as (empty, without), started(home) as (full, took):
            console.print(
                f"studio to /health: {took:.2f} s with {KEYS:,} keys and {count:,} requests, "
                f"{without:.2f} s with none"
            )
            console.print(answers(full, empty, keys[0]))


if __name__ == "__main__":
    main()
