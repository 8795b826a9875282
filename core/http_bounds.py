"""What a client may take of us before it has asked for anything: bytes, time, and liberties.

uvicorn reads a head for as long as one comes, however long it gets and however slowly, takes what
follows a chunked body for more of the head, and loses the body of a request that offers another
protocol. Nobody's key was looked at by then, so all of that has bounds here.

    head    LONGEST_HEAD bytes, else 431; two looks at the same unfinished one, else 408
    body    something of it within any minute, which is two looks, else 408; who was answered
            already may send on until the second look and is closed then
    offers  of another protocol than websockets are passed over, as RFC 9110 (7.8) lets a server do
    answer  some of what waits for it taken within UNREAD_LOOKS looks, else the connection ends
    refusal who is refused, or is answered before all of a body came, and is closed after that, may
            send on for LINGER_S: the system resets a connection that is closed before all was read,
            and many a client loses the answer with it
    room    `most_connections` at once: who is not served makes room, and where all are, who comes
            is told 503

A connection is looked at every LOOK_S seconds, so that nothing is measured for each request.
"""

import asyncio
import contextlib
from abc import abstractmethod
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from core.open_files import most_connections

LONGEST_HEAD = 64 * 1024  # bytes
LOOK_S = 30.0  # what is too slow is found out by the second look
UNREAD_LOOKS = 4  # in a row that found the same bytes waiting for the client: two minutes
LINGER_S = 30.0
ROOM = 64  # connections that are closed at once, so that not each that comes looks through all


class BoundedProtocol(HttpToolsProtocol):
    """One connection of a client; `core.http_protocol` says where in a request it is."""

    in_head = True  # nothing came yet, or not all of a head
    in_body = False
    number = 0  # of the request that is being read
    _head_size = 0
    lingering = False  # all is said, and what still comes is thrown away
    _moved = False  # something came since the last look
    _still = False  # nothing had come between the last look and the one before it
    # At the last look: a request that had not come to its end, and whether it was answered.
    _seen: tuple[int, bool] | None = None
    _looking: asyncio.TimerHandle | None = None
    _waiting = 0  # bytes for the client that it had not taken at the last look
    _untaken = 0  # looks in a row that found just these

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self._looking = self.loop.call_later(LOOK_S, self.look)
        if len(self.connections) > most_connections():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left."""
        super().connection_lost(exc)
        self._look_no_more()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol takes over."""
        super().handle_websocket_upgrade()
        self._look_no_more()

    def data_received(self, data: bytes) -> None:
        """Bytes of a client."""
        if self.lingering:
            return
        if self.in_head or self.in_body:
            self._unset_keepalive_if_required()
        self._moved = True
        before = self.number if self.in_head else -1
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            elif self.parser.get_method() == b"CONNECT":
                self.refuse(405, "This is no proxy.")
            else:
                self._pass_over(data[offer.args[0] :])
            return
        except httptools.HttpParserError:
            self.refuse(400, "Invalid HTTP request received.")
            return
        if not self.in_head:
            self._head_size = 0
        elif self.number > 1 and before != self.number:
            self._head_size = 0  # it began within these bytes
        else:
            self._head_size += len(data)
            if self._head_size > LONGEST_HEAD:
                self.refuse(431, f"The head of a request may have {LONGEST_HEAD} bytes.")

    def look(self) -> None:
        """Time to see whether the client gets anywhere. Who is served is left alone."""
        if self._takes_nothing():
            self.transport.abort()  # to close would wait for it
            return
        self._looking = self.loop.call_later(LOOK_S, self.look)
        moved, self._moved = self._moved, False
        was_still, self._still = self._still, not moved
        before, self._seen = self._seen, None
        if self.flow.read_paused or self._is_earlier_served():
            self._still = False  # it is we who do not read
            return
        if self.in_head:
            self._seen = (self.number, False)
            if before == self._seen:
                self.refuse(408, "The head of the request did not come in time.")
        elif self.in_body:
            current = self.current()
            answered = current is not None and current.response_complete
            self._seen = (self.number, answered)
            if before == self._seen and (answered or (was_still and not moved)):
                self.refuse(408, "The body of the request did not come in time.")
        else:
            self.rest()

    def linger(self) -> None:
        """Say no more, but read on, so that the client hears what was said."""
        self.lingering = self.in_head = True
        self._look_no_more()
        self._looking = self.loop.call_later(LINGER_S, self.transport.abort)
        with contextlib.suppress(OSError):  # it may have left
            self.transport.write_eof()
        self.flow.resume_reading()

    @abstractmethod
    def is_over(self) -> bool:
        """Whether it was ended. Who lingers is there, whatever its transport says."""

    @abstractmethod
    def rest(self) -> None:
        """Nobody is served, and no request has begun, whatever else came."""

    def refuse(self, status: int, why: str) -> None:
        """Say so and close; only close, where nothing was asked or an answer has begun."""
        current = self.current()
        has_begun = current is not None and current.response_started
        if self.number and not has_begun and not self._is_earlier_served():
            head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            told = b"content-length: %d\r\n\r\n%b" % (len(why), why.encode())
            self.transport.write(STATUS_LINE[status] + head + told)
            if current is not None:  # who serves it waits for no more of it, and is not heard
                current.disconnected = True
                current.message_event.set()
        self.transport.close()

    def _takes_nothing(self) -> bool:
        """Whether what waits for the client has been the same for long, whatever it still sends."""
        before = self._waiting
        self._waiting = waiting = self.transport.get_write_buffer_size()
        self._untaken = self._untaken + 1 if waiting and waiting == before else 0
        return self._untaken >= UNREAD_LOOKS

    def _make_room(self) -> None:
        """End those that are not served, first who never asked; this one where all are.

        Who still takes an answer is left alone, unless it took nothing of it at the last look.
        """
        others = cast("set[Any]", self.connections) - {self}  # websockets, too: all are served
        there = [one for one in others if not _is_over(one)]
        if len(there) < most_connections():
            return  # room was made for another one, in this very turn
        ours = (one for one in there if isinstance(one, BoundedProtocol))
        unserved = [one for one in ours if not one._is_served()]
        idle = [one for one in unserved if one.lingering or not one._takes_an_answer()]
        idle = idle or [one for one in unserved if one._untaken]
        ended = sorted(idle, key=_of_little_use)[:ROOM]
        for one in ended:
            one.transport.abort()
        if len(there) - len(ended) >= most_connections():
            head = b"retry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(STATUS_LINE[503] + head)
            self.number = 1  # it asks in a moment, and hears this when it has
            self.transport.close()

    def _takes_an_answer(self) -> bool:
        return self.transport.get_write_buffer_size() > 0

    def _is_served(self) -> bool:
        """Whether somebody works for it, or will in a moment: its body is being gathered."""
        if self.lingering:
            return False
        cycle = self.cycle
        answered = cycle is None or cycle.response_complete
        return not answered or (self.in_body and self.current() is None)

    def current(self) -> RequestResponseCycle | None:
        """The exchange of the request whose body is being read, where it has one by now."""
        return self.cycle if self.in_body else None

    def _is_earlier_served(self) -> bool:
        """Whether a request is served that came before the one that is being read."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        return bool(self.pipeline) or self.current() is None

    def _pass_over(self, rest: bytes) -> None:
        """Read the request again as one that offers nothing: the parser ends where it does."""
        parser = self.parser
        version = parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.number -= 1
        self.parser = httptools.HttpRequestParser(cast(Any, self))
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"\r\n".join((*lines, b"", rest)))

    def _look_no_more(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None


def _is_over(one: Any) -> bool:  # noqa: ANN401 - websockets are none of ours
    return one.is_over() if isinstance(one, BoundedProtocol) else one.transport.is_closing()


def _of_little_use(one: BoundedProtocol) -> tuple[bool, int]:
    """Who was told all comes first, who has asked much last."""
    return not one.lingering, one.number
