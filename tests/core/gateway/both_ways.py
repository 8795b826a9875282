"""Requests by both ways, straight and long: what comes of them, held against each other."""

import asyncio
import contextlib
import gzip
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec

from core.gateway.body import Body
from core.gateway.hooks import Lanes
from core.keys.errors import RateLimited
from core.keys.gate import Passed
from events.facts.usage import RequestFinished
from tests.core.gateway.bench import CHAT, Bench, bench
from tests.core.gateway.tiny_upstream import (
    LAST_CHUNK,
    STREAM_HEAD,
    Answering,
    Received,
    TinyUpstream,
    chunk,
    json_answer,
    stream_answer,
    until,
    upstream,
)

COMPLETION = b'{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":5}}'
SAID = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
COUNTS = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"
FAILED = b'data: {"error":{"message":"out of memory"}}\n\n'
ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
LANES = ("direct", "gateway")  # to the same engine: what it says is what LiteLLM says, too
ROUTE = ("filter", "price", "concurrency", "lane", "direct")  # what a test may say of the route
TIMES = ("wait_ms", "ttft_ms", "itl_ms", "duration_ms")


class Gate:
    """A key's limits: so many requests, and what they are told of it."""

    asks_others = False

    def __init__(self, most: int = 1000, *, forbids: str = "") -> None:
        self.left = most
        self.forbids = forbids
        self.running: set[str] = set()

    def demand(self, key_id: str | None, *, name: str, path: bytes) -> None:
        """Some models are not for everybody."""
        if name == self.forbids:
            raise RateLimited("not this one", limit="requests", retry_after=9)

    def permits(self, key_id: str | None, name: str) -> bool:
        """All but one."""
        return name != self.forbids

    def lanes(self, key_id: str | None) -> Lanes:
        """Any."""
        return Lanes()

    def admit(self, key_id: str | None, request_id: str, body: Body) -> Passed:
        """One less."""
        if not self.left:
            raise RateLimited(
                "enough", limit="requests", retry_after=7, headers=((b"x-ratelimit-of", b"us"),)
            )
        self.left -= 1
        self.running.add(request_id)
        return Passed(headers=((b"x-ratelimit-remaining-requests", b"%d" % self.left),))

    async def enter(self, key_id: str | None, request_id: str, body: Body) -> Passed:
        """The same."""
        return self.admit(key_id, request_id, body)

    def leave(self, request_id: str) -> None:
        """It is over."""
        self.running.discard(request_id)

    def settle(self, fact: RequestFinished) -> None:
        """Nothing follows."""


class Client:
    """One connection, looked at byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, made: Bench) -> "Client":
        """Connected."""
        client = cls(*await asyncio.open_connection("127.0.0.1", made.port))
        made.leaving.append(client.leaves)
        return client

    async def asks(self, wire: bytes, cuts: Sequence[int] = ()) -> None:
        """Write a request, in pieces."""
        at = 0
        for cut in (*sorted({cut % len(wire) for cut in cuts}), len(wire)):
            self.writer.write(wire[at:cut])
            await self.writer.drain()
            await asyncio.sleep(0.001)
            at = cut

    async def hears(self) -> tuple[bytes, bytes, bool]:
        """Head, body without its chunks, and whether the answer was whole."""
        head, body = await self.reader.readuntil(b"\r\n\r\n"), b""
        told = re.search(rb"content-length: (\d+)", head)
        try:
            if b"\r\ntransfer-encoding: chunked" not in head:
                return head, await self.reader.readexactly(int(told[1]) if told else 0), True
            while size := int((await self.reader.readuntil(b"\r\n")).strip(), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
        except asyncio.IncompleteReadError as error:
            return head, body or error.partial, False
        except ConnectionError:
            return head, body, False
        return head, body, True

    def leaves(self) -> None:
        """Without a word."""
        self.writer.transport.abort()


def wire(
    body: bytes | None = None,
    *,
    headers: Sequence[str] = (),
    path: str = "/v1/chat/completions",
    first: str = "",
    **fields: Any,
) -> bytes:
    """A request as it goes over the wire."""
    data = json.dumps({**CHAT, **fields}).encode() if body is None else body
    lines = (
        first or f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers,
        f"Content-Length: {len(data)}",
    )  # fmt: skip
    return "\r\n".join((*lines, "\r\n")).encode() + data


Scenario = Callable[[Bench, TinyUpstream], Awaitable[Any]]


def same(fact: RequestFinished) -> RequestFinished:
    """Without what differs from run to run."""
    known = {name: None if getattr(fact, name) is None else 1.0 for name in TIMES}
    known = {"duration_ms": 1.0, "wait_ms": 0.0, **{n: known[n] for n in ("ttft_ms", "itl_ms")}}
    return msgspec.structs.replace(fact, request_id="", **known)


def masked(told: Any) -> Any:
    """Without ids."""
    if isinstance(told, bytes):
        return ID.sub(b"ID", told)
    if isinstance(told, tuple | list):
        return tuple(map(masked, told))
    return told


async def warmed(made: Bench, engine: TinyUpstream, answering: Answering) -> None:
    """There is an open connection to the engine, which answers like this from now on."""
    before, straight = len(made.facts), made.goes_straight
    asked = len(engine.received)
    engine.answering, made.goes_straight = json_answer(COMPLETION), False
    client = await Client.to(made)
    await client.asks(wire())
    await client.hears()
    client.leaves()
    await until(lambda: len(made.facts) > before and not made.proxy.calls.all())
    del made.facts[before:], engine.received[asked:]
    engine.answering, made.goes_straight = answering, straight


@contextlib.asynccontextmanager
async def warm(
    answering: Answering, *, straight: bool, **more: Any
) -> AsyncIterator[tuple[Bench, TinyUpstream]]:
    """A proxy that has an open connection to its engine, which answers like this from now on."""
    route = {name: more.pop(name) for name in ROUTE if name in more}
    async with upstream(json_answer(COMPLETION)) as engine, bench(**more) as made:
        made.serve_directly(engine.port, gateway_port=engine.port, **route)
        made.goes_straight = straight
        await warmed(made, engine, answering)
        assert made.went_straight == 0
        try:
            yield made, engine
        finally:
            for leave in made.leaving:
                leave()


async def both(
    scenario: Scenario,
    answering: Answering,
    *,
    straight: int = 1,
    gate: Callable[[], Gate] | None = None,
    **more: Any,
) -> Any:
    """What comes of it, the same by both ways; `straight`: how many requests can go straight."""
    results = []
    for way in (False, True):
        if gate is not None:
            more["gate"] = gate()
        async with warm(answering, straight=way, **more) as (made, engine):
            told = await scenario(made, engine)
            await until(lambda: not made.proxy.calls.all())
            await asyncio.sleep(0.01)
            got = [(one.head, masked_headers(one), one.body) for one in engine.received]
            assert made.went_straight == (straight if way else 0)
            assert made.inflight.total == 0
            assert gate is None or not more["gate"].running
            results.append((masked(told), got, [same(fact) for fact in made.facts]))
    assert results[0] == results[1]
    return results[1][0], results[1][2]


def masked_headers(received: Received) -> dict[str, str]:
    """Without ids and ports."""
    told = {n: ID.sub(b"ID", v.encode()).decode() for n, v in received.headers.items()}
    return told | {"host": "engine"}


def asking(request: bytes, cuts: Sequence[int] = ()) -> Scenario:
    """One client, one request, its answer."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        await client.asks(request, cuts)
        told = await client.hears()
        client.leaves()
        return told

    return scenario


def raw(*pieces: bytes, close: bool = False) -> Answering:
    """Exactly these bytes, then perhaps the end."""

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        if close:
            writer.close()

    return answer


def headed(body: bytes, *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer with a length."""
    length = b"content-length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 " + status, *lines, length, b"", body))


JSON, EVENTS = b"content-type: application/json", b"content-type: text/event-stream"
ZIPPED = gzip.compress(COMPLETION, mtime=0)
ANSWERS = {
    "json": json_answer(COMPLETION),
    "refused": json_answer(b'{"error":{"message":"no"}}', "400 Bad Request"),
    "busy": json_answer(b'{"error":{"message":"later"}}', "429 Too Many Requests"),
    "failed": json_answer(b'{"error":{"message":"oh"}}', "500 Internal Server Error"),
    "stream": stream_answer(SAID, SAID, COUNTS, DONE),
    "stream without counts": stream_answer(SAID, SAID, DONE),
    "stream in one piece": raw(STREAM_HEAD + chunk(SAID + COUNTS + DONE) + LAST_CHUNK),
    "stream with a length": raw(headed(SAID + DONE, EVENTS)),
    "stream that tells of an error": stream_answer(SAID, FAILED, DONE),
    "stream that breaks off": raw(STREAM_HEAD, chunk(SAID), close=True),
    "stream that breaks off in an event": raw(STREAM_HEAD, chunk(SAID + SAID[:9]), close=True),
    "json that breaks off": raw(headed(COMPLETION, JSON)[:-9], close=True),
    "large json that breaks off": raw(headed(b"[" + b"1," * 700_000, JSON)[:-9], close=True),
    "large json": raw(headed(b"[" + b"1," * 700_000 + b"1]", JSON)),
    "nothing": raw(close=True),
    "half a head": raw(b"HTTP/1.1 200 OK\r\ncontent-t", close=True),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n", close=True),
    "zipped": raw(headed(ZIPPED, JSON, b"content-encoding: gzip")),
    "sound": raw(headed(bytes(range(256)) * 9, b"content-type: audio/mpeg")),
    "no content": raw(b"HTTP/1.1 204 No Content\r\netag: x\r\n\r\n"),
    "no length": raw(b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\n\r\n" + COMPLETION, close=True),
    "early hints": raw(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + headed(COMPLETION, JSON)),
    "trailers": raw(
        b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\ntransfer-encoding: chunked\r\n\r\n",
        chunk(COMPLETION) + b"0\r\nx-sum: 1\r\n\r\n",
    ),
    "an engine that says close": raw(headed(COMPLETION, JSON, b"connection: close"), close=True),
    "headers twice": raw(headed(COMPLETION, JSON, b"warning: 1", b"x-y: a:b,c", b"warning: 2")),
    "no reason": raw(headed(COMPLETION, JSON, status=b"299")),
}
REQUESTS = {
    "plain": wire(),
    "stream": wire(stream=True),
    "stream with counts": wire(stream=True, stream_options={"include_usage": True}),
    "alias": wire(model="alias", big=12345678901234567890123),
    "thought": wire(messages=[{"role": "assistant", "reasoning": "hm", "content": "x"}]),
    "query": wire(path="/v1/chat/completions?a=%2Fb&c"),
    "headers": wire(headers=("X-Studio-TTL: 60", "User-Agent: x", "traceparent: 1", "x: y")),
    "closes": wire(headers=("Connection: close",)),
    "stream and close": wire(headers=("Connection: close",), stream=True),
    "anthropic": wire(path="/v1/messages", max_tokens=3),
}
