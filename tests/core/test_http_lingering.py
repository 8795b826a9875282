"""Who is refused in the middle of what it sends hears why; each case over a real socket."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core import http_bounds
from tests.core.test_http_bounds import CHAT, House, serving

SIZE = 8_000_000  # more than all buffers between two sockets hold
REFUSED = b"HTTP/1.1 413 "


class Refusing(House):
    """Answers before anything of a body came."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one."""
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})


async def heard_after_all(house: House, head: bytes, body: bytes) -> bytes:
    """What a client hears that sends everything before it listens."""
    reader, writer = await asyncio.open_connection(*house.address)
    writer.write(head)
    for at in range(0, len(body), 65536):
        writer.write(body[at : at + 65536])
        await writer.drain()
        await asyncio.sleep(0)  # ours runs in the same loop
    heard = await reader.read()
    writer.close()
    return heard


@pytest.mark.parametrize(("version", "more"), [(b"1.1", b"connection: close\r\n"), (b"1.0", b"")])
async def test_a_refusal_is_heard_by_who_still_sends(
    version: bytes, more: bytes, tmp_path: Path
) -> None:
    """Also where its connection ends with the answer."""
    head = CHAT.replace(b"1.1", version) + more + b"content-length: %d\r\n\r\n" % SIZE
    async with serving(Refusing(), tmp_path) as house:
        heard = await heard_after_all(house, head, b"x" * SIZE)
        assert heard.startswith(REFUSED)
        assert heard.endswith(b"no")


async def test_so_is_that_of_a_head_that_is_too_long(tmp_path: Path) -> None:
    """Once."""
    async with serving(House(), tmp_path) as house:
        heard = await heard_after_all(house, CHAT, b"x-a: " + b"y" * SIZE)
        assert heard.startswith(b"HTTP/1.1 431 ")
        assert heard.count(b"HTTP/1.1") == 1
        assert house.got == []


async def test_nobody_sends_on_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is closed, whatever still comes."""
    monkeypatch.setattr(http_bounds, "LINGER_S", 0.0)
    async with serving(Refusing(), tmp_path) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(CHAT + b"connection: close\r\ncontent-length: 10\r\n\r\n")
        assert (await reader.read()).startswith(REFUSED)
        while house.server._server.server_state.connections:  # noqa: ASYNC110 - sets no event
            await asyncio.sleep(0.001)
        writer.close()


async def test_who_lingers_hinders_no_stop(tmp_path: Path) -> None:
    """The server ends, and with it the connection."""
    async with serving(Refusing(), tmp_path) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(CHAT + b"connection: close\r\ncontent-length: 10\r\n\r\n")
        assert (await reader.read()).startswith(REFUSED)
        lingers = await house.connection()
        assert lingers.lingering
    assert lingers not in house.server._server.server_state.connections
    writer.close()
