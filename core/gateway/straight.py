"""A request for which nothing needs to be waited, without a task: callbacks from socket to socket.

    the client's connection (core/http_protocol.py)          the engine's (connection.py)
        │ the whole request is there                               ▲          │
        ▼                                                          │          │ news
    Guard.straight ─► Proxy.straight ─ ready ─► begin ─────────────┘          ▼
        │                   │              counted in, sent      what came goes to the client
        └───── no ──────────┴─► nothing was done:                             │
                                the long way is taken            the end: RequestFinished, once

Ready is a plain POST whose model has a route, with an open connection to whom its lane leads to
(LiteLLM, or the engine itself), no other model to try, no cache, nobody who reads along, no limits
that others are asked about.
Everything that is decided on the way is decided where the long way decides it: by the guard, the
gate, `fetching.py`, `passing.py`, `reply.py`. Both are held against each other by
`tests/core/gateway/test_straight.py`.

Whoever is slow is not waited for but paused: while the client does not read, nothing is taken from
the engine's connection, which stops reading by itself. A connection that closes before a byte came
back was one that the other side had let go of; the request then goes on in a task, the long way. So
does one under which LiteLLM dies, where it may go to the engine itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from core.errors import StudioError
from core.gateway.cancelling import Reason
from core.gateway.connection import Connection
from core.gateway.head import Head
from core.gateway.hooks import Asked
from core.gateway.lanes import Lane
from core.gateway.passing import Passing
from core.gateway.paths import PathRule
from core.gateway.reply import BrokenOff, Teller
from core.gateway.request_record import Call
from core.gateway.routes import Route

if TYPE_CHECKING:
    from core.gateway.fetching import Fetching
    from core.gateway.proxy import Proxy

log = logging.getLogger(__name__)


class Client(Teller, Protocol):
    """The client's side of a request without a task."""

    @property
    def paused(self) -> bool:
        """Whether it reads more slowly than it is written to."""
        ...

    def watch(self, *, gone: Callable[[], None], room: Callable[[], None]) -> None:
        """Call `gone` when it leaves, soon when it has left, and `room` when it reads again."""
        ...

    async def say(self, message: MutableMapping[str, Any]) -> None:
        """Send an ASGI message; never waits."""
        ...

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send an ASGI message; waits while the client is slow."""
        ...

    def close(self) -> None:
        """Break off."""
        ...

    def run(self, work: Awaitable[None]) -> None:
        """Go on in a task after all."""
        ...


class Whole(msgspec.Struct, frozen=True):
    """A POST that is there to its last byte."""

    head: Head
    data: bytes
    client: Client


class Straight:
    """One of them, from when it is known to be ready."""

    _connection: Connection | None = None
    _passing: Passing | None = None
    _reason: Reason | None = None
    _over = False

    def __init__(
        self,
        proxy: "Proxy",
        fetching: "Fetching",
        call: Call,
        asked: Asked,
        rule: PathRule,
        client: Client,
    ) -> None:
        self._proxy = proxy
        self._fetching = fetching
        self._call = call
        self._asked = asked
        self._rule = rule
        self._client = client

    def begin(self, route: Route, lane: Lane, ttl_s: float | None) -> None:
        """Let it in and send it."""
        call = self._call
        try:
            self._proxy.count_in(call, self._asked)
            call.exchange.running = True
            self._connection = self._fetching.begin(
                call, self._asked, route, lane, ttl_s, self.cancel, self._news
            )
            self._client.watch(gone=self._gone, room=self._news)
        except Exception as error:
            self._failed(error)

    def cancel(self, reason: Reason) -> None:
        """End it, in the next turn of the loop. The first word counts."""
        if self._reason is None:
            self._reason = reason
            if not self._over:  # otherwise `Proxy.again` asks before it begins
                asyncio.get_running_loop().call_soon(self._interrupted, reason)

    # ---- from both sides ------------------------------------------------------------------------

    def _news(self) -> None:
        """Something came from the engine, or there is room for it again."""
        connection = self._connection
        if self._over or connection is None:
            return
        try:
            self._go_on(connection)
        except Exception as error:
            self._failed(error)

    def _go_on(self, connection: Connection) -> None:
        passing, reply = self._passing, self._call.reply
        if passing is None:
            if not connection.headed:
                if connection.alive:
                    return
                if self._fetching.goes_on(self._call, self._asked, connection):
                    self._again(connection)
                    return
                connection.demand_alive()
            passing = self._passing = Passing(self._call, connection, self._rule, reply)
        if self._client.paused:
            return
        piece = connection.take()
        if piece:
            ready = passing.feed(piece)
            if ready:
                reply.write_to(self._client, ready)
        if not connection.complete:
            connection.demand_alive()
            return
        rest, lost = passing.end()
        if lost is not None:
            if rest:
                reply.write_to(self._client, rest)
            raise lost
        reply.finish_to(self._client, rest)
        self._leave()
        self._proxy.over(self._call)

    def _gone(self) -> None:
        """The client has left."""
        if self._reason is None:
            self._interrupted("client_gone")

    # ---- other ends -----------------------------------------------------------------------------

    def _interrupted(self, reason: Reason) -> None:
        if self._over:
            return
        if self._connection is not None:
            self._connection.abort()
        self._leave()
        told = self._call.interrupted(reason)
        if told is not None:
            self._say(told)
        self._proxy.over(self._call)

    def _failed(self, error: Exception) -> None:
        if self._over:
            log.error("request %s failed at its end", self._call.request_id, exc_info=error)
            return
        self._leave()
        told = self._call.broke(error)
        if self._call.reply.ended:  # its last piece did not fit what was announced
            self._client.close()
        else:
            self._say(told)
        self._proxy.over(self._call)

    def _say(self, error: StudioError) -> None:
        try:
            at_once(self._call.reply.fail(error))
        except BrokenOff:
            self._client.close()
        except Exception:
            log.exception("request %s could not be told of its end", self._call.request_id)
            self._client.close()

    def _leave(self) -> None:
        self._over = True
        self._fetching.end(self._call, self._connection)
        self._call.exchange.over()

    def _again(self, connection: Connection) -> None:
        if self._reason is not None:
            return  # it is ended in the next turn
        self._over = True
        self._fetching.end(self._call, connection, dead=True)
        self._client.run(
            self._proxy.again(
                self._call, self._asked, self._rule, self._client, lambda: self._reason
            )
        )


def at_once(work: Coroutine[Any, Any, None]) -> None:
    """Run what does not wait, because `Client.say` never does."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("this was to wait for nothing")
