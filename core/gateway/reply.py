"""The client's side of one request: what has been said to it, and how an ending is told.

Nothing is sent before there is something to send, so that a failure can still get its own status.
After that a stream ends with an error event in the client's dialect, and anything else by closing
the connection: an answer is never cut short in silence.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, Protocol

from core.errors import StudioError
from core.gateway.dialects import Dialect, error_answer, error_event, refusal_event
from core.gateway.routes import Header

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Fit = Callable[[bytes], bytes]
NO_CACHE: Header = (b"cache-control", b"no-cache")


class BrokenOff(ConnectionError):
    """Raised to the server, so that it closes the connection instead of ending the answer."""


class Teller(Protocol):
    """Takes an answer at any time."""

    def begin(self, status: int, headers: Sequence[Header], own: Iterable[Header] = ()) -> None:
        """What it begins with; goes out with what follows, at once.

        `own`: more headers, which say nothing of length or connection.
        """
        ...

    def go_on(self, body: bytes, *, more: bool) -> None:
        """A piece, or the last one."""
        ...


class Reply:
    """Begins on the first byte."""

    # As most leave it; what is said of one stands in its own dictionary.
    status = 0  # what the client was told; 0: nothing yet
    ended = False
    tap: Callable[[bytes], None] | None = None  # hears every byte of the body
    _events = False
    _planned = 200
    _headers: Sequence[Header] = ()
    _fit: Fit | None = None  # a stream that we began: how the answer continues it
    _held: list[bytes] | None = None  # an answer that can not continue that stream

    def __init__(self, send: Send, dialect: Dialect, own_headers: Iterable[Header]) -> None:
        self._send = send
        self._dialect = dialect
        self._own_headers = dict(own_headers)

    def send_by(self, send: Send) -> None:
        """Say it through this from now on."""
        self._send = send

    async def begin_stream(self, first: bytes, fit: Fit) -> None:
        """Begin a stream of events before the answer is there; `fit` makes its events continue it.

        From now on a failure is an event of this stream, whatever the upstream's status.
        """
        self._fit, self._events = fit, True
        await self._begin(200, [(b"content-type", b"text/event-stream; charset=utf-8"), NO_CACHE])
        await self.tell(first)

    async def tell(self, events: bytes) -> None:
        """More events of our own in a stream that we began."""
        if self.tap is not None:
            self.tap(events)
        await self._send({"type": "http.response.body", "body": events, "more_body": True})

    def plan(self, status: int, headers: list[Header], *, events: bool) -> None:
        """What the answer will begin with."""
        if self._fit is not None:
            self._held = None if events and status < 400 else []
        else:
            self._planned, self._headers, self._events = status, headers, events

    def set_headers(self, *headers: Header) -> None:
        """Headers of our own; said again, the newest count."""
        self._own_headers.update(headers)

    async def write(self, data: bytes) -> None:
        """Send a piece; waits while the client is slow."""
        if self._held is not None:
            self._held.append(data)
            return
        if not self.status:
            await self._begin(self._planned, self._headers)
        await self.tell(self._fit(data) if self._fit is not None else data)

    async def finish(self, data: bytes = b"") -> None:
        """Send the last piece."""
        if not self.status:
            await self._begin(self._planned, self._headers)
        if self._held is not None:
            data, self._held = refusal_event(self._dialect, b"".join((*self._held, data))), None
        elif self._fit is not None and data:
            data = self._fit(data)
        self.ended = True
        if self.tap is not None and data:
            self.tap(data)
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    # ---- to who is never waited for (straight.py), where nobody fits, holds or taps --------------

    def write_to(self, client: "Teller", data: bytes) -> None:
        """As `write`."""
        if not self.status:
            self.status = self._planned
            client.begin(self._planned, self._headers, self._own_headers.items())
        client.go_on(data, more=True)

    def finish_to(self, client: "Teller", data: bytes) -> None:
        """As `finish`."""
        self.ended = True
        if not self.status:
            self.status = self._planned
            client.begin(self._planned, self._headers, self._own_headers.items())
        client.go_on(data, more=False)

    async def fail(self, error: StudioError) -> None:
        """Say what went wrong, in the way that is left. Raises BrokenOff when none is."""
        if self.ended:
            return
        if not self.status:
            status, headers, body = error_answer(self._dialect, error)
            await self._begin(status, headers)
            await self.finish(body)
        elif self._events:
            self._held = None
            await self.finish(error_event(self._dialect, error))
        else:
            self.ended = True
            raise BrokenOff(error.message)

    async def _begin(self, status: int, headers: Sequence[Header]) -> None:
        self.status = status
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, *self._own_headers.items()],
            }
        )
