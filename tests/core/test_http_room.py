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
        while len(house.server._server.server_state.connections) < 1 + idle:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(WHOLE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(heard)
        assert not talks.at_eof()
        for one in (speaks, writer, *(writer for _, writer in resting)):
            one.close()
