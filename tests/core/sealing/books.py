"""Months of requests in a home, and everything that can be asked of them."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from core.sealing import Sealing
from core.settings import Paths, Settings
from core.usage.report import entries, total
from core.usage_log import UsageLog
from events.audit.checkpoint import Checkpoint, signed, signer_for
from events.facts import RequestFinished
from events.projections import ALL, USAGE
from events.projections.request_log import RequestFilter
from events.projections.usage_sums import UsageQuery
from events.store import EventStore
from tests.core.test_usage_log import BASE, Clock

SEED = bytes(range(32))
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")


def us(text: str) -> int:
    """A moment, UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def sign(checkpoint: Checkpoint) -> str:
    """As the studio's own key would."""
    return signed(checkpoint, signer_for(checkpoint.log_id, SEED))


def some(chance: random.Random, number: int) -> RequestFinished:
    """A request unlike its neighbours."""
    key = chance.choice(["api", "key:k1", "key:k2", "window"])
    known = chance.random() < 0.8
    return msgspec.structs.replace(
        BASE,
        request_id=f"r{number}",
        model=chance.choice(["m", "n", "=cmd()"]),
        recipe_id=chance.choice([None, "m"]),
        actor=key,
        lane=chance.choice(["gateway", "direct"]),
        outcome=chance.choice(["ok", "ok", "error"]),
        status=chance.choice([200, 200, 500]),
        cache=chance.choice(["", "", "hit"]),
        prompt_tokens=chance.randrange(5000) if known else None,
        completion_tokens=chance.randrange(500) if known else None,
        ttft_ms=chance.expovariate(0.01) if known else None,
        duration_ms=chance.expovariate(0.001),
        cost=chance.random() if known else None,
        energy_j=chance.random() * 100 if known else None,
    )


def write_months(home: Path, months: tuple[str, ...] = MONTHS, each: int = 60) -> None:
    """Some requests in each, over its whole length."""
    chance = random.Random(7)
    for at, month in enumerate(months):
        clock = Clock()
        clock.at = us(f"{month}-01")
        store = EventStore.open(
            Paths(home).usage_db(f"{month}-01"), projections=USAGE, now=clock.now
        )
        for number in range(each):
            clock.at += 28 * 86_400_000_000 // each
            day = datetime.fromtimestamp(clock.at / 1e6, UTC).strftime("%Y-%m-%d")
            fact = some(chance, at * 100_000 + number)
            store.append_now(f"usage-{day}", [fact], actor=fact.actor)
        store.close()


class House:
    """An open studio's worth of it: the main log, the book of requests, and who seals."""

    OCTOBER = us("2026-10-01")

    def __init__(
        self,
        home: Path,
        now: str = "2026-10-20",
        *,
        reached: Callable[[str], None] = lambda step: None,
        **settings: Any,
    ) -> None:
        Paths(home).create()
        self.paths = Paths(home)
        self.clock = Clock()
        self.clock.at = us(now)
        self.settings = Settings(home=home, **settings)
        self.store = EventStore.open(self.paths.main_db, projections=ALL, now=self.clock.now)
        self.usage = UsageLog(paths=self.paths, clock=self.clock)
        self.sealing = Sealing(
            store=self.store,
            usage=self.usage,
            paths=self.paths,
            settings=lambda: self.settings,
            clock=self.clock,
            sign=sign,
            reached=reached,
        )

    async def close(self) -> None:
        """As at the end of a run."""
        self.sealing.close()
        await self.usage.close()
        self.store.close()

    async def requests(self, limit: int = 7, **wanted: Any) -> list[tuple[str, int, int]]:
        """Every wanted request, page by page: id, place and moment."""
        found: list[tuple[str, int, int]] = []
        before: str | None = None
        while True:
            page = await self.usage.page(RequestFilter(**wanted), before=before, limit=limit)
            found += [(r.request.request_id, r.position, r.finished_at) for r in page.requests]
            before = page.next
            if before is None:
                return found

    async def told(self) -> dict[str, Any]:
        """Reports of every kind, as the API and its CSV are made of them."""
        answers: dict[str, Any] = {}
        for by in ((), ("month", "key"), ("day", "model", "outcome"), ("hour",), ("cache", "lane")):
            for where in ({}, {"key": "k1"}, {"model": "m"}):
                usage = await self.usage.usage(
                    UsageQuery(by=by, zone=120, where=where, latencies=True)
                )
                rows = entries(usage.sums, by, lambda key: key)
                answers[f"{by} {where}"] = msgspec.to_builtins((rows, total(usage.sums)))
        span = {"since": us("2026-08-10"), "until": us("2026-09-12") + 5}
        lists: dict[str, dict[str, Any]] = {
            "all": {},
            "key": {"key": "k2"},
            "span": span,
            "errors": {"outcome": "error", "lane": "direct"},
            "one": {"request_id": "r100003"},
        }
        for name, wanted in lists.items():
            answers[name] = await self.requests(**wanted)
        return answers
