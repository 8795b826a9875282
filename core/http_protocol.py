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
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from core.gateway.again import Said
from core.gateway.departure import EXTENSION, Departure
from core.gateway.head import Head
from core.gateway.paths import ALLOWED
from core.gateway.straight import Whole
from core.http_bounds import BoundedProtocol
from core.http_straight import LeanCycle

_HEAD = b"HTTP/1."
GATHERED = 256 * 1024  # bytes of a body that may come whole; a larger one is read by who serves it
GATHERED_DIGITS = len(str(GATHERED))  # who says more is refused, or let in, before any of it comes
GATHERS_S = 1.0  # how long its body may take to come
STRANGE = 8  # heads of a connection that are remembered in turn; then it is clear: all differ


class UntilItCloses(int):
    """How long an answer in HTTP/1.0 is, which knows no chunks: its connection's end tells.

    uvicorn subtracts from it what was said, and looks whether nothing is left.
    """

    def __lt__(self, other: object) -> bool:
        return False

    def __sub__(self, other: object) -> "UntilItCloses":
        return self

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


def never() -> bool:
    """It is closed at once."""
    return False


class JoinedWrites:
    """A transport that holds the head of an answer back until what follows, or the next turn."""

    __slots__ = ("_head", "_lingering", "_loop", "_transport", "lingers")

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        lingers: Callable[[], bool] | None = None,
    ) -> None:
        """`lingers`: whether it is read on instead of being closed."""
        self._transport = transport
        self._loop = loop
        self._head = b""
        self._lingering = False
        self.lingers = lingers or never

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
        """Send what is held, then close, when the client has heard it."""
        self.flush()
        if self._lingering or not self.lingers():
            self._transport.close()
        else:
            self._lingering = True

    def is_closing(self) -> bool:
        """Whether it closes or is closed."""
        return self._lingering or self._transport.is_closing()


class StudioProtocol(BoundedProtocol):
    """One connection of a client."""

    _gathered: list[bytes] | None = None  # a body that may go straight; None: none comes
    _gathered_size = 0
    _gathering: asyncio.TimerHandle | None = None
    _idle_since: float | None = None
    _lean: LeanCycle | None = None  # the newest; `cycle` may be one that waits behind it
    _named: dict[bytes, bytes]
    _said: Said[Head] | None = None  # a head that went straight, to be known by its bytes
    _new: Head | None = None  # one that does so just now
    _strange = 0  # heads that were remembered since one was known again

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        self._bare = transport  # for an answer whose head and body are one write anyway
        self._joined = JoinedWrites(transport, self.loop, self._lingers)
        super().connection_made(cast(asyncio.Transport, self._joined))
        self._departure = Departure(self.flow.resume_reading)
        self._extensions = {EXTENSION: self._departure}
        self._straight: Callable[[Whole], bool] | None = getattr(self.app, "straight", None)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left. Nothing of it holds itself, or all of it would wait for the collector."""
        self._give_up_gathering()
        self._joined.lingers = never
        super().connection_lost(exc)
        self._departure.happened()
        lean = self._lean
        self._let_go()
        if lean is not None:
            lean.left()

    def _let_go(self) -> None:
        """Of what holds us."""
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        self._lean = None
        self.cycle = cast(Any, None)
        self.pipeline.clear()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol takes over."""
        super().handle_websocket_upgrade()
        self._joined.lingers = never
        self._let_go()
        self.parser = cast(Any, None)

    def shutdown(self) -> None:
        """The server stops: what has begun may end."""
        self._joined.lingers = never
        self._give_up_gathering()
        if self.lingering:
            self.transport.close()
        else:
            super().shutdown()

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self._lean is not None:
            self._lean.has_room()

    def _lingers(self) -> bool:
        """Read on instead of being closed, where a request was begun and not all of it came.

        Not while somebody is served: it would be heard only after that that the client is gone.
        """
        cycle = self.cycle
        served = not (cycle is None or cycle.response_complete or cycle.disconnected)
        begun = self.number and (self.in_head or self.in_body)
        if served or not begun or self.is_over():
            return False
        self.linger()
        return True

    def linger(self) -> None:
        """Say no more. What has come of a request that was refused is served by nobody."""
        self._gathered = None
        self._stop_timer()
        super().linger()

    def is_over(self) -> bool:
        """Whether it was ended."""
        return self._bare.is_closing()

    # ---- how long it may be idle: one timer, set again when it was too early ---------------------

    def on_response_complete(self) -> None:
        """A request was answered."""
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if not self._bare.is_closing():
            if self.flow.read_paused:
                self.flow.resume_reading()
            self._idle_since = self.loop.time()  # as in `rest`
            if self.timeout_keep_alive_task is None:
                self._look_again_in(self.timeout_keep_alive)

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
        between = not (self.in_head or self.in_body)
        said = self._said
        if between and said is not None and self._says_again(said, data):
            return
        super().data_received(data)
        if self._gathered is not None and self._gathering is None:
            self._gathering = self.loop.call_later(GATHERS_S, self._give_up_gathering)
        elif (new := self._new) is not None:
            self._new = None
            if between:
                self._remember(data, new)

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
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        path, _, query = self.url.partition(b"?")
        head, keep_alive = Head(path, query, self.headers), self.parser.should_keep_alive()
        if self._goes_straight(head, data, keep_alive=keep_alive):
            self._gathered = None
            self._stop_timer()
            self._new = head if keep_alive else None
            return
        self._give_up_gathering()
        super().on_message_complete()

    def _goes_straight(self, head: Head, data: bytes, *, keep_alive: bool) -> bool:
        assert self._straight is not None
        cycle = LeanCycle(self, self._bare, keep_alive=keep_alive)
        before, self.cycle = self.cycle, cast(Any, cycle)
        if self._straight(Whole(head, data, cycle)):
            self._lean = cycle
            return True
        self.cycle = before
        return False

    # ---- the same head again (gateway/again.py) -----------------------------------------------

    def _says_again(self, said: Said[Head], data: bytes) -> bool:
        """Whether these bytes are a request that went straight, known by its head."""
        cycle = self.cycle
        if (cycle is not None and not cycle.response_complete) or self.pipeline:
            return False
        body = None if self.flow.write_paused else said.body(data)
        if body is None:
            return False
        self._idle_since = None  # first: it may be answered at once, and idle after that
        if not self._goes_straight(said.meant, body, keep_alive=True):
            return False
        self.number += 1
        self._moved = True
        self._strange = 0
        return True

    def _remember(self, data: bytes, head: Head) -> None:
        """What went straight just now; a client that never says the same costs little."""
        if self._strange < STRANGE:
            self._strange += 1
            self._said = Said.of(data, head)

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
        before = self.cycle
        super().on_headers_complete()
        if scope["http_version"] == "1.0" and self.cycle is not before:  # it offers no websocket
            self.cycle.chunked_encoding = False
            self.cycle.expected_content_length = UntilItCloses()
