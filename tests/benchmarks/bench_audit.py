"""What it costs to believe the log: verifying, proving, signing, and the tree at each event.

    python -m tests.benchmarks.bench_audit [--quick] [--events 1000000]

`pymerkle` (in memory) stands beside ours where both do the same work. It keeps every hash in
memory and ours reads them from SQLite, so read its proofs as the floor of what a cache would give.
CPU is this process's own; where a child works, its own.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import msgspec
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from rich.console import Console
from rich.table import Table

from events.audit import checkpoint
from events.audit.checkpoint import Checkpoint, origin_of, signer_for
from events.audit.lines import Walk
from events.audit.merkle import Frontier, leaf_hash
from events.audit.one_log import verify_log
from events.audit.proof_file import check
from events.audit.proofs import includes, inclusion_proof, is_consistent
from events.audit.prove import Prover
from events.audit.sources import LiveLog
from events.audit.structure import structure_claim
from events.audit.told import Keys
from events.audit.verify import Wanted
from events.connections import open_reader
from events.projections import USAGE
from events.store import EventStore
from tests.benchmarks.bench_events import FACT

SEED = b"\7" * 32
BATCH = 1000


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def each(work: Callable[[], object], times: int) -> float:
    """CPU µs of one turn, of the best of three series."""
    series = []
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            work()
        series.append((time.process_time() - begun) / times * 1e6)
    return min(series)


def written(folder: Path, events: int) -> Path:
    """A month of requests, with its read models."""
    path = folder / "usage-2026-11.db"
    store = EventStore.open(path, projections=USAGE)
    facts = [FACT] * BATCH
    while store.head < events:
        store.append_now("usage-2026-11-20", facts, actor="key:laptop")
    store.close()
    return path


def verifying(path: Path, deep: bool) -> Table:
    """All of it, and its parts."""
    table = Table("verifying", "events", "events/s (wall)", "events/s (CPU)", "µs/event (CPU)")
    connection = open_reader(path)
    walk = Walk()

    def row(name: str, wall: float, cpu: float) -> None:
        size = walk.size
        rates = f"{size / wall:,.0f}", f"{size / cpu:,.0f}", f"{cpu / size * 1e6:.2f}"
        table.add_row(name, f"{size:,}", *rates)

    times = measured(lambda: walk.over(connection, 2**62))
    row("lines: order, hashes, tree", *times)
    row("structure: integrity_check", *measured(lambda: structure_claim(connection, "x")))
    connection.close()
    keys = Keys({})
    row("one log, every claim", *measured(lambda: verify_log(path, "x", keys=keys)))
    if deep:
        work = measured(lambda: verify_log(path, "x", keys=keys, projections=USAGE))
        row("and its read models folded anew", *work)
    row("python -m events.audit, a child", *_by_a_child(path))
    return table


def _by_a_child(path: Path) -> tuple[float, float]:
    wanted = msgspec.json.encode(Wanted(main=str(path)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-P", "-m", "events.audit"],
        input=wanted,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begun, cpu


def proving(path: Path, beside: int) -> Table:
    """Proofs from the file, and pymerkle's from memory, both of `beside` lines or more."""
    source = LiveLog(path, "usage-2026-11")
    size = source.size
    told = Checkpoint(origin_of(source.log_id), size, source.root(0, size))
    signer = signer_for(source.log_id, SEED)
    note = checkpoint.signed(told, signer)
    prover = Prover(source, [note], [str(signer.verifier)])
    proof, growth = prover.line(size // 3), prover.growth(size // 3)
    hashes = inclusion_proof(source.root, size // 3, size)
    leaf = leaf_hash(proof.line.encode())
    old = source.root(0, size // 3)
    table = Table("proving", "ours, µs (CPU)", "pymerkle, µs (CPU)", "of lines")
    tree = InmemoryTree(algorithm="sha256")
    for number in range(beside):
        tree.append_entry(b"%d" % number)
    theirs, state = tree.prove_inclusion(beside // 3, beside), tree.get_root(beside)
    base, grown = tree.get_leaf(beside // 3), tree.prove_consistency(beside // 3, beside)
    older, path_of = tree.get_root(beside // 3), growth.hashes
    way = [b64decode(one) for one in path_of]
    rows: list[tuple[str, Callable[[], object], Callable[[], object] | None, int]] = [
        ("root of the whole log", lambda: source.root(0, size), None, 200),
        (
            "inclusion: made",
            lambda: inclusion_proof(source.root, size // 3, size),
            lambda: tree.prove_inclusion(beside // 3, beside),
            100,
        ),
        (
            "inclusion: checked",
            lambda: includes(leaf, size // 3 - 1, size, hashes, told.root),
            lambda: verify_inclusion(base, state, theirs),
            2000,
        ),
        (
            "consistency: checked",
            lambda: is_consistent(size // 3, old, size, told.root, way),
            lambda: verify_consistency(older, state, grown),
            2000,
        ),
        ("a proof file: made, and checked before it is given", lambda: prover.line(77), None, 50),
        ("a proof file: checked, with its signature", lambda: check(proof), None, 300),
        ("a checkpoint: signed", lambda: checkpoint.signed(told, signer), None, 1000),
        ("a checkpoint: read", lambda: checkpoint.read(note, [signer.verifier]), None, 1000),
    ]
    for name, ours, other, times in rows:
        cost = "" if other is None else f"{each(other, times):,.1f}"
        table.add_row(name, f"{each(ours, times):,.1f}", cost, f"{size:,} / {beside:,}")
    source.close()
    return table


def growing(events: int) -> Table:
    """What the tree costs each event, in memory."""
    lines = [b'{"position":%d,"data":"' % number + b"x" * 380 + b'"}' for number in range(events)]
    table = Table("the tree, at each event", "µs (CPU)", "× ours")
    ours = float("inf")
    for name, grow in {
        "ours: leaf hash and frontier": lambda: Frontier.of(map(leaf_hash, lines)),
        "ours: the leaf hash alone": lambda: [leaf_hash(line) for line in lines],
        "pymerkle, in memory": lambda: _pymerkle(lines),
    }.items():
        cost = min(measured(grow)[1] for _ in range(3)) / events * 1e6
        ours = min(ours, cost) if name.endswith("frontier") else ours
        table.add_row(name, f"{cost:.2f}", f"{cost / ours:.1f}")
    return table


def _pymerkle(lines: list[bytes]) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for line in lines:
        tree.append_entry(line)
    return tree


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int, default=1_000_000)
    chosen, _ = parser.parse_known_args()
    events = 100_000 if chosen.quick else chosen.events
    console = Console(width=110)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), events)
        size = path.stat().st_size / 2**20
        console.print(f"{events:,} events, {size:,.0f} MiB, load {load:.1f}")
        console.print(verifying(path, deep=chosen.quick or events <= 200_000))
        console.print(proving(path, 20_000))
    console.print(growing(50_000))


if __name__ == "__main__":
    main()
