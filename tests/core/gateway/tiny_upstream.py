"""A real HTTP server of a few lines that answers exactly as a test tells it to, byte by byte."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Self

import msgspec

Answering = Callable[["Received", asyncio.StreamWriter], Awaitable[None]]


class Received(msgspec.Struct, kw_only=True):
    """One request as it came."""

    head: str
    headers: dict[str, str]
    body: bytes
    connection: int  # which connection it came on, counted from 1
    left: bool = False  # the client hung up while it was answered


class TinyUpstream:
    """Stands where LiteLLM stands. `answering` is called for each request."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.received: list[Received] = []
        self.connections = 0
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()

    async def die(self) -> None:
        """Gone, with every connection."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                received = await _request(reader, number)
                self.received.append(received)
                await self._answered(received, reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _answered(
        self, received: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        work = asyncio.ensure_future(self.answering(received, writer))
        hung_up = asyncio.ensure_future(_end_of(reader))
        await asyncio.wait({work, hung_up}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            received.left = True
            work.cancel()
        hung_up.cancel()
        try:
            await work
        except asyncio.CancelledError:
            pass
        except ConnectionError:
            received.left = True
        except RuntimeError:  # uvloop's word for it
            if not writer.is_closing():
                raise
            received.left = True
        with contextlib.suppress(asyncio.CancelledError):
            await hung_up


async def _request(reader: asyncio.StreamReader, number: int) -> Received:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head=first, headers=headers, body=body, connection=number)


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Until the other side closes; clients here never send ahead."""
    await until(reader.at_eof, within=600)


async def until(condition: Callable[[], object], *, within: float = 60.0) -> None:
    """Wait for a point, not a while: it comes at once, or never."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.001)


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"x-litellm-model-api-base: http://inside\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


def json_answer(body: bytes, status: str = "200 OK") -> Answering:
    """Always this answer."""

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


def stream_answer(*pieces: bytes) -> Answering:
    """A whole stream in these pieces."""

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        for piece in pieces:
            writer.write(chunk(piece))
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(LAST_CHUNK)

    return answer


def endless_stream(event: bytes = b"data: {}\n\n") -> Answering:
    """Events until somebody hangs up."""

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        while True:
            writer.write(chunk(event))
            await writer.drain()
            await asyncio.sleep(0.002)

    return answer


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """A port on which nobody listens, and that nobody else is given meanwhile."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server may come after all
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextlib.asynccontextmanager
async def upstream(answering: Answering) -> AsyncIterator[TinyUpstream]:
    """A running one."""
    async with TinyUpstream(answering) as server:
        yield server
