"""Many keys and many requests, written as events by the real stores into a home of their own."""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import msgspec

from core.keys.secret import digest_of, make_secret, prefix_of
from core.settings import Paths
from events.envelope import uuid7
from events.facts import KeyIssued, KeyLimitsSet, RequestFinished
from events.facts.base import Fact
from events.facts.key import KeyLimits
from events.projections import ALL, USAGE
from events.store import EventStore

DAY_US = 86_400 * 1_000_000
DAYS = 30
BATCH = 2000  # facts a commit
MODELS = ("qwen3-8b", "qwen3-32b", "llama-3.3-70b", "gemma-3-27b", "bge-m3")
LIMITS = KeyLimits(
    requests_per_minute=1_000_000,
    tokens_per_minute=100_000_000,
    parallel=10_000,
    budget_day=1e6,
    budget_month=1e7,
)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key, with what is nowhere kept."""

    key_id: str
    secret: str


def write_keys(paths: Paths, count: int) -> list[Key]:
    """Issue keys with every limit on, in big commits."""
    keys = [Key(key_id=f"key{n:05d}", secret=make_secret()) for n in range(count)]
    store = EventStore.open(paths.main_db, projections=ALL)
    try:
        for at in range(0, count, BATCH):
            facts = [fact for key in keys[at : at + BATCH] for fact in _issued(key)]
            store.append_now(f"key-{keys[at].key_id}", facts, actor="cli")
    finally:
        store.close()
    return keys


def _issued(key: Key) -> Iterator[Fact]:
    yield KeyIssued(
        key_id=key.key_id,
        name=f"team {key.key_id}",
        prefix=prefix_of(key.secret),
        digest=digest_of(key.secret.encode()),
    )
    yield KeyLimitsSet(key_id=key.key_id, name=f"team {key.key_id}", limits=LIMITS)


def write_requests(
    paths: Paths, keys: Sequence[Key], count: int, *, days: int = DAYS, batch: int = BATCH
) -> float:
    """Requests of the last `days`, evenly over time, `batch` at a time; the seconds it took."""
    began = time.perf_counter()
    chance, then = random.Random(1), _Then()
    end = time.time_ns() // 1000
    starts = [end - days * DAY_US * (count - at) // count for at in range(0, count, batch)]
    for month, moments in groupby(starts, key=lambda moment: _day(moment)[:7]):
        store = EventStore.open(paths.usage_db(f"{month}-01"), projections=USAGE, now=then)
        try:
            for moment in moments:
                then.moment = moment
                facts = [_request(chance, keys, moment) for _ in range(batch)]
                store.append_now(f"usage-{_day(moment)}", facts, actor="api")
        finally:
            store.close()
    return time.perf_counter() - began


class _Then:
    """A clock that stands where it is put."""

    moment = 0

    def __call__(self) -> int:
        return self.moment


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1e6, UTC).strftime("%Y-%m-%d")


def _request(chance: random.Random, keys: Sequence[Key], at: int) -> RequestFinished:
    """A few keys ask much, most ask little; three in a hundred do not end well."""
    key = keys[int(len(keys) * chance.random() ** 4)]
    model = MODELS[int(len(MODELS) * chance.random() ** 2)]
    draw = chance.random()
    outcome = "ok" if draw < 0.97 else "client_gone" if draw < 0.985 else "error"
    tokens = int(chance.expovariate(1 / 200)) + 1
    return RequestFinished(
        request_id=uuid7(at),
        path="/v1/chat/completions",
        model=model,
        recipe_id=model,
        engine_id="01a20847-03dc-7000",
        actor=f"key:{key.key_id}",
        lane="direct" if chance.random() < 0.8 else "gateway",
        outcome=outcome,
        status=500 if outcome == "error" else 200,
        stream=True,
        prompt_tokens=int(chance.expovariate(1 / 800)) + 1,
        completion_tokens=tokens,
        counted="engine",
        ttft_ms=chance.expovariate(1 / 80),
        itl_ms=20.0,
        duration_ms=tokens * 20.0,
        cost=tokens * 2e-6,
    )


def size_mib(home: Path, pattern: str) -> float:
    """What files of a home take on the disk."""
    return sum(file.stat().st_size for file in home.glob(pattern)) / 2**20
