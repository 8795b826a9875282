"""What a studio does to its logs, in a process of its own, so that it can be recorded or killed.

    python -m tests.benchmarks.power_writer HOME ACKNOWLEDGED [EVENTS]

Writers append to the main log and to a month of requests while both are signed for; then the month
ends and is sealed while the writing goes on. What was promised is written down, a line at a time:

    main POSITION LEAF          an event of the main log is on the disk
    request ID                  a request is
    signed SIZE                 a checkpoint is, outside and in the main log
    sealed MONTH                a month is sealed

Without EVENTS it goes on, month after month, until it is killed.
"""

import asyncio
import itertools
import os
import random
import sys
from pathlib import Path

import msgspec

from core.auditing.checkpointer import Checkpointer
from core.auditing.opening import open_log
from core.sealing import Sealing
from core.secrets import Secrets
from core.settings import Settings
from core.usage_log import UsageLog, month_of
from events.facts import AppStopped, RequestFinished

WRITERS = 4
REQUESTS = 40  # before a month ends
DAY_US = 86_400 * 1_000_000
BEGIN = 1_800_014_400_000_000  # 2027-01-15 12:00 UTC, in µs
REQUEST = RequestFinished(
    request_id="r0", path="/v1/chat/completions", model="m", recipe_id="m", engine_id="e0",
    actor="api", lane="gateway", outcome="ok", status=200, stream=False,
)  # fmt: skip


class Calendar:
    """A clock that goes on from where the log is, and a month ahead when told to."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        """A microsecond later each time."""
        self._at += 1
        return self._at

    def monotonic(self) -> float:
        """Seconds."""
        return self._at / 1e6

    def end_month(self) -> None:
        """Two weeks into the next one."""
        month = month_of(self._at)
        while month_of(self._at) == month:
            self._at += DAY_US
        self._at += 14 * DAY_US


class Studio:
    """The parts that write logs."""

    def __init__(self, home: Path, acknowledged: Path) -> None:
        self.settings = Settings(home=home, checkpoint_events=15)
        self.paths = self.settings.paths
        self.home = home
        self.clock = Calendar(BEGIN)
        self._acknowledged = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        secrets = Secrets(self.paths.secrets)
        opened = open_log(self.settings, secrets, self.clock)
        assert opened.trouble is None, opened.trouble
        self.store = opened.store
        [newest] = self.store.read_all(newest_first=True, limit=1)
        self.clock = Calendar(max(BEGIN, newest.recorded_at))
        self.checkpointer = Checkpointer(
            store=self.store,
            secrets=secrets,
            settings=lambda: self.settings,
            clock=self.clock,
        )
        self.usage = UsageLog(paths=self.paths, clock=self.clock)
        self.sealing = Sealing(
            store=self.store,
            usage=self.usage,
            paths=self.paths,
            settings=lambda: self.settings,
            clock=self.clock,
            sign=self.checkpointer.sign,
        )

    def promise(self, line: str) -> None:
        """Write down what was promised, after it was."""
        os.write(self._acknowledged, f"{line}\n".encode())

    async def write(self, writer: int, events: int | None) -> None:
        """Append facts of every size, one to three at a time."""
        chance = random.Random(os.getpid() * 100 + writer)
        for number in itertools.count() if events is None else range(events):
            size = chance.choice((5, 50, 500, 5000))
            facts = [AppStopped(reason="x" * size)] * chance.randint(1, 3)
            recorded = await self.store.append(f"s-{number % 20}", facts, actor="cli")
            for one in recorded:
                self.promise(f"main {one.position} {one.leaf.hex()}")

    async def sign(self) -> None:
        """As the studio does, but without a pause."""
        signed = 0
        while True:
            await self.checkpointer.look()
            if self.checkpointer.covered != signed:
                signed = self.checkpointer.covered
                self.promise(f"signed {signed}")
            await asyncio.sleep(0.001)

    async def months(self, count: int | None) -> None:
        """Write a month's requests, end it, seal it."""
        await self.sealing.settle()
        for _ in itertools.count() if count is None else range(count):
            await self.month()

    async def month(self) -> None:
        """One of them."""
        month = month_of(self.clock.now())
        for _ in range(REQUESTS):
            name = f"r-{os.urandom(6).hex()}"
            request = msgspec.structs.replace(REQUEST, request_id=name)
            await self.usage._current().append(f"usage-{month}-15", [request], actor="api")
            self.promise(f"request {name}")
        self.clock.end_month()
        await self.sealing.seal(month, actor="system")
        self.promise(f"sealed {month}")

    async def run(self, events: int | None) -> None:
        """All of it at once."""
        await self.checkpointer.begin()
        signing = asyncio.ensure_future(self.sign())
        writers = [self.write(number, events) for number in range(WRITERS)]
        print("open", flush=True)
        await asyncio.gather(self.months(None if events is None else 2), *writers)
        signing.cancel()
        await asyncio.gather(signing, return_exceptions=True)
        await self.usage.close()
        await self.checkpointer.close()
        self.store.close()


if __name__ == "__main__":
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else None
    asyncio.run(Studio(Path(sys.argv[1]), Path(sys.argv[2])).run(limit))
