"""What goes straight, and what goes the long way, can not be told apart: both are tried and held
against each other, byte for byte and fact for fact.
"""

import asyncio
import contextlib
import gzip
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.gateway.body import Body, Filter
from core.gateway.hooks import Lanes
from core.gateway.routes import RouteTable
from core.keys.errors import RateLimited
from core.keys.gate import Passed
from core.recipes.recipe import Price
from events.facts.usage import RequestFinished
from tests.core.gateway.bench import CHAT, Bench, bench
from tests.core.gateway.tiny_upstream import (
    LAST_CHUNK,
    STREAM_HEAD,
    Answering,
    Received,
    TinyUpstream,
    chunk,
    endless_stream,
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


@contextlib.asynccontextmanager
async def warm(
    answering: Answering, *, straight: bool, **more: Any
) -> AsyncIterator[tuple[Bench, TinyUpstream]]:
    """A proxy that has an open connection to its engine, which answers like this from now on."""
    route = {name: more.pop(name) for name in ("filter", "price", "concurrency") if name in more}
    async with upstream(json_answer(COMPLETION)) as engine, bench(**more) as made:
        made.serve_directly(engine.port, gateway_port=engine.port, **route)
        client = await Client.to(made)
        await client.asks(wire())
        await client.hears()
        client.leaves()
        await until(lambda: made.facts)
        assert made.went_straight == 0
        made.facts.clear()
        engine.received.clear()
        engine.answering, made.goes_straight = answering, straight
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


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("request_", ["plain", "stream and close"])
async def test_every_answer_comes_back_the_same(request_: str, answer: str) -> None:
    """Whole, failed, torn, compressed, without a length, …"""
    await both(asking(REQUESTS[request_]), ANSWERS[answer])


@pytest.mark.parametrize("request_", REQUESTS)
async def test_every_request_goes_on_the_same(request_: str) -> None:
    """And its answer is told the same, and recorded."""
    price = Price(input_per_million=1e6, output_per_million=2e6)
    through = Filter.of(["big"], {"temperature": 0})
    ways: tuple[dict[str, Any], ...] = ({}, {"filter": through, "price": price})
    for more in ways:
        await both(asking(REQUESTS[request_]), ANSWERS["json"], **more)


async def test_what_it_looks_like() -> None:
    """One of these answers, for people."""
    (head, body, _), (fact,) = await both(asking(wire()), ANSWERS["json"], key_id="k", gate=Gate)
    assert head == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 63\r\n"
        b"x-request-id: ID\r\nx-accel-buffering: no\r\nx-ratelimit-remaining-requests: 998\r\n"
        b"x-studio-lane: direct\r\n\r\n"
    )
    assert body == COMPLETION
    assert (fact.outcome, fact.lane, fact.actor) == ("ok", "direct", "key:k")


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    request_cuts=st.lists(st.integers(min_value=1), max_size=4),
    answer_cuts=st.lists(st.integers(min_value=1), max_size=6),
    stream=st.booleans(),
)
def test_it_does_not_matter_how_bytes_are_cut(
    request_cuts: list[int], answer_cuts: list[int], stream: bool
) -> None:
    """Neither the client's nor the engine's."""
    events = STREAM_HEAD + b"".join(map(chunk, (SAID, SAID, COUNTS, DONE))) + LAST_CHUNK
    whole = events if stream else headed(COMPLETION, JSON)
    places = [0, *sorted({cut % len(whole) for cut in answer_cuts}), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(places) if b > a]
    (_, body, ended), (fact,) = asyncio.run(
        both(asking(wire(stream=stream), request_cuts), raw(*pieces))
    )
    assert (body, ended) == ((SAID + SAID + DONE) if stream else COMPLETION, True)
    assert (fact.prompt_tokens, fact.completion_tokens) == (3, 1 if stream else 5)


# ---- who ends it, and when ----------------------------------------------------------------------


async def test_a_client_that_leaves_before_and_during_an_answer() -> None:
    """The engine hears of it; the record says who left."""

    async def before(made: Bench, engine: TinyUpstream) -> None:
        client = await Client.to(made)
        await client.asks(wire())
        await until(lambda: engine.received)
        client.leaves()
        await until(lambda: engine.received[0].left)

    async def during(made: Bench, engine: TinyUpstream) -> None:
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await client.reader.readuntil(b"data: {}")
        client.leaves()
        await until(lambda: engine.received[0].left)

    async def never(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    for scenario, answering in ((before, never), (during, endless_stream())):
        _, (fact,) = await both(scenario, answering)
        assert fact.outcome == "client_gone"


@pytest.mark.parametrize("who", ["calls", "inflight", "cut", "end_all"])
@pytest.mark.parametrize("begun", [False, True])
async def test_a_request_that_is_ended_here_is_told_so(who: str, begun: bool) -> None:
    """By its id, by a switch, by the end of the studio; before its first byte or after."""

    async def never(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await until(lambda: engine.received)
        if begun:
            await client.reader.readuntil(b"data: {}\n\n\r\n")
        (call,) = made.proxy.calls.all()
        assert (call.state, call.model, call.stream) == ("running", "m", True)
        match who:
            case "calls":
                assert made.proxy.calls.cancel(call.request_id)
            case "inflight":
                assert made.inflight.cancel(call.request_id)
            case "cut":
                assert made.inflight.cut(["r"]) == 1
            case _:
                assert made.inflight.end_all() == 1
        assert await made.inflight.drained(["r"], timeout_s=5)
        rest = await client.reader.readuntil(b"0\r\n\r\n" if begun else b"}}")
        client.leaves()
        await until(lambda: engine.received[0].left)
        return rest[rest.index(b"error") :]

    _, (fact,) = await both(scenario, endless_stream() if begun else never)
    assert fact.outcome == "cancelled"


async def test_a_revoked_key_lets_an_answer_run() -> None:
    """And a drain waits for it."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await client.reader.readuntil(b"data: {}")
        draining = asyncio.create_task(made.inflight.drained(["r"], timeout_s=5))
        made.routes.replace(RouteTable({}))
        assert made.proxy.calls.end_of_key("k") == 0
        await asyncio.sleep(0.02)
        assert not draining.done()
        client.leaves()
        assert await draining

    await both(scenario, endless_stream(), key_id="k")


# ---- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_limits_are_told_the_same(path: str) -> None:
    """What is left, and that nothing is."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        told = []
        for _ in range(3):
            await client.asks(wire(path=path))
            told.append(await client.hears())
        client.leaves()
        return told

    told, facts = await both(
        scenario, ANSWERS["json"], straight=3, key_id="k", gate=lambda: Gate(3)
    )
    assert [head[9:12] for head, _, _ in told] == [b"200", b"200", b"429"]
    assert [fact.outcome for fact in facts] == ["ok", "ok", "rejected"]


async def test_a_recipes_limit_is_told_the_same() -> None:
    """One runs; the next is one too many."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        first = await Client.to(made)
        await first.asks(wire(stream=True))
        await first.reader.readuntil(b"data: {}")
        second = await Client.to(made)
        await second.asks(wire())
        told = await second.hears()
        first.leaves()
        second.leaves()
        return told

    (head, _, _), _ = await both(scenario, endless_stream(), straight=1, concurrency=1)
    assert head.startswith(b"HTTP/1.1 429")


# ---- connections --------------------------------------------------------------------------------


async def test_a_connection_that_the_engine_let_go_of_costs_no_request() -> None:
    """It is sent once more on a fresh one, in a task, and can still be ended and left."""
    asked = []

    async def once_deaf(received: Received, writer: asyncio.StreamWriter) -> None:
        asked.append(received.connection)
        if len(asked) % 2:
            writer.transport.abort()
        else:
            await json_answer(COMPLETION)(received, writer)

    (head, body, _), (fact,) = await both(asking(wire()), once_deaf)
    assert (head[9:12], body, fact.outcome) == (b"200", COMPLETION, "ok")
    assert asked[0] != asked[1]


async def test_a_client_that_reads_slowly_slows_the_engine() -> None:
    """Nothing is lost, and memory holds little of it."""
    written = 0

    async def much(received: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(STREAM_HEAD)
        for _ in range(400):
            writer.write(chunk(b"data: " + b"x" * 65_000 + b"\n\n"))
            await writer.drain()
            written += 1
        writer.write(chunk(DONE) + LAST_CHUNK)

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        nonlocal written
        written = 0
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await asyncio.sleep(0.3)
        assert written < 300
        head, body, whole = await client.hears()
        client.leaves()
        return head, len(body), whole

    (_, size, whole), _ = await both(scenario, much)
    assert (size, whole) == (400 * 65_008 + len(DONE), True)


async def test_many_requests_on_one_connection_one_after_the_other() -> None:
    """Some go straight, some do not; each gets its own answer, in order."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        told = []
        for request in (wire(), wire(b"{"), wire(stream=True), wire(path="/v1/x"), wire()):
            await client.asks(request)
            told.append(await client.hears())
        await client.asks(wire() + wire(b"[]") + wire())  # and three at once
        told += [await client.hears() for _ in range(3)]
        client.leaves()
        return told

    told, _ = await both(scenario, ANSWERS["json"], straight=4)
    assert [int(head[9:12]) for head, _, _ in told] == [200, 400, 200, 404, 200, 200, 400, 200]


# ---- what does not go straight ------------------------------------------------------------------


CHUNKED = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    + chunk(json.dumps(CHAT).encode())
    + LAST_CHUNK
)


@pytest.mark.parametrize(
    ("request_", "straight"),
    [
        (CHUNKED, 1),
        (wire(first="POST /v1/chat/completions HTTP/1.0"), 0),
        (wire(first="GET /v1/chat/completions HTTP/1.1"), 0),
        (wire(headers=("Expect: 100-continue",)), 0),
        (wire(path="/v1/chat%2Fcompletions"), 0),
        (wire(path="/v1/audio/transcriptions"), 0),
        (wire(path="/v1/chat/completions#x"), 0),
        (wire(b"nonsense"), 0),
        (wire(api_base="http://x"), 0),
        (wire(model="forbidden"), 0),
        (wire(model=""), 0),
        (wire(headers=("x-studio-lane: sideways",)), 0),
        (wire(headers=("x-studio-ttl: soon",)), 0),
        (wire(thinking={}), 0),
        (wire(user="x" * 300_000), 0),
        (wire(user="x" * 2_000_000), 0),
        (b"", 0),
    ],
)
async def test_what_is_not_so_simple_goes_the_long_way(request_: bytes, straight: int) -> None:
    """As if nothing had been."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        await client.asks(request_ or wire()[:-9])
        if not request_:  # it leaves while it still sends
            await asyncio.sleep(0.05)
            client.leaves()
            await until(lambda: made.facts)
            return None
        told = await client.hears()
        client.leaves()
        return told

    await both(
        scenario,
        ANSWERS["json"],
        straight=straight,
        gate=lambda: Gate(forbids="forbidden"),
        key_id="k",
        max_body=1_000_000,
    )


async def test_a_body_that_does_not_come_is_listed_and_can_be_ended() -> None:
    """After a moment it goes the long way, where it is seen to be still reading."""
    async with warm(ANSWERS["json"], straight=True) as (made, _):
        client = await Client.to(made)
        await client.asks(wire()[:-9])
        await until(made.proxy.calls.all)
        (call,) = made.proxy.calls.all()
        assert call.state == "reading"
        await client.asks(wire()[-9:])
        assert (await client.hears())[1] == COMPLETION
        client.leaves()


async def test_a_server_that_stops_lets_it_end() -> None:
    """Its connection closes after its answer."""
    go_on = asyncio.Event()

    async def later(received: Received, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        await json_answer(COMPLETION)(received, writer)

    async with warm(later, straight=True) as (made, engine):
        client = await Client.to(made)
        await client.asks(wire())
        await until(lambda: engine.received)
        assert made.went_straight == 1
        for connection in made.connections():
            connection.shutdown()
        go_on.set()
        head, body, _ = await client.hears()
        assert body == COMPLETION
        assert b"connection: close" in head
        assert await client.reader.read() == b""


async def test_no_connection_no_straight_way() -> None:
    """The first request to an engine makes one, in its task."""
    async with upstream(json_answer(COMPLETION)) as engine, bench() as made:
        made.serve_directly(engine.port)
        for n in range(3):
            client = await Client.to(made)
            await client.asks(wire())
            assert (await client.hears())[1] == COMPLETION
            client.leaves()
            await until(lambda: not made.proxy.calls.all())
            assert made.went_straight == n
        assert engine.connections == 1
