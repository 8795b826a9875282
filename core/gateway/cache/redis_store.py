"""Answers kept in Redis, shared by every studio that is given the same one.

Redis is a help and never a need: it gets fifty milliseconds, and after a failure it is left alone
for some seconds. What it does not answer in time is a miss.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.clock import Clock
from core.gateway.cache.stored import Stored

NAMESPACE = b"vllm-studio:answer:"
ANSWERS_S = 0.05  # on the hot path
SWEEPS_S = 10.0  # when a person waits: count, forget
REST_S = 5.0  # after a failure
LARGEST = 4 * 1024 * 1024
MOST_WRITES = 64  # under way at once; further answers are not kept
BATCH = 500

log = logging.getLogger(__name__)
T = TypeVar("T")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Stored)


class RedisStore:
    """Answers in a namespace of their own, each with its time to live. Loop-bound."""

    def __init__(self, url: str, *, clock: Clock) -> None:
        self._clock = clock
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=SWEEPS_S,
            socket_connect_timeout=1.0,
            retry=Retry(NoBackoff(), 0),
        )
        self._rests_until = 0.0
        self._writes: set[asyncio.Task[None]] = set()
        self.failures = 0

    @property
    def largest(self) -> int:
        """See `Store.largest`."""
        return LARGEST

    async def get(self, key: bytes) -> Stored | None:
        """See `Store.get`."""
        data = await self._asked(lambda: self._redis.get(_name(key)))
        if not isinstance(data, bytes):
            return None
        try:
            return _decoder.decode(data)
        except msgspec.MsgspecError:
            return None  # another version's

    def put(self, key: bytes, answer: Stored, ttl_s: float) -> None:
        """See `Store.put`."""
        if answer.size <= LARGEST:
            self._soon(self._written(key, answer, max(1, round(ttl_s * 1000))))

    def recount(self, key: bytes, prompt: int | None, completion: int | None) -> None:
        """See `Store.recount`."""
        self._soon(self._recounted(key, prompt, completion))

    async def clear(self) -> int:
        """See `Store.clear`."""
        count = 0
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(SWEEPS_S):
                async for keys in self._batches():
                    count += await self._redis.unlink(*keys)
        return count

    async def size(self) -> tuple[int, int | None]:
        """See `Store.size`."""
        count = 0
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(SWEEPS_S):
                async for keys in self._batches():
                    count += len(keys)
        return count, None

    async def close(self) -> None:
        """What is being written is written, or given up; no connection is left."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=1.0)
        for task in self._writes:
            task.cancel()
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    def _soon(self, writing: Coroutine[Any, Any, None]) -> None:
        if len(self._writes) >= MOST_WRITES:
            writing.close()
            return
        task = asyncio.create_task(writing)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _recounted(self, key: bytes, prompt: int | None, completion: int | None) -> None:
        answer = await self.get(key)
        if answer is not None:
            counted = replace(answer, prompt_tokens=prompt, completion_tokens=completion)
            data = _encoder.encode(counted)
            await self._asked(lambda: self._redis.set(_name(key), data, xx=True, keepttl=True))

    async def _written(self, key: bytes, answer: Stored, ttl_ms: int) -> None:
        data = _encoder.encode(answer)
        await self._asked(lambda: self._redis.set(_name(key), data, px=ttl_ms))

    async def _asked(self, command: Callable[[], Awaitable[T]]) -> T | None:
        """Its answer, or None when there is none in time. Never raises.

        While it rests nobody asks; then one tries for all.
        """
        now = self._clock.monotonic()
        tries = bool(self._rests_until)
        if now < self._rests_until:
            return None
        if tries:
            self._rests_until = now + REST_S
        try:
            async with asyncio.timeout(ANSWERS_S):
                answer = await command()
        except (RedisError, OSError, TimeoutError) as problem:
            self._failed(problem)
            return None
        if tries:
            log.info("Redis answers again")
        self._rests_until = 0.0
        return answer

    def _failed(self, problem: Exception) -> None:
        self.failures += 1
        if not self._rests_until:
            log.warning(
                "Redis does not answer, so answers are not cached: %s", type(problem).__name__
            )
        self._rests_until = self._clock.monotonic() + REST_S

    async def _batches(self) -> AsyncIterator[list[bytes]]:
        batch: list[bytes] = []
        async for key in self._redis.scan_iter(match=NAMESPACE + b"*", count=BATCH):
            batch.append(key)
            if len(batch) >= BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


def _name(key: bytes) -> bytes:
    return NAMESPACE + key.hex().encode()
