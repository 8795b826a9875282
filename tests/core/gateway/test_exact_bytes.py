"""Bytes from the engine are never altered: whatever the wire does to them on their way.

A real server answers with exactly these bytes in exactly these pieces: chunks that end inside a
character, a separator that is split, bodies without a length, trailers, compressed bodies.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import SystemClock
from core.gateway.answer import answer_of
from core.gateway.connection import HIGH_WATER, LONGEST_HEAD, Connection
from core.gateway.errors import UpstreamLost
from core.gateway.headers import back_from_engine
from core.gateway.paths import ALLOWED
from core.gateway.upstream import Upstream, request_head
from tests.core.gateway.test_usage import split
from tests.core.gateway.tiny_upstream import Received, TinyUpstream, chunk, upstream

HOST = "127.0.0.1"
EVENTS, JSON = b"text/event-stream", b"application/json"
DONE = ALLOWED[b"/v1/chat/completions"].last

text = st.text(alphabet='ab"{}: \\\n\réß€😀', max_size=24)
events = st.lists(text.map(lambda t: f"data: {t}\n\n"), max_size=6).map(
    lambda told: "".join([*told, "data: [DONE]\n\n"]).encode()
)
cuts = st.lists(st.integers(min_value=0), max_size=10)
framings = st.sampled_from(["chunked", "trailers", "length", "close"])
kinds = st.sampled_from([EVENTS, EVENTS + b"; charset=utf-8", JSON, b"audio/mpeg"])


class Scripted:
    """Answers each request with the next of these wires, in its pieces."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.close = False

    async def __call__(self, received: Received, writer: asyncio.StreamWriter) -> None:
        """Write them, each on its own."""
        for piece in self.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if self.close:
            writer.close()


def wire(body: bytes, kind: bytes, framing: str, chunks: list[int], more: bytes = b"") -> bytes:
    """An answer as it goes over the wire."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: " + kind + b"\r\n" + more
    if framing == "close":
        return head + b"\r\n" + body
    if framing == "length":
        return head + b"content-length: %d\r\n\r\n" % len(body) + body
    pieces = [chunk(piece) for piece in split(body, chunks) if piece]
    end = (
        b"0\r\nx-checksum: 1\r\nset-cookie: late\r\n\r\n" if framing == "trailers" else b"0\r\n\r\n"
    )
    return head + b"transfer-encoding: chunked\r\n\r\n" + b"".join(pieces) + end


async def asked(client: Upstream, port: int, body: bytes = b"{}") -> Connection:
    """One request; the answer is still to be read."""
    head = request_head(b"POST", b"/v1/x", HOST, port, [], len(body))
    return await client.request(HOST, port, head, body)


async def passed_on(client: Upstream, port: int, body: bytes = b"{}") -> tuple[Connection, bytes]:
    """What the client gets of the answer; raises UpstreamLost with that on it."""
    connection = await asked(client, port, body)
    answer = answer_of(
        connection.named.get(b"content-type", b""),
        DONE,
        exact=True,
        encoding=connection.named.get(b"content-encoding", b""),
        framed=connection.framed,
    )
    told = b""
    try:
        while piece := await connection.read():
            told += answer.feed(piece)
        told += answer.end()
        assert answer.is_whole()
    except UpstreamLost as lost:
        lost.add_note(repr(told))
        raise
    finally:
        client.done(connection)
    return connection, told


@pytest.fixture
async def scripted() -> AsyncIterator[tuple[TinyUpstream, Scripted, Upstream]]:
    """A server that does as told, and a client."""
    script = Scripted()
    client = Upstream(clock=SystemClock(), called="the engine")
    async with upstream(script) as server:
        yield server, script, client
        client.close()


quick = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Bench = tuple[TinyUpstream, Scripted, Upstream]


@quick
@given(body=events, kind=kinds, framing=framings, chunks=cuts, places=cuts)
async def test_every_byte_arrives_as_it_was_sent(
    scripted: Bench, body: bytes, kind: bytes, framing: str, chunks: list[int], places: list[int]
) -> None:
    """In every framing and cutting, one answer after the other; connections are kept."""
    server, script, client = scripted
    whole = wire(body, kind, framing, chunks)
    script.pieces, script.close = split(whole, places), framing == "close"
    connection, told = await passed_on(client, server.port)
    assert told == body
    assert connection.reusable == (framing != "close")
    assert connection.named.get(b"x-checksum", b"") == b""  # trailers have nowhere to go


@settings(quick, max_examples=60)
@given(body=events, kind=kinds, chunks=cuts, places=cuts, at=st.integers(min_value=0))
async def test_an_answer_that_is_cut_is_told_so_and_exact_up_to_there(
    scripted: Bench, body: bytes, kind: bytes, chunks: list[int], places: list[int], at: int
) -> None:
    """Wherever the wire is cut: never an end, never a byte that was not sent."""
    server, script, client = scripted
    whole = wire(body, kind, "chunked", chunks)
    torn = whole[: at % (len(whole) - 1) + 1]
    script.pieces, script.close = split(torn, places), True
    if torn.endswith(b"\r\n0\r\n\r"):  # all but the very last byte: the parser may know already
        return
    with pytest.raises(UpstreamLost) as lost:
        await passed_on(client, server.port)
    for note in getattr(lost.value, "__notes__", []):
        told = note.encode().decode("unicode_escape")[2:-1].encode("latin-1")
        assert body.startswith(told)


@settings(quick, max_examples=40)
@given(body=events, places=cuts, chunks=cuts)
async def test_what_is_compressed_goes_by_unread(
    scripted: Bench, body: bytes, places: list[int], chunks: list[int]
) -> None:
    """Gzip stays gzip, and says so."""
    server, script, client = scripted
    packed = gzip.compress(body, mtime=0)
    whole = wire(packed, EVENTS, "chunked", chunks, b"content-encoding: gzip\r\n")
    script.pieces, script.close = split(whole, places), False
    connection, told = await passed_on(client, server.port)
    assert told == packed
    assert (b"content-encoding", b"gzip") in back_from_engine(connection.headers)


@pytest.mark.parametrize("first", [b"100 Continue", b"103 Early Hints\r\nlink: </x>"])
async def test_what_is_announced_is_not_the_answer(scripted: Bench, first: bytes) -> None:
    """Nor are its headers."""
    server, script, client = scripted
    script.pieces = [b"HTTP/1.1 " + first + b"\r\n\r\n", wire(b"{}", JSON, "length", [])]
    connection, told = await passed_on(client, server.port)
    assert (connection.status, told) == (200, b"{}")
    assert not connection.named.get(b"link", b"")
    assert connection.reusable


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_without_a_body_is_complete(scripted: Bench, status: bytes) -> None:
    """At once, whatever length it tells, and the connection serves again."""
    server, script, client = scripted
    script.pieces = [b"HTTP/1.1 " + status + b"\r\netag: x\r\n\r\n"]
    for _ in range(2):
        connection, told = await passed_on(client, server.port)
        assert told == b""
        assert connection.reusable
    assert server.connections == 1


async def test_headers_keep_their_order_and_their_doubles(scripted: Bench) -> None:
    """Many, long, and twice the same."""
    server, script, client = scripted
    many = [(b"x-%d" % n, b"v" * 500) for n in range(100)]
    told = [(b"warning", b"1"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), *many]
    told.append((b"warning", b"2"))
    more = b"".join(name + b": " + value + b"\r\n" for name, value in told)
    script.pieces = split(wire(b"{}", JSON, "length", [], more), [100, 3000, 3001])
    connection, _ = await passed_on(client, server.port)
    assert [h for h in connection.headers if h in told] == told
    back = [h for h in back_from_engine(connection.headers) if h in told]
    assert back == [h for h in told if h[0] != b"set-cookie"]


async def test_headers_without_end_are_given_up(scripted: Bench) -> None:
    """Memory stays bounded there too."""
    server, script, client = scripted
    script.pieces = [b"HTTP/1.1 200 OK\r\nx: ", *[b"y" * 65536] * (LONGEST_HEAD // 65536 + 1)]
    with pytest.raises(UpstreamLost, match="headers of the engine"):
        await asked(client, server.port)


async def test_a_second_answer_does_not_replace_the_first(scripted: Bench) -> None:
    """Nobody asked for it; the connection is not used again."""
    server, script, client = scripted
    script.pieces = [wire(b"{}", JSON, "length", []) + b"HTTP/1.1 500 No\r\nx: y\r\n\r\n"]
    connection, told = await passed_on(client, server.port)
    assert (connection.status, told) == (200, b"{}")
    assert not connection.reusable


async def test_an_engine_that_closes_its_side_first_is_heard_to_the_end(scripted: Bench) -> None:
    """Half-closed: the answer is whole, the next request takes another connection."""
    server, script, client = scripted
    script.pieces, script.close = [wire(b'{"a":1}', JSON, "length", [])], True
    assert (await passed_on(client, server.port))[1] == b'{"a":1}'
    script.close = False
    assert (await passed_on(client, server.port))[1] == b'{"a":1}'
    assert server.connections == 2


async def test_a_large_answer_takes_little_memory(scripted: Bench) -> None:
    """The engine waits for a slow reader."""
    server, script, client = scripted
    megabyte = b"x" * 1_000_000
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n"
    script.pieces = [head, *[megabyte] * 200]
    connection = await asked(client, server.port)
    total = most = 0
    while piece := await connection.read():
        total += len(piece)
        most = max(most, len(piece))
        assert piece.count(b"x") == len(piece)
    client.done(connection)
    assert total == 200_000_000
    assert most < HIGH_WATER + 1_000_000


async def test_a_large_request_arrives_whole(scripted: Bench) -> None:
    """Fifty megabytes, and again on the same connection."""
    server, script, client = scripted
    script.pieces = [wire(b"{}", JSON, "length", [])]
    body = bytes(range(256)) * 195_312
    for _ in range(2):
        await passed_on(client, server.port, body)
    assert all(received.body == body for received in server.received)
    assert server.connections == 1
