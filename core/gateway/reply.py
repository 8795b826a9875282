"""The client's side of one request: what has been said to it, and how an ending is told.

Nothing is sent before there is something to send, so that a failure can still get its own status.
After that a stream ends with an error event in the client's dialect, and anything else by closing
the connection: an answer is never cut short in silence.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from core.errors import StudioError
from core.gateway.dialects import Dialect, error_answer, error_event
from core.gateway.routes import Header

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class BrokenOff(ConnectionError):
    """Raised to the server, so that it closes the connection instead of ending the answer."""


class Reply:
    """Begins on the first byte."""

    def __init__(self, send: Send, dialect: Dialect, own_headers: Iterable[Header]) -> None:
        self._send = send
        self._dialect = dialect
        self._own_headers = list(own_headers)
        self._headers: list[Header] = []
        self._events = False
        self.status = 0  # what the client was told; 0: nothing yet
        self.ended = False
        self._planned = 200

    def plan(self, status: int, headers: list[Header], *, events: bool) -> None:
        """What the answer will begin with."""
        self._planned, self._headers, self._events = status, headers, events

    def add_header(self, name: bytes, value: bytes) -> None:
        """One more header of our own."""
        self._own_headers.append((name, value))

    async def write(self, data: bytes) -> None:
        """Send a piece; waits while the client is slow."""
        if not self.status:
            await self._begin(self._planned, self._headers)
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, data: bytes = b"") -> None:
        """Send the last piece."""
        if not self.status:
            await self._begin(self._planned, self._headers)
        self.ended = True
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def fail(self, error: StudioError) -> None:
        """Say what went wrong, in the way that is left. Raises BrokenOff when none is."""
        if self.ended:
            return
        if not self.status:
            status, headers, body = error_answer(self._dialect, error)
            await self._begin(status, headers)
            await self.finish(body)
        elif self._events:
            await self.finish(error_event(self._dialect, error))
        else:
            self.ended = True
            raise BrokenOff(error.message)

    async def _begin(self, status: int, headers: list[Header]) -> None:
        self.status = status
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, *self._own_headers],
            }
        )
