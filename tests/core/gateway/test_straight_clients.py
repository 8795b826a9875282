"""Clients of the straight way that send ahead or do not read, and answers they must be told of."""

import asyncio
import json
import socket

import pytest

from tests.core.gateway.both_ways import (
    COMPLETION,
    DONE,
    JSON,
    Client,
    Gate,
    raw,
    warm,
    wire,
)
from tests.core.gateway.tiny_upstream import (
    LAST_CHUNK,
    STREAM_HEAD,
    Received,
    chunk,
    json_answer,
    until,
)

PIECES, PIECE = 400, b"data: " + b"x" * 65_000 + b"\n\n"
TOO_LONG = b"HTTP/1.1 204 No Content\r\n" + JSON + b"\r\ncontent-length: 5\r\n\r\n"


async def much_or_little(received: Received, writer: asyncio.StreamWriter) -> None:
    """A stream that no buffer holds, or a word."""
    if not json.loads(received.body).get("stream"):
        await json_answer(COMPLETION)(received, writer)
        return
    writer.write(STREAM_HEAD)
    for _ in range(PIECES):
        writer.write(chunk(PIECE))
        await writer.drain()
    writer.write(chunk(DONE) + LAST_CHUNK)


async def test_a_slow_client_that_asks_ahead_gets_both_answers() -> None:
    """What waits behind an answer does not keep it from going on when the client reads again."""
    async with warm(much_or_little, straight=True) as (made, _), asyncio.timeout(60):
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await until(lambda: made.went_straight == 1)
        await client.asks(wire())
        await asyncio.sleep(0.3)
        _, body, whole = await client.hears()
        assert (len(body), whole) == (PIECES * len(PIECE) + len(DONE), True)
        assert (await client.hears())[1:] == (COMPLETION, True)


async def test_a_slow_client_that_asked_ahead_and_leaves_holds_nothing() -> None:
    """Its place is free, and the record says who left."""
    async with warm(much_or_little, straight=True) as (made, engine), asyncio.timeout(60):
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await until(lambda: made.went_straight == 1)
        await client.asks(wire())
        await asyncio.sleep(0.3)
        client.leaves()
        await until(lambda: not made.inflight.total and not made.proxy.calls.all())
        await until(lambda: engine.received[0].left)
        assert {fact.outcome for fact in made.facts if fact.stream} == {"client_gone"}


async def test_refusals_do_not_pile_up_for_a_client_that_does_not_read() -> None:
    """From some point on it is not read any more either."""
    gate = Gate(1)
    async with warm(json_answer(COMPLETION), straight=True, gate=gate, key_id="k") as (made, _):
        assert not gate.left
        there = socket.socket()
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        there.setblocking(False)
        await asyncio.get_running_loop().sock_connect(there, ("127.0.0.1", made.port))
        client = Client(*await asyncio.open_connection(sock=there))
        made.leaving.append(client.leaves)
        await until(lambda: len(made.connections()) == 1)
        (ours,) = made.connections()
        theirs = ours.transport.get_extra_info("socket")
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        for _ in range(20):
            client.writer.write(wire() * 150)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert made.went_straight
        assert ours.transport.get_write_buffer_size() < 256 * 1024


@pytest.mark.parametrize("deaf_at_first", [False, True])
async def test_an_answer_shorter_than_it_was_said_to_be_closes_the_connection(
    deaf_at_first: bool,
) -> None:
    """At once, and also where it came on a second try, in a task."""
    asked: list[Received] = []

    async def short(received: Received, writer: asyncio.StreamWriter) -> None:
        asked.append(received)
        if deaf_at_first and len(asked) == 1:
            writer.transport.abort()
        else:
            await raw(TOO_LONG)(received, writer)

    async with warm(short, straight=True) as (made, _), asyncio.timeout(60):
        client = await Client.to(made)
        await client.asks(wire())
        assert not (await client.reader.read()).endswith(COMPLETION)
        fact = await made.fact()
        assert (made.went_straight, fact.outcome, made.inflight.total) == (1, "error", 0)
