"""Bounds of connections where not all of them are ours to look at."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core import http_bounds
from tests.core.test_http_bounds import WHOLE, House, serving

WEBSOCKET = (
    b"GET /v1/realtime HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Talking(House):
    """Takes websockets, too, and keeps them."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one."""
        if scope["type"] != "websocket":
            await super().__call__(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        await receive()


async def connected(house: House, many: int) -> None:
    """So many are there."""
    while len(house.server._server.server_state.connections) != many:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(("idle", "heard"), [(1, b"HTTP/1.1 200 "), (0, b"HTTP/1.1 503 ")])
async def test_a_websocket_is_one_who_is_served(
    idle: int, heard: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another protocol has it; who comes gets an idle one's place, or is told to come again."""
    monkeypatch.setattr(http_bounds, "most_connections", lambda: 1 + idle)
    async with serving(Talking(), tmp_path) as house:
        talks, speaks = await asyncio.open_connection(*house.address)
        speaks.write(WEBSOCKET)
        assert (await talks.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        resting = [await asyncio.open_connection(*house.address) for _ in range(idle)]
        await connected(house, 1 + idle)
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(WHOLE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(heard)
        assert not talks.at_eof()
        for one in (speaks, writer, *(writer for _, writer in resting)):
            one.close()


async def much(scope: Any, receive: Any, send: Any) -> None:
    """An answer longer than all buffers between two sockets, said in one breath."""
    size = 16_000_000
    headers = [(b"content-length", b"%d" % size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * size})


async def test_who_still_reads_its_answer_keeps_it_where_another_is_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room is made of those who do nothing, and of no more than is there of them."""
    monkeypatch.setattr(http_bounds, "most_connections", lambda: 2)
    async with serving(House(), tmp_path, much) as house:
        reads, asks = await asyncio.open_connection(*house.address, limit=1024)
        asks.write(WHOLE)
        head = await reads.readuntil(b"\r\n\r\n")
        idle, rests = await asyncio.open_connection(*house.address)
        await connected(house, 2)
        comes, more = await asyncio.open_connection(*house.address)
        more.write(WHOLE)
        await comes.readuntil(b"\r\n\r\n")
        assert await idle.read() == b""
        size = int(head.split(b"content-length: ")[1].split()[0])
        assert await reads.readexactly(size) == b"x" * size
        for writer in (asks, rests, more):
            writer.close()


async def test_who_takes_nothing_of_its_answer_makes_room_and_who_reads_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 503 for who comes, until a look has shown that nobody takes anything."""
    monkeypatch.setattr(http_bounds, "most_connections", lambda: 1)
    async with serving(House(), tmp_path, much) as house:
        reads, asks = await asyncio.open_connection(*house.address, limit=1024)
        connection = await house.connection()
        asks.write(WHOLE)
        await reads.readuntil(b"\r\n\r\n")
        refused, late = await asyncio.open_connection(*house.address)
        late.write(WHOLE)
        assert (await refused.read()).startswith(b"HTTP/1.1 503 ")
        late.close()
        await connected(house, 1)
        connection.look()
        connection.look()
        comes, more = await asyncio.open_connection(*house.address)
        more.write(WHOLE)
        assert (await comes.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        for writer in (asks, more):
            writer.close()


async def test_who_was_told_to_come_again_takes_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may linger to hear it; the next one hears the same."""
    monkeypatch.setattr(http_bounds, "most_connections", lambda: 1)
    async with serving(House(), tmp_path) as house:
        house.may_answer.clear()
        served, asks = await asyncio.open_connection(*house.address)
        asks.write(WHOLE)
        await served.readuntil(b"o\r\n")
        late = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection(*house.address)
            writer.write(WHOLE)
            assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
            late.append(writer)
        assert len(house.server._server.server_state.connections) <= 2
        house.may_answer.set()
        for writer in (asks, *late):
            writer.close()
