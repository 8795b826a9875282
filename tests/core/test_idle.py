"""How long a client's connection may be idle."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core import http_server
from tests.core.test_http_protocol import ASK, read_body, serving


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time counts from the newest answer, and does not count while one is being made."""
    monkeypatch.setattr(http_server, "KEEP_ALIVE_S", 0.2)
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        await go_on.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serving(app, tmp_path) as address, asyncio.timeout(5):
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection(*address)
        go_on.set()
        for _ in range(4):
            writer.write(ASK)
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.1)  # longer together than it may be idle
        go_on.clear()
        writer.write(ASK)
        await asyncio.sleep(0.4)
        go_on.set()
        await reader.readuntil(b"\r\n\r\n")
        answered = loop.time()
        assert await reader.read() == b""
        assert loop.time() - answered > 0.15
        writer.close()
