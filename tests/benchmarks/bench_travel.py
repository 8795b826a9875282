"""The past: what any moment of a long log costs, an opening, and a rebuild beside `eventsourcing`.

    python -m tests.benchmarks.bench_travel [--quick] [--at FOLDER] [--log main.db]

`--log` takes a log that an earlier run left (`--keep`), for writing a million events takes a while.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from rich.console import Console
from rich.table import Table

from core.command_handler import known_facts
from core.engines import lifecycle
from core.past.time_travel import TimeTravel
from events import replay
from events.facts import EngineProgressed, EngineStarted, EngineStartRequested
from events.facts.base import Fact
from events.projections import ALL
from events.projections.present import PRESENT
from events.snapshots import SPACING, Snapshots
from events.store import EventStore
from tests.benchmarks.long_story import write

MOMENTS = 200  # looked at, at random
FEW = 5  # of them without snapshots
OPENINGS = 15
ROUNDS = 3  # of contenders in turn; the best of each counts


class TheirEngine(Aggregate):
    """A run of an engine as that library would keep it."""

    @event("Requested")
    def __init__(self, engine_id: str, recipe_id: str) -> None:
        self.engine_id = engine_id
        self.recipe_id = recipe_id
        self.phase = ""
        self.percent: float | None = None

    @event("Progressed")
    def progress(self, phase: str, percent: float, overall: float) -> None:
        """A step of its load."""
        self.phase = phase
        self.percent = percent


def any_moment(store: EventStore, folder: Path) -> Table:
    """The state at random positions, with snapshots and without."""
    title = f"Any moment of {store.head:,} events ({SPACING:,} between two snapshots)"
    table = _table(title, "", "p50 ms", "p99 ms", "most ms", "CPU ms", "ratio (CPU)")
    shutil.rmtree(folder, ignore_errors=True)
    snapshots = Snapshots(store, folder)
    built, taken = _once(lambda: _build(snapshots)), snapshots.size
    chance = random.Random(1)
    positions = [chance.randrange(1, store.head + 1) for _ in range(MOMENTS)]
    few = positions[:FEW]
    for position in few[:2]:
        with_them, without = snapshots.state_at(position), replay.state_at(store, position, PRESENT)
        assert replay.dump(with_them, PRESENT) == replay.dump(without, PRESENT)
    pages = TimeTravel(store, folder.parent, read_only=True)
    moments = [pages.recorded_at(position) or 0 for position in positions]
    base = _row(
        table,
        f"without ({FEW} moments)",
        lambda position: replay.state_at(store, position, PRESENT).close(),
        few,
    )
    _row(table, "with snapshots", lambda at: snapshots.state_at(at).close(), positions, base)
    _row(table, "with them, and read for the pages", pages.state, positions, base)
    _row(table, "the position of a time", snapshots.position_at, moments)
    table.caption = (
        f"all snapshots made in {built:.1f} s ({store.head / built:,.0f} events/s folded), "
        f"{len(snapshots.positions):,} files, {taken / 2**20:.1f} MiB"
    )
    return table


def openings(path: Path) -> Table:
    """From nothing to the first event read; to write, with the newest hashes checked."""
    table = _table("Opening it, to the first read", "", "p50 ms", "most ms", "CPU ms")
    for name, options in (
        ("to write", {"projections": ALL}),
        ("to read only", {"read_only": True}),
    ):
        wall, cpu = [], []
        for _ in range(OPENINGS):
            began, spent = time.perf_counter(), time.process_time()
            store = EventStore.open(path, **options)
            assert store.read_all(store.head - 1, 1)
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - spent)
            store.close()
        told = (_at(wall, 0.5), _at(wall, 1.0), _at(cpu, 0.5))
        table.add_row(name, *(f"{one * 1e3:.1f}" for one in told))
    return table


def rebuilds(folder: Path, count: int) -> Table:
    """The same facts about one run of an engine: its state again, from all of them."""
    title = f"One engine with {count:,} events"
    table = _table(title, "", "events/s", "CPU µs each", "ratio (CPU)")
    store = EventStore.open(folder / "ours.db")
    begin, *steps = _steps(count)
    store.append_now("engine-e", [begin, *steps], actor="cli")
    theirs, id = _theirs(folder, steps)
    fold = replay.Fold(PRESENT)

    def ours_as_aggregate() -> None:
        state: lifecycle.State = lifecycle.Unborn()
        for fact in known_facts(store.read_events("engine-e")):
            state = lifecycle.evolve(state, fact)
        assert isinstance(state, lifecycle.Loading)

    def ours_as_read_models() -> None:
        connection = replay.empty(PRESENT)
        replay.fold_log(connection, fold, store, 0, store.head)
        connection.close()

    contenders: dict[str, Callable[[], object]] = {
        "eventsourcing: repository.get": lambda: theirs.repository.get(id),
        "events: read_events and evolve": ours_as_aggregate,
        "events: 11 read models, folded into SQLite": ours_as_read_models,
    }
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, work in contenders.items():
            spent = time.process_time()
            wall[name].append(_once(work))
            cpu[name].append(time.process_time() - spent)
    base = min(cpu["eventsourcing: repository.get"])
    for name in contenders:
        best, spent = min(wall[name]), min(cpu[name])
        table.add_row(
            name, f"{count / best:,.0f}", f"{spent / count * 1e6:.2f}", f"{base / spent:.1f} ×"
        )
    store.close()
    theirs.close()
    return table


def _steps(count: int) -> list[Fact]:
    who: dict[str, Any] = {"engine_id": "e", "recipe_id": "model-1"}
    begin = EngineStartRequested(
        **who,
        revision=1,
        kind="vllm",
        runtime=None,
        model_name="m",
        port=1,
        argv=(),
        nonce="n",
        log_path="",
    )
    started = EngineStarted(**who, pid=1, process_group=1, process_started_at=1.0)
    progress = (
        EngineProgressed(**who, phase=f"phase {n % 5}", percent=n % 100, overall=n / count)
        for n in range(count - 2)
    )
    return [begin, started, *progress]


def _theirs(folder: Path, steps: Sequence[Fact]) -> tuple["Application[UUID]", UUID]:
    """With its own SQLite recorder and its own JSON, as its documentation sets it up."""
    application: Application[UUID] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(folder / "theirs.db"),
        }
    )
    kept = TheirEngine("e", "model-1")
    for number, step in enumerate(steps, 2):
        phase, percent, overall = (
            (step.phase, step.percent or 0.0, step.overall or 0.0)
            if isinstance(step, EngineProgressed)
            else ("started", 0.0, 0.0)
        )
        kept.progress(phase, percent, overall)
        if number % 500 == 0:
            application.save(kept)
    application.save(kept)
    return application, kept.id


def _build(snapshots: Snapshots) -> None:
    while snapshots.step(SPACING):
        pass


def _once(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _at(taken: Sequence[float], share: float) -> float:
    return sorted(taken)[min(len(taken) - 1, int(share * len(taken)))]


def _row(
    table: Table,
    name: str,
    work: Callable[[int], object],
    given: Sequence[int],
    base: float | None = None,
) -> float:
    """Do it with each of these; the CPU seconds of one."""
    spent = time.process_time()
    taken = [_once(partial(work, one)) for one in given]
    spent = (time.process_time() - spent) / len(given)
    told = (f"{_at(taken, share) * 1e3:,.1f}" for share in (0.5, 0.99, 1.0))
    ratio = f"{base / spent:,.0f} ×" if base else ""
    table.add_row(name, *told, f"{spent * 1e3:,.1f}", ratio)
    return spent


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table


def main() -> None:
    """Run all of it and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the events")
    parser.add_argument("--at", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--log", type=Path, help="a log of an earlier run")
    parser.add_argument("--keep", type=Path, help="where to leave the log")
    wish = parser.parse_args()
    console = Console()
    count = 100_000 if wish.quick else 1_000_000
    with tempfile.TemporaryDirectory(dir=wish.at, prefix="bench-travel-") as name:
        folder = Path(name)
        path: Path = wish.log or wish.keep or folder / "main.db"
        if wish.log is None:
            store = EventStore.open(path, projections=ALL)
            took = _once(lambda: write(store, count))
            store.close()
            console.print(f"{count:,} events written in {took:.0f} s")
        console.print(f"load {os.getloadavg()[0]:.1f}, {path.stat().st_size / 2**20:,.0f} MiB")
        EventStore.open(path, projections=ALL).close()  # whatever an update has to do, once
        store = EventStore.open(path, read_only=True)
        console.print(any_moment(store, folder / "snapshots"))
        store.close()
        console.print(openings(path))
        console.print(rebuilds(folder, 10_000))


if __name__ == "__main__":
    main()
