"""One HTTP/1.1 connection to the gateway or an engine: a request out, an answer back, then reuse.

    idle ──send──► waiting ──headers──► reading ──complete──► idle        (kept alive)
                      │                    │
                      └──── lost, abort ───┴──► closed

Bytes are parsed as they arrive and read by one task, or taken by whoever asked to be told of them.
Reading pauses the socket when they are not fetched, so a slow client slows the engine instead of
filling our memory.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

import httptools

from core.gateway.again import Said
from core.gateway.answer_head import AnswerHead
from core.gateway.errors import UpstreamLost
from core.gateway.pulse import Pulse
from core.gateway.routes import Header

HIGH_WATER = 256 * 1024  # bytes held before the socket is paused
STRANGE = 64  # heads in a row that are remembered in vain; then it is clear that all differ
_FRAMES = frozenset({b"content-length", b"transfer-encoding"})
LONGEST_HEAD = 256 * 1024  # bytes of status and headers, generously


class Connection(asyncio.Protocol):
    """Made by `core.gateway.upstream`, used by one request at a time."""

    def __init__(
        self, peer: tuple[str, int], *, called: str = "the gateway", pulse: Pulse | None = None
    ) -> None:
        """`pulse` beats with whatever comes from the other side."""
        self.peer = peer
        self._pulse = pulse or Pulse()
        self._called = called
        self.status = 0
        self.headers: list[Header] = []
        self.named: Mapping[bytes, bytes] = {}  # the same by name; of doubles the first
        self.kept: list[Header] | None = None  # those that go on to a client, where they are known
        self.alive = False
        self.answered = False  # at least one byte of the current answer has come
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._told: Callable[[], None] | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._paused = False
        self.complete = True  # nothing of the answer is still to come; it may wait to be taken
        self.headed = False  # status and headers are there
        self._head_size = 0
        self._keep = False
        self._broken = ""
        self._said: Said[AnswerHead] | None = None
        self._strange = 0  # heads in a row that had to be read

    # ---- the request's side ---------------------------------------------------------------------

    def send(self, head: bytes, body: bytes) -> None:
        """Begin an exchange. The connection must be idle."""
        self.status, self.headers, self.kept, self.answered = 0, [], None, False
        self.complete = self.headed = self._keep = False
        self._head_size = 0
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        if self._transport is not None:
            self._transport.writelines((head, body))

    async def begun(self) -> None:
        """Return when status and headers are there. Raises UpstreamLost."""
        while not self.headed:
            self.demand_alive()
            await self._news()

    async def read(self) -> bytes:
        """The next piece of the answer; empty when it is complete. Raises UpstreamLost."""
        while not self._pieces:
            if self.complete:
                return b""
            self.demand_alive()
            await self._news()
        return self.take()

    def tell(self, told: Callable[[], None] | None) -> None:
        """Call `told` with every news, instead of waiting in `begun` and `read`; None: no more."""
        self._told = told

    def take(self) -> bytes:
        """What has come of the answer since the last time; empty: nothing."""
        pieces = self._pieces
        if not pieces:
            return b""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._size = 0
        if self._paused and self._transport is not None and self.alive:
            self._paused = False
            self._transport.resume_reading()
        return data

    def demand_alive(self) -> None:
        """Raise UpstreamLost, with what is known of the reason, when nothing more can come."""
        if not self.alive:
            raise UpstreamLost(self._broken or f"{self._called} broke off while it was answering")

    @property
    def reusable(self) -> bool:
        """Whether the exchange ended cleanly and the other side keeps the connection."""
        return self.alive and self.complete and self._keep and not self._pieces

    def abort(self) -> None:
        """Close at once; the other side notices and stops working."""
        self.alive = False
        if self._transport is not None:
            self._transport.abort()

    @property
    def framed(self) -> bool:
        """Whether HTTP says where the answer ends; otherwise the connection's end is its end."""
        return not _FRAMES.isdisjoint(self.named)

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _give_up(self, reason: str) -> None:
        self._broken = self._broken or reason
        self.abort()

    def _wake(self) -> None:
        if self._told is not None:
            self._told()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- asyncio.Protocol -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self.alive = True

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed, by whomever."""
        self.alive = False
        if error is None and self.headed and not self._broken and not self.framed:
            self.complete = True
        self._parser = None  # it holds us: both would wait for the collector
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Bytes from the other side."""
        if self.complete or self._parser is None:  # nobody asked: not a peer to talk to again
            self.abort()
            return
        self.answered = self._pulse.beat = True
        fresh = not (self.headed or self._head_size)
        if fresh and (said := self._said) is not None and self._says_again(said, data):
            self._wake()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._give_up(f"{self._called} does not speak HTTP: {error}")
        if fresh and self.complete and self._keep and self._strange < STRANGE:
            self._remember(data)
        if not self.headed:
            self._head_size += len(data)
            if self._head_size > LONGEST_HEAD:
                self._give_up(f"the headers of {self._called} do not end")
        self._wake()
        if self._size > HIGH_WATER and not self._paused and self.alive and self._transport:
            self._paused = True
            self._transport.pause_reading()

    def _says_again(self, said: Said[AnswerHead], data: bytes) -> bool:
        """Whether these bytes are a whole answer that begins as one before."""
        body = said.body(data)
        if body is None:
            return False
        self.status, self.headers, self.named, self.kept = said.meant.saying(b"%d" % len(body))
        if body:
            self._pieces.append(body)
            self._size = len(body)
        self.headed = self.complete = self._keep = True
        self._strange = 0
        return True

    def _remember(self, data: bytes) -> None:
        """A whole answer came in one piece; not where another head came before its own."""
        self._strange += 1
        if data.startswith(b"HTTP/1.1 %d" % self.status):
            self._said = Said.of(data, AnswerHead.of(self.status, self.headers))

    # ---- httptools' callbacks -------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins. A second one, which nobody asked for, must not replace the first."""
        if self.complete:
            raise RuntimeError("two answers to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. What comes after the body, a trailer, has nowhere to go."""
        if not self.headed:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Status and headers are there."""
        assert self._parser is not None
        self.status = self._parser.get_status_code()
        self.named = dict(reversed(self.headers))
        self.headed = self.status >= 200

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._pieces.append(data)
        self._size += len(data)

    def on_message_complete(self) -> None:
        """The answer is complete."""
        assert self._parser is not None
        if self.status < 200:  # "100 Continue" and its kin announce the real answer
            self.headers = []
            return
        self._keep = self._parser.should_keep_alive()
        self.complete = True
