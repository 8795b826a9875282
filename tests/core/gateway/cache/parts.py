"""What the cache is handed in tests: requests, readers, and an engine that does as it is told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from core.gateway.body import peek_json
from core.gateway.cache import Answers, CachePolicy, MemoryStore, Store
from core.gateway.cache.flight import ROOM
from core.gateway.hooks import Asked, Fetched, Sink
from core.gateway.routes import Header
from tests.core.gateway.virtual_time import LoopClock

CHAT = b"/v1/chat/completions"
GREEDY = b'{"model":"m","messages":[],"temperature":0}'
JSON_HEAD: list[Header] = [(b"content-type", b"application/json")]
EVENTS_HEAD: list[Header] = [(b"content-type", b"text/event-stream")]
BOTH = CachePolicy(cache=True, ttl_s=60.0, single_flight=True)


def asked(
    body: bytes = GREEDY,
    *,
    path: bytes = CHAT,
    query: bytes = b"",
    key_id: str | None = None,
    headers: Mapping[bytes, bytes] | None = None,
) -> Asked:
    """A request as the hot path describes it."""
    peeked = peek_json(body)
    return Asked(
        name=peeked.model,
        path=path,
        query=query,
        body=peeked,
        key_id=key_id,
        headers=headers or {},
    )


class Client:
    """A sink that remembers; `gate` cleared: it does not read."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.events = False
        self.body = b""
        self.writes = 0
        self.ended = False
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def cache(self) -> bytes:
        """What it was told of the cache."""
        return self.headers.get(b"x-studio-cache", b"")

    def plan(self, status: int, headers: list[Header], *, events: bool) -> None:
        """See `Sink.plan`."""
        self.status, self.headers, self.events = status, dict(headers), events

    async def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        assert not self.ended
        await self.gate.wait()
        self.body += data
        self.writes += 1

    async def finish(self, data: bytes = b"") -> None:
        """See `Sink.finish`."""
        await self.write(data)
        self.ended = True


class Engine:
    """Answers `fetch`; `go`: held back while cleared."""

    def __init__(self, *pieces: bytes, status: int = 200, good: bool = True) -> None:
        self.pieces = pieces or (b'{"a":', b"1}")
        self.status = status
        self.good = good
        self.head = JSON_HEAD
        self.counts: int | None = 5  # None: the answer tells none
        self.error: Exception | None = None
        self.fails_after = 0  # pieces
        self.calls = 0
        self.running = 0
        self.written = 0
        self.pauses_after = 0  # pieces; until `more` is set
        self.paused = asyncio.Event()
        self.more = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def fetch(self, sink: Sink) -> Fetched:
        """As the hot path's fetch does."""
        self.calls += 1
        self.running += 1
        try:
            await self.go.wait()
            if self.error is not None and not self.fails_after:
                raise self.error
            is_stream = self.head is EVENTS_HEAD
            sink.plan(self.status, self.head, events=is_stream)
            for number, piece in enumerate(self.pieces[:-1], 1):
                await sink.write(piece)
                self.written = number
                if self.error is not None and number >= self.fails_after:
                    raise self.error
                if number == self.pauses_after:
                    self.paused.set()
                    await self.more.wait()
            await sink.finish(self.pieces[-1])
            return Fetched(
                good=self.good,
                prompt_tokens=self.counts and 3,
                completion_tokens=self.counts,
                request_id=f"r{self.calls}",
            )
        finally:
            self.running -= 1


def answers(
    policy: CachePolicy | None = BOTH,
    *,
    store: Store | None = None,
    revision: Callable[[str], str | None] = lambda name: "r1",
    room: int = ROOM,
    may_answer: Callable[[Asked], tuple[str, ...]] = lambda asked: (asked.name,),
) -> Answers:
    """A cache in which every model has this policy."""
    return Answers(
        policy_of=lambda name: policy,
        revision_of=revision,
        may_answer=may_answer,
        store=store or MemoryStore(clock=LoopClock(), limit=lambda: 1 << 22),
        room=room,
    )


async def ask(
    cache: Answers,
    fetch: Callable[[Sink], Awaitable[Fetched]],
    request: Asked | None = None,
    client: Client | None = None,
) -> tuple[Client, str]:
    """One request from plan to end: who asked, and how it was served."""
    client = client or Client()
    plan = cache.plan(request or asked())
    assert plan is not None
    served = await cache.serve(plan, client, fetch)
    assert client.ended
    return client, served.kind
