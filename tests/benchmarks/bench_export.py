"""What taking a log elsewhere costs, and how large it is there.

    python -m tests.benchmarks.bench_export [--quick] [--at FOLDER]

One log of requests and one of a studio's days, exported in every form, checked, and imported.
Beside them stands what the same lines cost when they are only hashed, and a plain copy of the
database, which nobody could check. CPU is this process's own; memory is the most that Python
held beyond what it held before.
"""

import argparse
import contextlib
import gzip
import os
import random
import shutil
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from events.audit import exported
from events.audit.checkpoint import Checkpoint, origin_of, signed, signer_for
from events.audit.export import Export, LogToExport, write
from events.audit.importing import write_log
from events.audit.manifest import Lines
from events.audit.merkle import leaf_hash
from events.audit.sources import LiveLog
from events.facts.base import Fact
from events.projections import ALL, USAGE
from events.projections.projector import Projection
from events.store import EventStore
from tests.benchmarks.bench_events import FACT
from tests.events.stories import a_day

SEED = bytes(32)
FORMS: tuple[tuple[str, Lines], ...] = (
    ("export", "jsonl"),
    ("export.tar", "jsonl"),
    ("export.zip", "jsonl"),
    ("cloudevents.zip", "cloudevents"),
)


class Cost(msgspec.Struct):
    """One row."""

    what: str
    wall: float
    cpu: float
    size: int | None = None  # bytes that are there afterwards


class Costs:
    """Rows about one log."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.rows: list[Cost] = []

    @contextlib.contextmanager
    def row(self, what: str) -> Iterator[Cost]:
        """Measure one thing."""
        cost = Cost(what, 0.0, 0.0)
        cpu, wall = time.process_time(), time.perf_counter()
        yield cost
        cost.wall, cost.cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.rows.append(cost)

    def table(self, title: str) -> Table:
        """Events a second, CPU and bytes of an event."""
        table = Table(title=f"{title}, load {os.getloadavg()[0]:.1f}", title_justify="left")
        for name in ("", "events/s", "CPU µs/event", "bytes/event"):
            table.add_column(name, justify="left" if not name else "right")
        for row in self.rows:
            table.add_row(
                row.what,
                f"{self.events / row.wall:,.0f}" if row.wall else "",
                f"{row.cpu / self.events * 1e6:.1f}" if row.wall else "",
                "" if row.size is None else f"{row.size / self.events:,.1f}",
            )
        return table


def measured(
    title: str, folder: Path, facts: Sequence[tuple[str, list[Fact]]], models: Sequence[Projection]
) -> tuple[Table, float]:
    """Everything about one log; and the most MiB an export held."""
    path = folder / "main.db"
    store = EventStore.open(path, projections=models)
    for stream, commit in facts:
        store.append_now(stream, commit, actor="cli")
    store.close()
    source = LiveLog(path, "main")
    costs = Costs(source.size)
    costs.rows.append(Cost("the log with its read models", 0, 0, path.stat().st_size))
    with costs.row("only hashed") as hashed:
        for page in source.lines(0, source.size):
            for line in page:
                leaf_hash(line)
        hashed.size = None
    with costs.row("the database, copied") as copied:
        shutil.copy(path, folder / "copy.db")
        copied.size = (folder / "copy.db").stat().st_size
    for name, lines in FORMS:
        with costs.row(f"exported: {name}") as cost:
            write(_export(source, lines), folder / name)
            cost.size = _size(folder / name)
    log = folder / "export" / "log.jsonl"
    with costs.row("log.jsonl, gzip -6") as packed:
        packed.size = len(gzip.compress(log.read_bytes(), 6))
    for name, _ in FORMS:
        with costs.row(f"checked: {name}"), exported.opened(folder / name) as export:
            assert {claim.verdict for claim in exported.verify(export)} == {"proved"}
    with costs.row("imported") as brought, exported.opened(folder / "export") as export:
        [told] = export.manifest.logs
        write_log(folder / "new.db", export.lines(told))
        brought.size = (folder / "new.db").stat().st_size
    with costs.row("… and its read models made"):
        EventStore.open(folder / "new.db", projections=models).close()
    most = _most_memory(lambda: write(_export(source, "jsonl"), folder / "again.zip"))
    source.close()
    return costs.table(f"{title}: {costs.events:,} events"), most


def _export(source: LiveLog, lines: Lines) -> Export:
    told = Checkpoint(origin_of(source.log_id), source.size, source.root(0, source.size))
    signer = signer_for(source.log_id, SEED)
    log = LogToExport(source=source, first=1, last=source.size, note=signed(told, signer))
    return Export(
        [log],
        lines=lines,
        keys=[str(signer.verifier)],
        made_at="2026-11-30T12:00:00+00:00",
        made_by="a benchmark",
    )


def _most_memory(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


def _size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _requests(count: int) -> list[tuple[str, list[Fact]]]:
    """As different from each other as requests are."""
    chance = random.Random(1)
    facts: list[Fact] = [
        msgspec.structs.replace(
            FACT,
            request_id=f"req-{chance.getrandbits(64):016x}",
            actor=f"key:k{chance.randrange(40)}",
            prompt_tokens=int(chance.expovariate(1 / 800)),
            completion_tokens=int(chance.expovariate(1 / 200)),
            ttft_ms=chance.expovariate(1 / 80),
            duration_ms=chance.expovariate(1 / 3000),
        )
        for _ in range(count)
    ]
    return [("usage-2026-11-30", facts[at : at + 1000]) for at in range(0, count, 1000)]


def _days(count: int) -> list[tuple[str, list[Fact]]]:
    story = a_day(6)
    found: list[tuple[str, list[Fact]]] = []
    for at in range(0, count, 1000):
        stream, _ = story[at // 1000 % len(story)]
        found.append((stream, [story[n % len(story)][1] for n in range(at, min(count, at + 1000))]))
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of everything")
    parser.add_argument("--at", type=Path, help="a folder on the disk that is to be measured")
    chosen, _ = parser.parse_known_args()
    count = 20_000 if chosen.quick else 100_000
    console = Console(width=100)
    for title, facts, models in (
        ("requests", _requests(count), USAGE),
        ("a studio's days", _days(count), ALL),
    ):
        with tempfile.TemporaryDirectory(dir=chosen.at) as folder:
            table, most = measured(title, Path(folder), facts, models)
        console.print(table)
        console.print(f"an export held at most {most:.1f} MiB\n")


if __name__ == "__main__":
    main()
