"""Two years and a million requests, live and sealed: how big, how fast sealed, how fast asked.

    python -m tests.benchmarks.bench_seal [--quick] [--keys 20]

The same questions go to the same book of requests before and after its months are sealed, in one
process and without HTTP; the first one of each kind after a start is shown too, for it unpacks.
"""

import argparse
import asyncio
import bz2
import lzma
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.sealing import Sealing
from core.settings import Paths, Settings
from core.usage.report import entries, total
from core.usage_log import UsageLog
from events.audit.checkpoint import Checkpoint, signed, signer_for
from events.audit.proofs import inclusion_proof
from events.audit.segment_claims import verify_segment
from events.audit.segments import BLOCK, COMPRESSION, Segment, lines_of
from events.facts import AuditSegmentSealed
from events.projections import ALL
from events.projections.request_log import RequestFilter
from events.projections.usage_sums import UsageQuery
from events.store import EventStore
from tests.benchmarks.books import Key, size_mib, write_requests

REQUESTS, DAYS = 1_000_000, 730
BATCH = 50  # a commit, and so an hour
ASKED = 7
SAMPLE = 16 * 1024  # lines that each compressor packs

Packer = tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]
Ask = Callable[[], Awaitable[object]]

PACKERS: dict[str, Packer] = {
    "zlib-6": (lambda data: zlib.compress(data, 6), zlib.decompress),
    "zlib-9": (lambda data: zlib.compress(data, 9), zlib.decompress),
    "bz2-9": (bz2.compress, bz2.decompress),
    "xz-1": (lambda data: lzma.compress(data, preset=1), lzma.decompress),
    "xz-3": (lambda data: lzma.compress(data, preset=3), lzma.decompress),
    "xz-6, 1 MiB dictionary": (
        lambda data: lzma.compress(data, filters=COMPRESSION),
        lzma.decompress,
    ),
}


def compressors(lines: Sequence[bytes]) -> Table:
    """What each makes of the same lines, in blocks of two sizes."""
    table = _table(
        f"Compressors; a line is {sum(map(len, lines)) / len(lines):.0f} bytes",
        "B/event",
        "pack µs/event",
        "unpack a block ms",
    )
    for many in (BLOCK, 4 * BLOCK):
        blocks = [b"\n".join(lines[at : at + many]) for at in range(0, len(lines), many)]
        for name, (pack, unpack) in PACKERS.items():
            began = time.process_time()
            packed = [pack(block) for block in blocks]
            packing = time.process_time() - began
            began = time.process_time()
            for one in packed:
                unpack(one)
            unpacking = time.process_time() - began
            table.add_row(
                f"{name}, {many} lines",
                f"{sum(map(len, packed)) / len(lines):.1f}",
                f"{packing / len(lines) * 1e6:.1f}",
                f"{unpacking / len(blocks) * 1e3:.1f}",
            )
    return table


def questions(usage: UsageLog, key: str, request_ids: Sequence[str]) -> dict[str, Ask]:
    """What people ask, over all months."""

    def report(**asked: object) -> Ask:
        query = UsageQuery(**asked)  # type: ignore[arg-type]  # as they come

        async def ask() -> object:
            found = await usage.usage(query)
            assert not found.unreadable
            return entries(found.sums, query.by, lambda key: key), total(found.sums)

        return ask

    def page(**wanted: object) -> Ask:
        wish = RequestFilter(**wanted)  # type: ignore[arg-type]

        async def ask() -> object:
            return await usage.page(wish, before=None, limit=100)

        return ask

    ids = iter([*request_ids] * ASKED)

    async def one() -> object:
        found = await usage.page(RequestFilter(request_id=next(ids)), before=None, limit=1)
        assert len(found.requests) == 1
        return found

    middle = time.time_ns() // 1000 - DAYS // 2 * 86_400_000_000
    return {
        "usage by month": report(by=("month",)),
        "usage by day": report(by=("day",)),
        "usage by model, outcome": report(by=("model", "outcome")),
        "usage by key": report(by=("key",)),
        "usage of one key by day": report(by=("day",), where={"key": key}),
        "usage by model, with percentiles": report(by=("model",), latencies=True),
        "one request, by its id, somewhere": one,
        "the newest 100 before a year ago": page(until=middle),
        "100 errors before a year ago": page(until=middle, outcome="error"),
        "100 of one key before a year ago": page(until=middle, key=key),
    }


Times = dict[str, tuple[float, float]]


async def in_turns(live: dict[str, Ask], sealed: dict[str, Ask]) -> tuple[Times, Times]:
    """The first time and the middle of the others, in ms; asked in turns, for both to be fair."""
    found: tuple[Times, Times] = ({}, {})
    for name in live:
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ASKED):
            for at, ask in enumerate((live[name], sealed[name])):
                began = time.perf_counter()
                await ask()
                times[at].append((time.perf_counter() - began) * 1000)
        for at in range(2):
            found[at][name] = (times[at][0], median(times[at][1:]))
    return found


async def run(home: Path, count: int, keys: int, console: Console) -> None:
    """Write, ask, seal, ask again."""
    paths, clock = Paths(home), SystemClock()
    paths.create()
    named = [Key(key_id=f"key{n:05d}", secret="") for n in range(keys)]
    took = write_requests(paths, named, count, days=DAYS, batch=BATCH)
    console.print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {count:,} requests of {keys}"
        f" keys in {took:.0f} s"
    )
    seed = bytes(32)

    def sign(checkpoint: Checkpoint) -> str:
        return signed(checkpoint, signer_for(checkpoint.log_id, seed))

    store = EventStore.open(paths.main_db, projections=ALL)
    usage = UsageLog(paths=paths, clock=clock)
    sealing = Sealing(
        store=store,
        usage=usage,
        paths=paths,
        settings=lambda: Settings(home=home),
        clock=clock,
        sign=sign,
    )
    await usage.open()
    ids = [
        one.request.request_id
        for days in range(100, DAYS, 90)
        for one in (
            await usage.page(
                RequestFilter(until=clock.now() - days * 86_400_000_000), before=None, limit=1
            )
        ).requests
    ]
    live_bytes = size_mib(home, "usage-????-??.db") * 2**20
    shutil.copytree(home, home.with_name("live"))

    idle = await late_while(asyncio.sleep(5))
    began, cpu = time.perf_counter(), time.process_time()
    sealing_now = asyncio.ensure_future(sealing.seal_all(actor="bench"))
    busy = await late_while(sealing_now)
    months = sealing_now.result()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    events = sum(month.events or 0 for month in months)
    segments = sorted(home.glob("*.segment"))
    console.print(compressors(list(islice(lines_of(segments[-1]), SAMPLE))))
    sizes = _table(f"Sealed: {len(months)} months, {events:,} events", "B/event", "of it")
    for name, pattern in (("segments", "*.segment"), ("sums", "*.rollup")):
        size = size_mib(home, pattern) * 2**20
        sizes.add_row(name, f"{size / events:.1f}", f"{size / live_bytes:.1%}")
    sizes.add_row("live, before", f"{live_bytes / count:.0f}", "100%")
    console.print(sizes)
    console.print(
        f"sealed {events / wall:,.0f} events/s, {cpu / events * 1e6:.0f} µs of CPU each:"
        " written, read back, added up, recorded, removed"
    )
    console.print(f"the loop was late meanwhile by {busy}; with nothing to do by {idle}")
    console.print(proofs(store, segments))

    untouched = UsageLog(paths=Paths(home.with_name("live")), clock=clock)
    live, sealed = await in_turns(
        questions(untouched, named[0].key_id, ids), questions(usage, named[0].key_id, ids)
    )
    await untouched.close()
    table = _table("Asked", "live ms", "sealed ms", "times", "live first", "sealed first")
    for name, (first, middle) in live.items():
        first_sealed, middle_sealed = sealed[name]
        numbers = (middle, middle_sealed, middle_sealed / middle, first, first_sealed)
        table.add_row(name, *(f"{number:,.1f}" for number in numbers))
    console.print(table)
    console.print(f"unpacked sums: {size_mib(paths.cache / 'months', '*.db'):.1f} MiB in the cache")
    await usage.close()
    store.close()


async def late_while(work: Awaitable[object]) -> str:
    """How late the loop is for whoever waits for it while something is done."""
    lags: list[float] = []

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            lags.append((time.perf_counter() - began - 0.01) * 1000)

    ticking = asyncio.ensure_future(tick())
    await work
    ticking.cancel()
    lags.sort()
    return f"{median(lags):.1f} ms (p50), {lags[len(lags) * 99 // 100]:.1f} ms (p99)"


def proofs(store: EventStore, segments: Sequence[Path]) -> Table:
    """How long it takes to see that a month is whole, and to prove a line of it."""
    facts = {
        one.event.file: one.event
        for one in store.read_stream("audit")
        if isinstance(one.event, AuditSegmentSealed)
    }
    table = _table("Proved", "ms", "lines/s")
    began = time.perf_counter()
    for path in segments:
        assert {c.verdict for c in verify_segment(path, facts[path.name])} <= {"proved", "skipped"}
    took = time.perf_counter() - began
    lines = sum(fact.size for fact in facts.values())
    table.add_row("all months verified", f"{took * 1e3:,.0f}", f"{lines / took:,.0f}")
    began = time.perf_counter()
    for path in segments:
        with Segment.open(path) as segment:
            inclusion_proof(segment.tree.root, segment.size // 3, segment.size)
            segment.tree.leaf(segment.size // 3)
    took = (time.perf_counter() - began) / len(segments)
    table.add_row("one line proved, its segment opened for it", f"{took * 1e3:.1f}", "")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def main() -> None:
    """Write two years of requests, seal them, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the requests")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--keys", type=int, default=20)
    options = parser.parse_known_args()[0]
    with tempfile.TemporaryDirectory(prefix="bench-seal-") as name:
        count = options.requests // 20 if options.quick else options.requests
        home = Path(name) / "home"
        asyncio.run(run(home, count, options.keys, Console(width=110)))


if __name__ == "__main__":
    main()
