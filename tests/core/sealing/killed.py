"""A process that seals and prunes, and is killed at a step; run many times it is a crash test.

    python -m tests.core.sealing.killed --rounds 100

A round: a home with requests of two months that are over. Processes seal and prune it while
requests go on being recorded, and each is killed: at a step, one after the other, or at any moment.
After every kill nothing that was acknowledged may be missing, and the sums must be what they were;
in the end the month is sealed whole and pruned.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import msgspec

from events.audit.claims import first_bad
from events.audit.segment_claims import verify_segment
from events.facts import AuditSegmentPruned, AuditSegmentSealed
from events.projections.usage_sums import UsageQuery
from tests.core.sealing.books import House, write_months
from tests.core.test_usage_log import BASE

STEPS = (
    "opened", "segment written", "segment read back", "sums written", "sums renamed",
    "segment renamed", "on the disk", "recorded", "live log closed", "live log removed",
)  # fmt: skip
PRUNING = ("pruning recorded", "segment removed")
MONTHS = ("2026-08", "2026-09")
EACH = 200
ACK = "ack "


def die(step: str, at: str) -> None:
    """As if the power went."""
    if step == at:
        os.kill(os.getpid(), signal.SIGKILL)


async def work(home: Path, at: str, run: str, prune: bool) -> None:
    """Seal what is over while requests are recorded, and tell of each that is on the disk."""
    house = House(home, reached=lambda step: die(step, at))
    await house.sealing.settle()
    for one in await house.usage.open():
        house.usage.finished(one)
    recording = asyncio.ensure_future(_record(house, run))
    print("begun", flush=True)
    if prune:
        await house.sealing.prune("2026-09", reason="owner", actor="cli")
    else:
        await house.sealing.seal_all(actor="cli")
    recording.cancel()
    await house.close()
    print("done", flush=True)


async def _record(house: House, run: str) -> None:
    for number in range(100_000):
        request_id = f"{run}-{number}"
        fact = msgspec.structs.replace(BASE, request_id=request_id)
        await house.usage._write("2026-10-20", fact)
        print(f"{ACK}{request_id}", flush=True)
        await asyncio.sleep(0.001)


def run_and_kill(home: Path, at: str, run: str, *, prune: bool, after_s: float = 0) -> list[str]:
    """Its lines until it died or was done. `after_s`: kill it so long after it began, instead."""
    module = [sys.executable, "-m", "tests.core.sealing.killed", "--home", str(home), "--at", at]
    child = subprocess.Popen(
        [*module, "--run", run, *(["--prune"] if prune else [])],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    lines: list[str] = []
    begun = threading.Event()

    def kill() -> None:
        begun.wait(60)
        time.sleep(after_s)
        child.kill()

    killer = threading.Thread(target=kill) if after_s else None
    if killer:
        killer.start()
    with child.stdout:
        for line in child.stdout:
            lines.append(line.strip())
            if lines[-1] == "begun":
                begun.set()
    begun.set()
    if killer:
        killer.join()
    child.wait(60)
    return lines


class Round:
    """One home, killed again and again, and what must be true after each."""

    def __init__(self, home: Path) -> None:
        self.home = home
        write_months(home, MONTHS, EACH)
        self.acknowledged: set[str] = set()
        self.kills: Counter[str] = Counter()
        self._runs = 0
        self.sums = asyncio.run(self._sums())

    def kill(self, at: str, *, prune: bool = False, after_s: float = 0) -> bool:
        """One process; whether it was killed, and not done before."""
        self._runs += 1
        lines = run_and_kill(self.home, at, f"run{self._runs}", prune=prune, after_s=after_s)
        self.acknowledged.update(line.removeprefix(ACK) for line in lines if line.startswith(ACK))
        killed = "done" not in lines
        self.kills[at] += killed
        asyncio.run(self.check())
        return killed

    async def check(self) -> None:
        """Nothing acknowledged is lost or there twice, and what is sealed is whole."""
        house = House(self.home)
        try:
            await house.sealing.settle()
            for one in await house.usage.open():
                house.usage.finished(one)
            states = {one.month: one.state for one in await house.sealing.view()}
            assert "lost" not in states.values(), states
            found = Counter(request_id for request_id, _, _ in await house.requests(limit=1000))
            gone = {f"r{n}" for n in range(EACH)} if states["2026-08"] == "pruned" else set()
            kept = {f"r{at * 100_000 + n}" for at in range(2) for n in range(EACH)} - gone
            assert not (self.acknowledged | kept) - set(found), "requests are lost"
            assert max(found.values()) == 1, f"there twice: {found.most_common(3)}"
            await self._verify(house)
        finally:
            await house.close()
        assert await self._sums() == self.sums

    async def _verify(self, house: House) -> None:
        facts = [one.event for one in house.store.read_stream("audit")]
        sealed = {fact.month: fact for fact in facts if isinstance(fact, AuditSegmentSealed)}
        pruned = {fact.month: fact for fact in facts if isinstance(fact, AuditSegmentPruned)}
        for month, fact in sealed.items():
            live = house.paths.usage_db(f"{month}-01")
            if not live.exists():
                path = house.paths.usage_segment(month)
                bad = first_bad(verify_segment(path, fact, pruned.get(month)))
                assert bad is None, bad
        left = [path.name for path in self.home.glob("usage-*") if path.name.endswith(".new")]
        assert left == [], left

    async def _sums(self) -> list[object]:
        """Of the two months that are over."""
        house = House(self.home)
        query = UsageQuery(by=("day", "key", "model", "outcome"), until=House.OCTOBER)
        usage = await house.usage.usage(query)
        await house.close()
        assert usage.unreadable == ()
        told = sorted(usage.sums, key=lambda one: one.group)
        return [(one.group, one.sums, one.saved_tokens) for one in told]


def main() -> None:
    """The child, or all the rounds."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--home", type=Path)
    options.add_argument("--at", default="")
    options.add_argument("--run", default="run")
    options.add_argument("--prune", action="store_true")
    options.add_argument("--rounds", type=int, default=100)
    chosen = options.parse_args()
    if chosen.home:
        asyncio.run(work(chosen.home, chosen.at, chosen.run, chosen.prune))
        return
    kills, acknowledged, chance = 0, 0, random.Random()
    for number in range(chosen.rounds):
        with tempfile.TemporaryDirectory() as home:
            one = Round(Path(home))
            for _ in range(chance.randrange(1, 4)):
                if chance.random() < 0.3:
                    one.kill("any moment", after_s=chance.uniform(0.001, 0.4))
                else:
                    one.kill(chance.choice(STEPS))
            one.kill(chance.choice(PRUNING), prune=True)
            one.kill("", prune=True)
            kills += one.kills.total()
            acknowledged += len(one.acknowledged)
            print(f"round {number + 1}: {dict(one.kills)}", flush=True)
    print(f"{chosen.rounds} rounds, {kills} kills, {acknowledged} acknowledged, none lost")


if __name__ == "__main__":
    main()
