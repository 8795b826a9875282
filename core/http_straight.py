"""A request that goes straight, as its client's connection sees it (core/http_protocol.py)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from core.gateway.reply import BrokenOff
from core.gateway.routes import Header

BODILESS = (204, 304)
_line = b": ".join

log = logging.getLogger(__name__)


class Line(Protocol):
    """The connection of a client."""

    @property
    def flow(self) -> FlowControl:
        """Whether it reads."""
        ...

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where it lives."""
        ...

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The server's."""
        ...

    def on_response_complete(self) -> None:
        """The answer has gone out whole."""
        ...


class _Nobody:
    """Waits for a message of a request that goes straight."""

    def set(self) -> None:
        """Nobody hears it."""


class LeanCycle:
    """What uvicorn's RequestResponseCycle is to a request, and `Client` to one that goes straight.

    An answer looks as it would there. Names and values of its headers need no second look: they are
    our own, or were let through by the parser of the engine's answer.
    """

    # As it begins; what has happened stands in its own dictionary.
    disconnected = False
    response_started = False
    response_complete = False
    message_event = _Nobody()
    _gone: Callable[[], None] | None = None
    _room: Callable[[], None] | None = None
    _head = b""
    _chunked = False
    _bytes_left = 0

    def __init__(self, protocol: Line, transport: asyncio.Transport, *, keep_alive: bool) -> None:
        self._protocol = protocol
        self._transport = transport
        self.keep_alive = keep_alive

    # ---- for who serves the request (`core.gateway.straight.Client`) ----------------------------

    @property
    def paused(self) -> bool:
        """Whether the client reads more slowly than it is written to."""
        return self._protocol.flow.write_paused

    def watch(self, *, gone: Callable[[], None], room: Callable[[], None]) -> None:
        """Call `gone` when the client leaves, soon when it has left; `room` when it reads again."""
        self._gone, self._room = gone, room
        if self.disconnected:
            self._protocol.loop.call_soon(gone)

    async def say(self, message: MutableMapping[str, Any]) -> None:
        """Send; never waits."""
        if message["type"] == "http.response.start":
            self.begin(message["status"], message["headers"])
        else:
            self.go_on(message["body"], more=message["more_body"])

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send; waits while the client is slow."""
        if self.paused and not self.disconnected:
            await self._protocol.flow.drain()
        await self.say(message)

    def close(self) -> None:
        """Break off."""
        self._transport.close()

    def run(self, work: Awaitable[None]) -> None:
        """Go on in a task after all."""
        tasks = self._protocol.tasks
        task = self._protocol.loop.create_task(self._guarded(work))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except BrokenOff:
            pass
        except Exception:
            log.exception("a request failed")
        finally:
            if not self.response_complete:
                self.close()

    # ---- for its connection ---------------------------------------------------------------------

    def left(self) -> None:
        """The connection is closed."""
        if not self.response_complete:
            self.disconnected = True
            gone, self._gone, self._room = self._gone, None, None
            if gone is not None:
                gone()

    def has_room(self) -> None:
        """The client reads again."""
        if self._room is not None and not self.response_complete:
            self._room()

    # ---- bytes ----------------------------------------------------------------------------------

    def begin(self, status: int, headers: Sequence[Header], own: Iterable[Header] = ()) -> None:
        """The head, which goes out with what follows. See `core.gateway.reply.Teller`."""
        self.response_started = True
        named = dict(headers)  # an engine that says how long it is says so once: it was parsed
        length, end = named.get(b"content-length"), b"\r\n\r\n"
        if length is not None:
            self._bytes_left = int(length)
        elif status not in BODILESS:
            self._chunked, end = True, b"\r\ntransfer-encoding: chunked\r\n\r\n"
        if b"connection" in named and b"close" in named[b"connection"].lower():
            self.keep_alive = False
        elif not self.keep_alive:
            end = b"\r\nconnection: close" + end
        self._head = STATUS_LINE[status] + b"\r\n".join(map(_line, (*headers, *own))) + end

    def go_on(self, body: bytes, *, more: bool) -> None:
        """A piece of the body, or the last one."""
        if self.disconnected:
            return
        piece = self._head
        if piece:
            self._head = b""
        if self._chunked:
            end = b"" if more else b"0\r\n\r\n"
            piece = b"%b%x\r\n%b\r\n%b" % (piece, len(body), body, end) if body else piece + end
        else:
            self._bytes_left = left = self._bytes_left - len(body)
            if left and (left < 0 or not more):
                raise RuntimeError("the answer is not as long as it was said to be")
            piece += body
        if piece:
            self._transport.write(piece)
        if not more:
            self.response_complete = True
            self._gone = self._room = None
            if not self.keep_alive:
                self._transport.close()
            self._protocol.on_response_complete()
