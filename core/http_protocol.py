"""uvicorn's side of a connection, leaner where a request can be.

A POST below `/v1` that comes whole is offered to the application's `straight`
(`core/gateway/straight.py`), which serves it without a task and without ASGI; what it declines, and
everything else, takes uvicorn's way, as if nothing had been.

    head is there ─► could go straight? no ──────────────────────────────► uvicorn
                          │ yes: the body is gathered; too large, too late ─►  │
                          ▼                                                    │
                     body is there ─► straight? declined ─────────────────────►┘
                                          │ taken
                                          ▼
                                     LeanCycle: bytes to the client, word when it leaves

On uvicorn's way the head of an answer goes out with the first piece of its body, where both are
said in one breath; and a request can leave word for when its client leaves
(`core/gateway/departure.py`) instead of waiting in a task.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from core.gateway.departure import EXTENSION, Departure
from core.gateway.paths import ALLOWED
from core.gateway.reply import BrokenOff
from core.gateway.straight import Whole
from core.http_bounds import BoundedProtocol

_HEAD = b"HTTP/1."
GATHERED = 256 * 1024  # bytes of a body that may come whole; a larger one is read by who serves it
GATHERED_DIGITS = len(str(GATHERED))  # who says more is refused, or let in, before any of it comes
GATHERS_S = 1.0  # how long its body may take to come
BODILESS = (204, 304)

log = logging.getLogger(__name__)


class JoinedWrites:
    """A transport that holds the head of an answer back until what follows, or the next turn."""

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send these bytes, in their order."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif data.startswith(_HEAD):
            self._head = data
            self._loop.call_soon(self.flush)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Send what is held."""
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)

    def close(self) -> None:
        """Send what is held, then close."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it closes or is closed."""
        return self._transport.is_closing()


class _Nobody:
    """Waits for a message of a request that goes straight."""

    def set(self) -> None:
        """Nobody hears it."""


class LeanCycle:
    """What uvicorn's RequestResponseCycle is to a request, and `Client` to one that goes straight.

    An answer looks as it would there. Names and values of its headers need no second look: they are
    our own, or were let through by the parser of the engine's answer.
    """

    __slots__ = (
        "_bytes_left",
        "_chunked",
        "_gone",
        "_head",
        "_protocol",
        "_room",
        "_transport",
        "disconnected",
        "keep_alive",
        "response_complete",
        "response_started",
    )
    message_event = _Nobody()

    def __init__(
        self, protocol: "StudioProtocol", transport: asyncio.Transport, *, keep_alive: bool
    ) -> None:
        self._protocol = protocol
        self._transport = transport
        self._gone: Callable[[], None] | None = None
        self._room: Callable[[], None] | None = None
        self._head = b""
        self._chunked = False
        self._bytes_left = 0
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_started = False
        self.response_complete = False

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

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """The head, which goes out with what follows."""
        self.response_started = True
        lines = [b"%b: %b\r\n" % header for header in headers]
        named = dict(headers)  # an engine that says how long it is says so once: it was parsed
        length = named.get(b"content-length")
        if length is not None:
            self._bytes_left = int(length)
        self._chunked = chunked = length is None and status not in BODILESS
        if b"close" in named.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close\r\n")
        if chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        self._head = b"%b%b\r\n" % (STATUS_LINE[status], b"".join(lines))

    def go_on(self, body: bytes, *, more: bool) -> None:
        """A piece of the body, or the last one."""
        if self.disconnected:
            return
        head, self._head = self._head, b""
        if self._chunked:
            end = b"" if more else b"0\r\n\r\n"
            piece = b"%b%x\r\n%b\r\n%b" % (head, len(body), body, end) if body else head + end
        else:
            self._bytes_left -= len(body)
            if self._bytes_left < 0 or (self._bytes_left and not more):
                raise RuntimeError("the answer is not as long as it was said to be")
            piece = head + body
        if piece:
            self._transport.write(piece)
        if not more:
            self.response_complete = True
            self._gone = self._room = None
            if not self.keep_alive:
                self._transport.close()
            self._protocol.on_response_complete()


class StudioProtocol(BoundedProtocol):
    """One connection of a client."""

    _gathered: list[bytes] | None = None  # a body that may go straight; None: none comes
    _gathered_size = 0
    _gathering: asyncio.TimerHandle | None = None
    _idle_since: float | None = None
    _lean: LeanCycle | None = None  # the newest; `cycle` may be one that waits behind it
    _named: dict[bytes, bytes]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        joined = cast(asyncio.Transport, JoinedWrites(transport, self.loop))
        super().connection_made(joined)
        self._departure = Departure(self.flow.resume_reading)
        self._extensions = {EXTENSION: self._departure}
        self._bare = transport  # for an answer whose head and body are one write anyway
        self._straight: Callable[[Whole], bool] | None = getattr(self.app, "straight", None)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left. Nothing of it holds itself, or all of it would wait for the collector."""
        self._give_up_gathering()
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        self._departure.happened()
        lean, self._lean = self._lean, None
        self.cycle = cast(Any, None)
        self.pipeline.clear()
        if lean is not None:
            lean.left()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol takes over."""
        super().handle_websocket_upgrade()
        self.parser = cast(Any, None)  # it holds us, as in `connection_lost`

    def shutdown(self) -> None:
        """The server stops: what has begun may end."""
        self._give_up_gathering()
        super().shutdown()

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self._lean is not None:
            self._lean.has_room()

    # ---- how long it may be idle: one timer, set again when it was too early ---------------------

    def on_response_complete(self) -> None:
        """A request was answered."""
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._idle_since = None
            self.rest()

    def rest(self) -> None:
        """It is idle, also where something came that was no request."""
        if self._idle_since is None:
            self._idle_since = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self._look_again_in(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """Something comes, or it is over."""
        self._idle_since = None

    def timeout_keep_alive_handler(self) -> None:
        """Time to look."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # it is busy, and looked at after that
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_again_in(left)
        else:
            super().timeout_keep_alive_handler()

    def _look_again_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    # ---- the parser's callbacks -----------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes of a client."""
        super().data_received(data)
        if self._gathered is not None and self._gathering is None:
            self._gathering = self.loop.call_later(GATHERS_S, self._give_up_gathering)

    def on_message_begin(self) -> None:
        """A request begins. Its scope is made when somebody wants it."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.in_head = True
        self.number += 1
        self._idle_since = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line of its head. What comes after the body, a trailer, is none of it."""
        if self.in_head:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Its head is there."""
        upgrades = self.parser.should_upgrade()
        if upgrades and not self._should_upgrade():
            return  # to a protocol that is not spoken here: it is read again without the offer
        self._named = named = dict(self.headers)
        if len(named) < len(self.headers) and sum(name == b"host" for name, _ in self.headers) > 1:
            raise ValueError("a request has one host")
        if b"expect" in named:
            self.expect_100_continue = any(
                name == b"expect" and value.lower() == b"100-continue"
                for name, value in self.headers
            )
        if not upgrades and self._could_go_straight():
            self._gathered, self._gathered_size = [], 0
        else:
            self._go_uvicorns_way()
        self.in_head, self.in_body = False, True  # it was none that is refused

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        if self._gathered is None:
            super().on_body(body)
            return
        self._gathered.append(body)
        self._gathered_size += len(body)
        if self._gathered_size > GATHERED:
            self._give_up_gathering()

    def on_message_complete(self) -> None:
        """All of it is there."""
        if self.in_head:
            return
        self.in_body = False
        pieces = self._gathered
        if pieces is None:
            super().on_message_complete()
            return
        assert self._straight is not None
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        path, _, query = self.url.partition(b"?")
        cycle = LeanCycle(self, self._bare, keep_alive=self.parser.should_keep_alive())
        before, self.cycle = self.cycle, cast(Any, cycle)
        if self._straight(Whole(path, query, self.headers, self._named, data, cycle)):
            self._gathered, self._lean = None, cycle
            self._stop_timer()
            return
        self.cycle = before
        self._give_up_gathering()
        super().on_message_complete()

    def current(self) -> RequestResponseCycle | None:
        """None also while a body is gathered: nobody serves that request yet."""
        return super().current() if self._gathered is None else None

    def _could_go_straight(self) -> bool:
        parser = self.parser
        return (
            self._straight is not None
            and self.url.partition(b"?")[0] in ALLOWED
            and parser.get_method() == b"POST"
            and b"#" not in self.url
            and not self.expect_100_continue
            and parser.get_http_version() == "1.1"
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused  # a refusal would not wait for who does not read
            and len(self._named.get(b"content-length", b"")) <= GATHERED_DIGITS
        )

    # ---- uvicorn's way --------------------------------------------------------------------------

    def _give_up_gathering(self) -> None:
        """What has come so far goes uvicorn's way, and the rest with it."""
        pieces, self._gathered = self._gathered, None
        self._stop_timer()
        if pieces is not None:
            self._go_uvicorns_way()
            for piece in pieces:
                super().on_body(piece)

    def _stop_timer(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _go_uvicorns_way(self) -> None:
        """As if its head had come just now."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        scope = cast(dict[str, Any], self.scope)
        self.headers = scope["headers"] = headers
        scope["extensions"] = self._extensions
        super().on_headers_complete()
