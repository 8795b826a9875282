"""Server-sent events: framing, a bounded mailbox per listener, and a pulse.

A listener that does not read gets its facts as fast as it takes them, of pictures only the
newest; nothing grows without bound and nobody else waits for it.
"""

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from litestar.response import Stream

PULSE_S = 15.0
MAILBOX = 500
MOST_DIGITS = 18  # of an id: SQLite counts to 2⁶³


def frame(event: str, data: bytes, *, id_: int | None = None) -> bytes:
    """One event. `data` is JSON and so has no line break in it."""
    head = f"id: {id_}\n".encode() if id_ is not None else b""
    return head + b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"


def seen(last_event_id: str | None) -> int | None:
    """The number in a Last-Event-ID; None where there is none: a client may send anything."""
    told = last_event_id or ""
    is_number = told.isascii() and told.isdigit() and len(told) <= MOST_DIGITS
    return int(told) if is_number else None


def sse_response(content: AsyncGenerator[bytes, None]) -> Stream:
    """A response that nothing on the way may buffer or cache."""
    return Stream(
        content,
        media_type="text/event-stream",
        headers={"cache-control": "no-cache", "x-accel-buffering": "no"},
    )


async def numbered(
    event: str, told: AsyncGenerator[tuple[int, msgspec.Struct], None], stopping: asyncio.Event
) -> AsyncGenerator[bytes, None]:
    """Numbered structs as events of this name, with a pulse while nothing comes."""
    stop = asyncio.ensure_future(stopping.wait())
    following = asyncio.ensure_future(anext(told, None))
    try:
        while True:
            await asyncio.wait((following, stop), timeout=PULSE_S, return_when="FIRST_COMPLETED")
            if following.done():
                if (one := following.result()) is None:
                    return
                yield frame(event, msgspec.json.encode(one[1]), id_=one[0])
                following = asyncio.ensure_future(anext(told, None))
            elif stop.done():
                return
            else:
                yield b": still here\n\n"
    finally:
        stop.cancel()
        following.cancel()
        await asyncio.wait((following,))
        await told.aclose()


class Mailbox:
    """What one listener still has to be sent."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=MAILBOX)
        self._latest: dict[str, bytes] = {}
        self._more = asyncio.Event()

    async def post(self, chunk: bytes) -> None:
        """Add in order; waits while the listener is behind."""
        await self._queue.put(chunk)
        self._more.set()

    def post_latest(self, kind: str, chunk: bytes) -> None:
        """Replace what is still unsent of this kind."""
        self._latest[kind] = chunk
        self._more.set()

    def end(self) -> None:
        """Let the listener finish what is there and leave."""
        self._latest["end"] = b""
        self._more.set()

    async def read(self, stopping: asyncio.Event) -> AsyncGenerator[bytes, None]:
        """Chunks in order, a comment when it is quiet, until `end` or until the app stops."""
        stop = asyncio.ensure_future(stopping.wait())
        more = stop
        try:
            while not stop.done():
                more = asyncio.ensure_future(self._more.wait())
                await asyncio.wait(
                    (more, stop), timeout=PULSE_S, return_when=asyncio.FIRST_COMPLETED
                )
                if not more.done():
                    more.cancel()
                    if not stop.done():
                        yield b": still here\n\n"
                    continue
                self._more.clear()
                if waiting := self._take():
                    yield waiting
                if "end" in self._latest:
                    return
        finally:  # a listener that leaves is mostly waiting for more
            more.cancel()
            stop.cancel()

    def _take(self) -> bytes:
        chunks: list[bytes] = []
        while not self._queue.empty():
            chunks.append(self._queue.get_nowait() or b"")
        ended = self._latest.pop("end", None)
        chunks.extend(self._latest.values())
        self._latest = {} if ended is None else {"end": b""}
        return b"".join(chunks)
