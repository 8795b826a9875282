"""Answers in a real Redis: shared, with a time to live, and never in anybody's way."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from core.clock import SystemClock
from core.gateway.cache import RedisStore, Stored
from core.gateway.cache import redis_store as module
from tests.core.gateway.cache.parts import Engine, answers, ask
from tests.harness.redis import RedisServer

KEPT = Stored(
    status=200,
    headers=((b"content-type", b"text/event-stream"),),
    events=True,
    body=b"data: \xff\x00\n\n",
    prompt_tokens=3,
    completion_tokens=5,
)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """One for all tests here."""
    made = RedisServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
async def store(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisStore]:
    """Empty. Time-outs are long: this machine may have much to do."""
    monkeypatch.setattr(module, "ANSWERS_S", 60.0)
    made = RedisStore(server.url, clock=SystemClock())
    await made.clear()
    yield made
    await made.close()


async def put(store: RedisStore, key: bytes, ttl_s: float = 60) -> None:
    """Keep it, and wait until it is written."""
    store.put(key, KEPT, ttl_s)
    await asyncio.gather(*store._writes)


async def test_what_one_studio_kept_another_tells(store: RedisStore, server: RedisServer) -> None:
    """Byte for byte, and forgotten at once for all."""
    await put(store, b"k")
    other = RedisStore(server.url, clock=SystemClock())
    assert await other.get(b"k") == KEPT
    assert await other.get(b"other") is None
    assert await other.size() == (1, None)
    assert await other.clear() == 1
    assert await store.get(b"k") is None
    await other.close()


async def test_only_our_own_is_counted_and_forgotten(store: RedisStore) -> None:
    """Others use the same Redis."""
    await store._redis.set("theirs", "1")
    await put(store, b"k")
    assert await store.clear() == 1
    assert await store._redis.get("theirs") == b"1"
    await store._redis.delete("theirs")


async def test_redis_forgets_by_itself(store: RedisStore) -> None:
    """The time to live is Redis' own."""
    await put(store, b"k", ttl_s=1234.5)
    assert 1_200_000 < await store._redis.pttl(module._name(b"k")) <= 1_234_500


async def test_counts_that_come_later_leave_the_time_to_live_as_it_is(store: RedisStore) -> None:
    """And do not bring back what is gone."""
    await put(store, b"k", ttl_s=1234.5)
    for key in (b"k", b"gone"):
        store.recount(key, 7, 8)
    await asyncio.gather(*store._writes)
    found = await store.get(b"k")
    assert found is not None
    assert (found.prompt_tokens, found.completion_tokens, found.body) == (7, 8, KEPT.body)
    assert 1_200_000 < await store._redis.pttl(module._name(b"k")) <= 1_234_500
    assert await store.get(b"gone") is None


async def test_what_another_version_wrote_is_a_miss(store: RedisStore) -> None:
    """And so is what somebody else put there."""
    await store._redis.set(module._name(b"k"), b"not ours")
    assert await store.get(b"k") is None


async def test_the_cache_works_over_it(store: RedisStore) -> None:
    """From the hot path's side."""
    cache, engine = answers(store=store), Engine()
    await ask(cache, engine.fetch)
    await asyncio.gather(*store._writes)
    client, kind = await ask(cache, engine.fetch)
    assert (client.body, kind, engine.calls) == (b'{"a":1}', "hit", 1)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> int:
        """Microseconds."""
        return int(self.at * 1e6)

    def monotonic(self) -> float:
        """Seconds."""
        return self.at


async def test_a_dead_redis_is_a_miss_and_comes_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, then left alone; one request tries again after the rest."""
    monkeypatch.setattr(module, "ANSWERS_S", 60.0)
    server, clock = RedisServer(), Hand()
    server.start()
    store = RedisStore(server.url, clock=clock)
    try:
        await put(store, b"k")
        server.kill()
        with caplog.at_level(logging.WARNING):
            for _ in range(5):
                assert await store.get(b"k") is None
        assert (store.failures, len(caplog.records)) == (1, 1)
        assert "pass-word" not in caplog.text
        await put(store, b"k")
        assert store.failures == 1
        server.start()
        assert await store.get(b"k") is None  # still at rest
        clock.at += module.REST_S + 0.1
        assert await store.get(b"k") is None  # it kept nothing over its death
        await put(store, b"k")
        assert await store.get(b"k") == KEPT
        assert await store.clear() == 1
    finally:
        await store.close()
        server.close()


async def test_a_redis_that_hangs_costs_its_time_once(server: RedisServer) -> None:
    """It takes connections and says nothing."""
    clock = Hand()
    store = RedisStore(server.url, clock=clock)
    server.hang()
    try:
        for _ in range(5):
            assert await store.get(b"k") is None
        assert store.failures == 1
    finally:
        server.go_on()
        await store.close()
