"""What our side of a connection does that uvicorn's alone does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from core.api.guard import ASGIApp
from core.gateway.departure import watch
from core.http_protocol import JoinedWrites
from core.http_server import HttpServer, bind
from core.settings import Settings

ASK = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"


class Written:
    """A transport that remembers each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """One."""
        self.writes.append(data)

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        """Also one."""
        self.writes.append(b"".join(pieces))

    def close(self) -> None:
        """The last."""
        self.closed = True


def joined() -> tuple[Written, JoinedWrites]:
    """Both ends."""
    written: Any = Written()
    return written, JoinedWrites(written, asyncio.get_running_loop())


async def test_head_and_body_are_one_write() -> None:
    """The client is woken once; what follows is written at once."""
    written, transport = joined()
    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    transport.write(b"body")
    transport.write(b"more")
    await asyncio.sleep(0)
    assert written.writes == [b"HTTP/1.1 200 OK\r\n\r\nbody", b"more"]


async def test_a_head_whose_body_is_not_there_yet_does_not_wait_for_it() -> None:
    """A stream's client learns at once that it was let in; nothing is lost at the end either."""
    written, transport = joined()
    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await asyncio.sleep(0)
    assert written.writes == [b"HTTP/1.1 200 OK\r\n\r\n"]
    transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    transport.close()
    assert written.writes[1:] == [b"HTTP/1.1 204 No Content\r\n\r\n"]
    assert written.closed


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, home: Path) -> AsyncIterator[tuple[str, int]]:
    """The studio's HTTP server with another application; where it listens."""
    with bind(Settings(home=home, port=0)) as listening:
        server = HttpServer(app)
        running = asyncio.create_task(server.run(listening))
        await server.answering()
        yield listening.getsockname()
        await server.stop()
        await running


async def read_body(receive: Any) -> None:
    """All of it."""
    while (await receive()).get("more_body"):
        pass


async def test_a_request_is_told_that_its_client_left(tmp_path: Path) -> None:
    """While it waits, and also when it asks too late."""
    begun, left, late = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        waiting = watch(scope, receive, left.set)
        assert not isinstance(waiting, asyncio.Task)
        begun.set()
        await left.wait()
        watch(scope, receive, late.set)
        await late.wait()

    async with serving(app, tmp_path) as address, asyncio.timeout(60):
        _, writer = await asyncio.open_connection(*address)
        writer.write(ASK)
        await begun.wait()
        writer.transport.abort()
        await late.wait()


async def test_who_is_not_waiting_any_more_is_not_told(tmp_path: Path) -> None:
    """One connection, two requests: the first one's word does not outlive it."""
    told: list[int] = []
    gone = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        number = len(told) + 1
        waiting = watch(scope, receive, lambda: told.append(-number))
        told.append(number)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})
        waiting.cancel()
        if number == 2:
            watch(scope, receive, gone.set)

    async with serving(app, tmp_path) as address, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(2):
            writer.write(ASK)
            await reader.readuntil(b"0\r\n\r\n")
        writer.close()
        await gone.wait()
    assert told == [1, 2]
