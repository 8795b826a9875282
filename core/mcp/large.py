"""Large answers over HTTP: bounded as they come, and cut in a thread before they become objects.

The SDK reads an answer whole and makes objects of it in the studio's loop; 100 MB would hold
everybody up. What is small goes through as it came. What is no message of MCP is not read: httpx
reads all of a refusal or redirect before it asks again, and its body may have no end.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator

import httpx2

from core.mcp.shrinking import LARGE, shrunk

MOST = 128 * 1024 * 1024  # bytes of one answer
PACKED = ("gzip", "x-gzip", "deflate")
_END = re.compile(rb"\n\r?\n|\r\r")  # of an event
_LINES = re.compile(rb"\r\n|\n|\r")


def made_small(response: httpx2.Response) -> None:
    """Have its body come bounded and cut, whichever of the two kinds it is."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    stream = response.stream
    if not isinstance(stream, httpx2.AsyncByteStream):
        return
    if kind.startswith("application/json"):  # as the SDK knows them
        if packed in PACKED:
            del response.headers["content-encoding"]  # we unpack it, and know when to stop
        response.stream = Document(stream, packed)
    elif not kind.startswith("text/event-stream") or response.status_code >= 300:
        response.stream = Nothing(stream)
    elif packed == "identity":
        response.stream = Events(stream)


class Document(httpx2.AsyncByteStream):
    """One message. It breaks off when it is too large."""

    def __init__(self, stream: httpx2.AsyncByteStream, packed: str = "identity") -> None:
        self._stream = stream
        self._packed = packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._packed not in (*PACKED, "identity"):
            raise httpx2.StreamError("the answer is packed in a way that was not asked for")
        pieces, size = [], 0
        async for piece in self._stream:
            size += len(piece)
            _demand_room(size)
            pieces.append(piece)
        if self._packed == "identity" and size < LARGE:
            yield b"".join(pieces)
        else:
            yield await asyncio.to_thread(self._small, pieces)

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._stream.aclose()

    def _small(self, pieces: list[bytes]) -> bytes:
        whole = b"".join(pieces)
        return _cut(whole if self._packed == "identity" else _unpacked(whole))


class Events(httpx2.AsyncByteStream):
    """Many messages, one at a time; the SDK gives one up that is too large."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        held, looked = bytearray(), 0
        async for piece in self._stream:
            held += piece
            end = max((one.end() for one in _END.finditer(held, max(0, looked - 2))), default=0)
            if len(held) > MOST:
                end = len(held)
            if end:
                whole = bytes(held[:end])
                del held[:end]
                yield whole if end < LARGE else await asyncio.to_thread(_cut_events, whole)
            looked = len(held)
        if held:
            yield bytes(held)

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._stream.aclose()


class Nothing(httpx2.AsyncByteStream):
    """A body that tells nobody anything, and may be of any size."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._stream.aclose()


def _demand_room(size: int) -> None:
    if size > MOST:
        raise httpx2.StreamError(f"the answer had more than {MOST:,} bytes")


def _unpacked(data: bytes) -> bytes:
    """Raises StreamError for what is too large, or can not be unpacked."""
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # with a header of either kind, or none
        packed = zlib.decompressobj(bits)
        try:
            found = packed.decompress(data, MOST + 1)
        except zlib.error:
            continue
        _demand_room(len(found))
        return found
    raise httpx2.StreamError("the answer can not be unpacked")


def _cut(message: bytes) -> bytes:
    if len(message) < LARGE:
        return message
    try:
        return shrunk(message)
    except ValueError:
        return message  # the SDK says what is wrong with it


def _cut_events(whole: bytes) -> bytes:
    """Whole events; those that are large with less in them."""
    found, begin = [], 0
    for one in _END.finditer(whole):
        found.append(_cut_event(whole[begin : one.end()]))
        begin = one.end()
    return b"".join((*found, whole[begin:]))


def _cut_event(event: bytes) -> bytes:
    if len(event) < LARGE:
        return event
    data, others = [], []
    for line in _LINES.split(event):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif line:
            others.append(line)
    whole = b"\n".join(data)
    small = _cut(whole)
    if small is whole:
        return event
    return b"".join(line + b"\n" for line in (*others, b"data: " + small)) + b"\n"
