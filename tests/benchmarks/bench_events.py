"""What the log costs, beside what the disk and SQLite cost by themselves: one table.

    python -m tests.benchmarks.bench_events [--quick] [--at FOLDER]

Contenders take turns in one run, so that a busy machine is busy for all of them: read the
ratios. CPU is this process's own, in all its threads.
"""

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import msgspec
from rich.console import Console
from rich.table import Table
from sqlite_utils import Database

from events import codec
from events.audit.merkle import leaf_hash
from events.envelope import Recorded
from events.facts import EngineProgressed, RequestFinished
from events.facts.base import Fact
from events.projections import ALL, USAGE
from events.replay import state_at
from events.store import EventStore

FACT = RequestFinished(
    request_id="req-0123456789abcdef",
    path="/v1/chat/completions",
    model="qwen3-8b",
    recipe_id="qwen3-8b",
    engine_id="01a20847-03dc-7000",
    actor="key:laptop",
    lane="gateway",
    outcome="ok",
    status=200,
    stream=True,
    prompt_tokens=812,
    completion_tokens=164,
    ttft_ms=88.25,
    duration_ms=2310.75,
)
PROGRESS = EngineProgressed(engine_id="e", recipe_id="qwen3-8b", phase="loading weights")


class Timing(msgspec.Struct):
    """What one contender's turns took."""

    wall: list[float] = msgspec.field(default_factory=list)  # seconds each
    cpu: float = 0.0  # seconds together

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Time one turn."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.cpu += time.process_time() - cpu

    @property
    def p50(self) -> float:
        """The middle turn, in µs."""
        return median(self.wall) * 1e6

    @property
    def p99(self) -> float:
        """The slowest turn but one in a hundred, in µs."""
        return quantiles(self.wall, n=100)[98] * 1e6

    @property
    def cpu_each(self) -> float:
        """CPU time a turn, in µs."""
        return self.cpu / len(self.wall) * 1e6


def one_durable_append(folder: Path, turns: int) -> Table:
    """One fact on the disk, at a time: every contender waits for the disk once a turn."""
    with _contenders(folder) as contenders:
        timings = {name: Timing() for name in contenders}
        for _ in range(turns):
            for name, append in contenders.items():
                with timings[name].turn():
                    append()
    floor = next(iter(timings.values())).p50
    table = _table("One durable append", "contender", "p50 µs", "p99 µs", "CPU µs", "× floor")
    for name, timing in timings.items():
        numbers = (timing.p50, timing.p99, timing.cpu_each)
        table.add_row(name, *(f"{n:,.0f}" for n in numbers), f"{timing.p50 / floor:.2f}")
    return table


@contextmanager
def _contenders(folder: Path) -> Iterator[dict[str, Callable[[], object]]]:
    page = os.urandom(4096)
    floor = os.open(folder / "floor", os.O_RDWR | os.O_CREAT)
    os.pwrite(floor, bytes(4096 * 1024), 0)
    os.fsync(floor)
    place = iter(range(1 << 30))
    raw, utils = _plain(folder / "raw.db"), _plain(folder / "utils.db")
    database = Database(utils, execute_plugins=False)
    bare = EventStore.open(folder / "bare.db")
    full = EventStore.open(folder / "full.db", projections=(*ALL, *USAGE))
    text = codec.encode(FACT).decode()

    def touch_the_disk() -> None:
        os.pwrite(floor, page, next(place) % 1024 * 4096)
        os.fdatasync(floor)

    yield {
        "floor: pwrite 4 KiB + fdatasync": touch_the_disk,
        "sqlite3: bare insert, FULL": lambda: raw.execute(
            "insert into plain (data) values (?)", (text,)
        ),
        "sqlite-utils: insert": lambda: database.table("plain").insert({"data": text}),
        "events: append_now": lambda: bare.append_now("usage", [FACT], actor="api"),
        "events: append_now, all read models": lambda: full.append_now(
            "usage-2026-11-23", [FACT], actor="api"
        ),
    }
    bare.close()
    full.close()
    raw.close()
    utils.close()
    os.close(floor)


def _plain(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table plain (id integer primary key, data text)")
    return connection


def group_commit(folder: Path, seconds: float) -> Table:
    """Many writers at once, each waiting for its own append."""
    table = _table(
        "Group commit", "writers", "events/s", "per commit", "p50 ms", "p99 ms", "CPU µs"
    )
    for writers in (1, 16, 64, 256):
        store = EventStore.open(folder / f"group-{writers}.db", projections=USAGE)
        timing, commits, cpu = asyncio.run(_write_together(store, writers, seconds))
        store.close()
        count = len(timing.wall)
        table.add_row(
            str(writers),
            f"{count / seconds:,.0f}",
            f"{count / commits:.1f}",
            f"{timing.p50 / 1000:.2f}",
            f"{timing.p99 / 1000:.2f}",
            f"{cpu / count * 1e6:.0f}",
        )
    return table


async def _write_together(
    store: EventStore, writers: int, seconds: float
) -> tuple[Timing, int, float]:
    timing, cpu, commits = Timing(), time.process_time(), 0
    until = time.perf_counter() + seconds

    async def write() -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            await store.append("usage-2026-11-23", [FACT], actor="api")
            timing.wall.append(time.perf_counter() - began)

    async with store.subscribe(maxsize=1 << 30) as following:
        deliver = following.deliver

        def count(recorded: list[Recorded]) -> None:
            nonlocal commits
            commits += 1

        following.deliver = count  # type: ignore[method-assign,assignment]  # counts, keeps nothing
        await asyncio.gather(*(write() for _ in range(writers)))
        following.deliver = deliver  # type: ignore[method-assign]  # as it was
    return timing, commits, time.process_time() - cpu


def reading_and_replaying(folder: Path, count: int) -> Table:
    """A long log: written in bulk, read, folded, verified, opened."""
    path = folder / "long.db"
    store = EventStore.open(path, projections=(*ALL, *USAGE))
    table = _table(f"{count:,} events", "work", "events/s", "µs each")

    def row(work: str, did: Callable[[], object]) -> None:
        began = time.perf_counter()
        did()
        took = time.perf_counter() - began
        table.add_row(work, f"{count / took:,.0f}", f"{took / count * 1e6:.2f}")

    row("append, 1,000 a commit, all read models", lambda: _fill(store, count))
    row("read and decode", lambda: _read(store))
    row("recompute every leaf hash", lambda: _verify(store))
    row("replay into the read models (state_at)", lambda: state_at(store, store.head).close())
    store.close()
    began = time.perf_counter()
    EventStore.open(path, projections=(*ALL, *USAGE)).close()
    table.add_row(
        "open and close, tail verified", "", f"{(time.perf_counter() - began) * 1e3:.0f} ms"
    )
    table.add_row("on the disk", "", f"{path.stat().st_size / count:.0f} B/event")
    return table


def _fill(store: EventStore, count: int) -> None:
    facts: list[Fact] = [FACT] * 9 + [PROGRESS]
    for _ in range(count // 1000):
        store.append_now("usage-2026-11-23", facts * 100, actor="api")


def _pages(store: EventStore) -> Iterator[list[Recorded]]:
    after = 0
    while page := store.read_all(after):
        yield page
        after = page[-1].position


def _read(store: EventStore) -> None:
    for _ in _pages(store):
        pass


def _verify(store: EventStore) -> None:
    for page in _pages(store):
        for recorded in page:
            assert leaf_hash(codec.canonical_line(recorded)) == recorded.leaf


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table


def main() -> None:
    """Run all of it and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("--at", type=Path, help="a folder on the disk to measure")
    wish = parser.parse_args()
    share = 10 if wish.quick else 1
    console = Console()
    with tempfile.TemporaryDirectory(dir=wish.at, prefix="bench-events-") as name:
        folder = Path(name)
        console.print(f"SQLite {sqlite3.sqlite_version}, load {os.getloadavg()[0]:.1f}")
        console.print(one_durable_append(folder, 1000 // share))
        console.print(group_commit(folder, 5.0 / share))
        console.print(reading_and_replaying(folder, 100_000 // share))


if __name__ == "__main__":
    main()
