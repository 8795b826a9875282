"""The client that talks to LiteLLM, against a real server."""

import asyncio

import pytest

from core.gateway.connection import HIGH_WATER, Connection
from core.gateway.errors import UpstreamLost
from core.gateway.upstream import Upstream, request_head
from tests.core.gateway.tiny_upstream import (
    STREAM_HEAD,
    Received,
    chunk,
    endless_stream,
    json_answer,
    nobody,
    stream_answer,
    until,
    upstream,
)

HOST = "127.0.0.1"


class HeldClock:
    """Time that passes when told to."""

    seconds = 0.0

    def now(self) -> int:
        """Microseconds."""
        return int(self.seconds * 1e6)

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds


async def asked(client: Upstream, port: int, body: bytes = b"{}") -> Connection:
    """One request; the answer is still to be read."""
    head = request_head(b"POST", b"/v1/x", HOST, port, [(b"x-test", b"1")], len(body))
    return await client.request(HOST, port, head, body)


async def whole(client: Upstream, port: int) -> bytes:
    """One request and its whole answer."""
    connection = await asked(client, port)
    answer = b""
    while piece := await connection.read():
        answer += piece
    client.done(connection)
    return answer


async def test_connections_are_used_again() -> None:
    """A second request does not open a second connection."""
    client = Upstream(clock=HeldClock())
    async with upstream(json_answer(b"{}")) as server:
        for _ in range(3):
            assert await whole(client, server.port) == b"{}"
        assert server.connections == 1
        assert server.received[0].headers["x-test"] == "1"
        client.close()


async def test_a_connection_idle_too_long_is_not_trusted() -> None:
    """The other side may be closing it this very moment."""
    clock = HeldClock()
    client = Upstream(clock=clock, idle_s=30.0)
    async with upstream(json_answer(b"{}")) as server:
        await whole(client, server.port)
        clock.seconds = 31.0
        await whole(client, server.port)
        assert server.connections == 2
        client.close()


async def test_a_connection_that_is_announced_is_there_a_moment_later() -> None:
    """Nobody counts on one whose time is up before it is wanted."""
    clock = HeldClock()
    client = Upstream(clock=clock, idle_s=30.0)
    async with upstream(json_answer(b"{}")) as server:
        await whole(client, server.port)
        clock.seconds = 29.0
        assert client.has_idle(HOST, server.port)
        clock.seconds = 30.0
        assert not client.has_idle(HOST, server.port)
        client.close()


async def test_a_stale_connection_is_replaced_once_before_any_answer_byte() -> None:
    """Closed just as it was used: sent once more on a fresh one, and nobody notices."""
    answers = iter([json_answer(b"1"), None, json_answer(b"2")])

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        answer = next(answers)
        if answer is None:
            writer.transport.abort()
        else:
            await answer(received, writer)

    client = Upstream(clock=HeldClock())
    async with upstream(answering) as server:
        assert await whole(client, server.port) == b"1"
        assert await whole(client, server.port) == b"2"
        assert [r.connection for r in server.received] == [1, 1, 2]
        client.close()


async def test_nothing_is_sent_twice_once_a_byte_has_come_back() -> None:
    """Half a status line is an answer that began."""
    first = [json_answer(b"1")]

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        if first:
            await first.pop()(received, writer)
            return
        writer.write(b"HTTP/1.1 200")
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.close()

    client = Upstream(clock=HeldClock())
    async with upstream(answering) as server:
        await whole(client, server.port)
        with pytest.raises(UpstreamLost):
            await whole(client, server.port)
        assert len(server.received) == 2


async def test_a_fresh_connection_that_breaks_is_not_tried_again() -> None:
    """That is no stale connection, that is a gateway that died with the request."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with upstream(answering) as server:
        with pytest.raises(UpstreamLost) as lost:
            await whole(Upstream(clock=HeldClock()), server.port)
        assert len(server.received) == 1
        assert not lost.value.unsent


async def test_a_refused_connection_is_known_as_unsent() -> None:
    """So the caller may wait for the gateway and send it then."""
    with nobody() as port, pytest.raises(UpstreamLost) as lost:
        await whole(Upstream(clock=HeldClock()), port)
    assert lost.value.unsent


async def test_a_truncated_answer_is_an_error_not_an_end() -> None:
    """Chunked, or with a length: either way it is noticed."""
    for head in (
        STREAM_HEAD + chunk(b"data: 1\n\n"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
    ):

        async def answering(
            received: Received, writer: asyncio.StreamWriter, head: bytes = head
        ) -> None:
            writer.write(head)
            await writer.drain()
            writer.close()

        async with upstream(answering) as server:
            with pytest.raises(UpstreamLost):
                await whole(Upstream(clock=HeldClock()), server.port)


async def test_an_answer_that_ends_with_its_connection_is_whole() -> None:
    """HTTP/1.0's way."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        await writer.drain()
        writer.close()

    async with upstream(answering) as server:
        assert await whole(Upstream(clock=HeldClock()), server.port) == b"all of it"


async def test_announcements_are_passed_over() -> None:
    """100 Continue is not the answer."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await json_answer(b"real")(received, writer)

    async with upstream(answering) as server:
        assert await whole(Upstream(clock=HeldClock()), server.port) == b"real"


async def test_what_is_not_http_is_an_error() -> None:
    """Another program on the port."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await writer.drain()

    async with upstream(answering) as server:
        with pytest.raises(UpstreamLost, match="HTTP"):
            await whole(Upstream(clock=HeldClock()), server.port)


async def test_a_reader_that_does_not_keep_up_slows_the_sender() -> None:
    """Memory stays bounded however fast the engine is."""
    async with upstream(endless_stream(b"x" * 65536)) as server:
        connection = await asked(Upstream(clock=HeldClock()), server.port)
        await until(lambda: connection._paused)
        assert connection._size < HIGH_WATER + 1_000_000
        assert len(await connection.read()) > HIGH_WATER
        assert await connection.read()
        connection.abort()


async def test_a_cancelled_request_lets_go_of_its_connection() -> None:
    """The other side sees a hang-up, and stops working."""
    forever = asyncio.Event()

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        await forever.wait()

    async with upstream(answering) as server:
        task = asyncio.create_task(whole(Upstream(clock=HeldClock()), server.port))
        await until(lambda: server.received)
        task.cancel()
        await until(lambda: server.received[0].left)


async def test_an_unread_answer_is_not_left_for_the_next_request() -> None:
    """A connection is only kept when its answer was read to the end."""
    client = Upstream(clock=HeldClock())
    async with upstream(stream_answer(b"a", b"b")) as server:
        connection = await asked(client, server.port)
        client.done(connection)
        assert await whole(client, server.port) == b"ab"
        assert server.connections == 2
        client.close()


async def test_the_pool_does_not_grow_without_end() -> None:
    """A burst leaves only so many idle connections."""
    client = Upstream(clock=HeldClock(), max_idle=2)
    async with upstream(json_answer(b"{}")) as server:
        await asyncio.gather(*(whole(client, server.port) for _ in range(5)))
        assert len(client._idle[HOST, server.port]) == 2
        client.close()
