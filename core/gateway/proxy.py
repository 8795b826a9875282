"""The hot path: who asks for which model, and then bytes both ways.

    client ──► which path? ──► body, `model` ──► route ──────────► LiteLLM ──► engine
                   │                │             │ none: admission   │
                   │                │             │ (may take minutes)│
                   ▼                ▼             ▼                   ▼
              404, 405         400, 413      404, 429, 5xx     answer, piece by piece
                   └────────────────┴─────────────┴───────────────────┴──► RequestFinished, once

A hit takes no lock, no database and no wait that is not the network's. This module reaches
neither the store nor switching nor the engines (a contract of the build): what it needs of them
arrives as three callables.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from core.clock import Clock
from core.errors import StudioError
from core.gateway.answer import answer_of
from core.gateway.body import Body, peek_form, peek_json
from core.gateway.calls import Calls
from core.gateway.cancelling import CancelScope, Interrupted, Reason
from core.gateway.connection import Connection
from core.gateway.errors import (
    BodyTooLarge,
    Cut,
    KeyTaken,
    TooMany,
    UnknownPath,
    UpstreamLost,
    WaitedTooLong,
    WrongMethod,
)
from core.gateway.headers import back_to_client, on_to_gateway, wished_ttl
from core.gateway.inflight import InFlight
from core.gateway.loading_feedback import LoadingFeedback
from core.gateway.paths import ALLOWED, PathRule
from core.gateway.request_record import Call
from core.gateway.routes import Route, Routes
from core.gateway.upstream import Upstream, request_head
from events.facts.usage import RequestFinished

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 50_000_000
CONNECT_AGAIN_S = 0.2  # the gateway refused the connection: it is probably being restarted
TELL_S = 0.5  # a client that does not read may not hold up the end
ENDED_HERE = {
    "cut": "the request was cut because its model had to make room",
    "cancelled": "the request was cancelled",
    "revoked": "the request was ended because its API key was revoked",
    "stopping": "the request was cut because vLLM Studio is stopping",
}


class Admit(Protocol):
    """`Admission.admit`: waits for a model and returns its route, or raises StudioError."""

    async def __call__(
        self, name: str, *, actor: str, request_id: str, timeout_s: float | None = None
    ) -> Route:
        """Return when `name` is served."""
        ...


class Proxy:
    """ASGI application for every `/v1` path but the listing of models."""

    def __init__(
        self,
        *,
        routes: Routes,
        inflight: InFlight,
        admit: Admit,
        finished: Callable[[RequestFinished], None],
        gateway_ready: Callable[[float], Awaitable[None]],
        clock: Clock,
        demand_serving: Callable[[], None] = lambda: None,
        wait_s: float = 900.0,
        max_body: int = MAX_BODY,
        upstream: Upstream | None = None,
        loading: LoadingFeedback | None = None,
    ) -> None:
        """`gateway_ready(seconds)` returns when LiteLLM takes requests; raises Unavailable.

        `demand_serving` raises when no request is to be served now.
        `wait_s`: how long a request may wait for model and gateway together.
        `loading`: tells streaming clients of the load they wait for; None: nobody is told.
        """
        self._routes = routes
        self._inflight = inflight
        self._admit = admit
        self._finished = finished
        self._gateway_ready = gateway_ready
        self._clock = clock
        self._demand_serving = demand_serving
        self._wait_s = wait_s
        self._max_body = max_body
        self._upstream = upstream or Upstream(clock=clock)
        self._loading = loading
        self.calls = Calls()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; however it ends, one RequestFinished tells of it."""
        if scope["type"] != "http":
            return
        call = Call(scope, send, self._clock)
        try:
            await self._answered(call, scope, receive)
        finally:
            self.calls.leave(call.request_id)
            if call.ticket is not None:
                self._inflight.leave(call.ticket)
            self._finished(call.fact())

    def close(self) -> None:
        """Let go of idle connections. Running requests are the server's to end."""
        self._upstream.close()

    async def _answered(self, call: Call, scope: Scope, receive: Receive) -> None:
        """Serve, and turn every way to fail into an answer and an outcome."""
        try:
            with CancelScope() as end:
                self.calls.enter(call.request_id, call.view, end.cancel)
                await self._serve(call, scope, receive, end)
        except Interrupted as interrupted:
            if interrupted.reason == "client_gone":
                call.outcome = "client_gone"
                return
            call.outcome = "cancelled"
            await call.reply.fail(ended_here(interrupted.reason))
        except StudioError as error:
            call.failed(error)
            await call.reply.fail(error)
        except asyncio.CancelledError:  # the server goes down: whoever came too late to be told
            call.outcome = "cancelled"
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(TELL_S):
                    await call.reply.fail(ended_here("stopping"))
            raise
        except Exception as error:
            log.exception("request %s failed", call.request_id)
            call.outcome = "error"
            await call.reply.fail(StudioError(f"vLLM Studio failed: {error}", code="internal"))

    async def _serve(self, call: Call, scope: Scope, receive: Receive, end: CancelScope) -> None:
        rule = self._rule(call, scope)
        self._demand_serving()
        data = await self._body(scope, receive)
        body = peek_form(data, call.content_type) if rule.multipart else peek_json(data)
        body.demand(rule.needs)  # before anything is loaded, or evicted, for it
        call.asked_for(body.model, stream=body.stream)
        watcher = asyncio.create_task(_watch(receive, end))
        try:
            connection = await self._sent(call, scope, body, end)
            try:
                await self._pass_back(call, connection, rule)
            finally:
                self._upstream.done(connection)
        finally:
            watcher.cancel()

    def _rule(self, call: Call, scope: Scope) -> PathRule:
        rule = ALLOWED.get(call.path)
        if rule is None:
            raise UnknownPath(call.path.decode("utf-8", "replace"))
        if scope["method"] != "POST":
            raise WrongMethod(scope["method"], call.path.decode())
        return rule

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, within the limit."""
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > self._max_body:
            raise BodyTooLarge(self._max_body)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Interrupted("client_gone")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._max_body:
                raise BodyTooLarge(self._max_body)
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _sent(self, call: Call, scope: Scope, body: Body, end: CancelScope) -> Connection:
        """Find the route, wait for what must be waited for, and send. Returns with the headers.

        1. a route, from the table or from admission
        2. the gateway, should it be restarting
        3. is the route still the one? then count the request in, with no await in between
        4. send; when nobody took it, begin again
        """
        deadline = self._clock.monotonic() + self._wait_s
        ttl_s = wished_ttl(scope["headers"])
        while True:
            route = await self._told_route(call, scope, body, deadline)
            self._enter(call, route, end)
            if ttl_s is not None:
                self._inflight.keep_for(route.recipe_id, ttl_s)
            try:
                return await self._request(call, scope, route, body)
            except UpstreamLost as lost:
                if not lost.unsent:
                    raise
                self._leave(call)
                if self._clock.monotonic() + CONNECT_AGAIN_S > deadline:
                    raise WaitedTooLong("the gateway did not come up in time") from None
                await asyncio.sleep(CONNECT_AGAIN_S)

    async def _told_route(self, call: Call, scope: Scope, body: Body, deadline: float) -> Route:
        """The route; who wants to hear of the load it must wait for hears of it."""
        waiting = self._ready_route(call, body.model, deadline)
        loading = self._loading
        if (
            loading is None
            or self._routes.current.get(body.model) is not None
            or not loading.wanted(call.path, scope["headers"], stream=body.stream)
        ):
            return await waiting
        return await loading.telling(call, body.model, waiting)

    async def _ready_route(self, call: Call, name: str, deadline: float) -> Route:
        while True:
            route = self._routes.current.get(name)
            if route is None:
                route = await self._admitted(call, name, deadline)
            await self._gateway_ready(max(0.0, deadline - self._clock.monotonic()))
            if self._routes.current.get(route.name) == route:
                call.waited()
                return route
            await asyncio.sleep(0)  # it was withdrawn in the last moment: look again

    async def _admitted(self, call: Call, name: str, deadline: float) -> Route:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise WaitedTooLong(f"{name} was not ready within {self._wait_s:.0f} s")
        return await self._admit(name, actor=call.actor, request_id=call.request_id, timeout_s=left)

    def _enter(self, call: Call, route: Route, end: CancelScope) -> None:
        """Counted in. A place is kept for who waited for the model and was let through."""
        limit, inflight = route.concurrency, self._inflight
        if limit is not None and limit <= inflight.count(route.recipe_id) + inflight.owed(
            route.recipe_id, but=call.request_id
        ):
            raise TooMany(f"{route.name} serves {limit} requests at once, and does so already")
        call.entered(route, self._inflight.enter(route, call.request_id, end.cancel))

    def _leave(self, call: Call) -> None:
        if call.ticket is not None:
            self._inflight.leave(call.ticket)
            call.ticket = None

    async def _request(self, call: Call, scope: Scope, route: Route, body: Body) -> Connection:
        data = body.sent(route.upstream_model, route.filter)
        query = scope.get("query_string", b"")
        target = call.path + b"?" + query if query else call.path
        headers = on_to_gateway(
            scope["headers"], route, call.request_id, is_json=body.fields is not None
        )
        head = request_head(b"POST", target, route.host, route.port, headers, len(data))
        return await self._upstream.request(route.host, route.port, head, data)

    async def _pass_back(self, call: Call, connection: Connection, rule: PathRule) -> None:
        """Every piece as it comes, until the answer is complete."""
        answer = answer_of(connection.header(b"content-type"), rule.last)
        events = connection.header(b"content-type").startswith(b"text/event-stream")
        call.reply.plan(connection.status, back_to_client(connection.headers), events=events)
        call.watch(answer)
        while piece := await connection.read():
            call.first_byte()
            ready = answer.feed(piece)
            if ready:
                await call.reply.write(ready)
        if connection.status >= 500 and answer.engine_lost:
            raise UpstreamLost("the engine ended while it was answering", code="engine_lost")
        rest = answer.end()
        if connection.status < 400 and not answer.is_whole():
            if rest:
                await call.reply.write(rest)
            raise UpstreamLost("the answer broke off before its end")
        if answer.engine_lost:
            if rest:
                await call.reply.write(rest)
            raise UpstreamLost("the engine ended while it was answering", code="engine_lost")
        call.outcome = "error" if answer.failed or connection.status >= 400 else "ok"
        await call.reply.finish(rest)


def ended_here(reason: Reason) -> Cut:
    """What a client is told whose request somebody here ended."""
    kind = KeyTaken if reason == "revoked" else Cut
    return kind(ENDED_HERE[reason], code=reason)


async def _watch(receive: Receive, end: CancelScope) -> None:
    """Servers tell that a client left only to those who ask."""
    while (await receive())["type"] != "http.disconnect":
        pass
    end.cancel("client_gone")
