"""The hot path: who asks for which model, and then bytes both ways.

    client ──► which path? ──► body, `model` ──► key ─────► cache ────► fetching ──► engine
                   │                │             │           │             │
                   ▼                ▼             ▼           ▼             ▼
              404, 405         400, 413       403, 429    there already   answer, piece by piece
                   └────────────────┴─────────────┴───────────┴─────────────┴──► RequestFinished,
                                                                                 once
A hit takes no lock, no database and no wait that is not the network's. This module reaches
neither the store nor switching nor the engines (a contract of the build): what it needs of them
is handed to it, in the words of `core.gateway.hooks`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

from core.clock import Clock
from core.gateway.allowed_tools import with_allowed_tools
from core.gateway.body import Body, peek_form, peek_json
from core.gateway.calls import Calls, key_of
from core.gateway.cancelling import CancelScope, Interrupted, Reason
from core.gateway.departure import watch as watch_departure
from core.gateway.errors import BodyTooLarge, WrongMethod, ended_here
from core.gateway.fetching import Fetching
from core.gateway.hooks import (
    AnswerCache,
    Asked,
    CachePlan,
    Captured,
    Captures,
    Fetched,
    KeyGate,
    Sink,
)
from core.gateway.lanes import Lane
from core.gateway.paths import ALLOWED, PathRule, nothing_at
from core.gateway.reasoning import with_both_names
from core.gateway.request_record import Call
from core.gateway.routes import Route
from core.gateway.straight import Client, Straight, Whole
from core.gateway.unstreamed import with_stream_said
from events.facts.usage import RequestFinished

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Serve = Callable[[CancelScope], Awaitable[None]]

MAX_BODY = 50_000_000
TELL_S = 0.5  # a client that does not read may not hold up the end


class Proxy:
    """ASGI application for every `/v1` path but the listing of models."""

    def __init__(
        self,
        *,
        fetching: Fetching,
        finished: Callable[[RequestFinished], None],
        clock: Clock,
        demand_serving: Callable[[], None] = lambda: None,
        recipe_of: Callable[[str], str | None] = lambda name: None,
        max_body: int = MAX_BODY,
        gate: KeyGate | None = None,
        cache: AnswerCache | None = None,
        captures: Captures | None = None,
    ) -> None:
        """`demand_serving` raises when no request is to be served now.

        `recipe_of`: the recipe behind a name, for answers that needed no engine.
        """
        self._fetching = fetching
        self._finished = finished
        self._clock = clock
        self._demand_serving = demand_serving
        self._recipe_of = recipe_of
        self._max_body = max_body
        self._gate = gate
        self._cache = cache
        self._captures = captures
        self.calls = Calls()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; however it ends, one RequestFinished tells of it."""
        if scope["type"] == "http":
            call = Call.of(scope, send, self._clock)
            await self._served(call, partial(self._serve, call, scope, receive))

    def close(self) -> None:
        """Let go of idle connections. Running requests are the server's to end."""
        self._fetching.close()

    # ---- without a task (straight.py) -----------------------------------------------------------

    def straight(self, request: Whole, actor: str) -> bool:
        """Serve a request for which nothing needs to be waited; False: nothing was done for it."""
        key_id = key_of(actor)
        try:
            ready = self._ready(request, key_id)
        except Exception:  # whatever it is, the long way finds it again, and says it
            return False
        if ready is None:
            return False
        asked, rule, route, lane, ttl_s = ready
        call = Call(
            head=request.head,
            actor=actor,
            key_id=key_id,
            send=request.client.say,
            clock=self._clock,
        )
        call.asked_for(asked.name, stream=asked.body.stream)
        straight = Straight(self, self._fetching, call, asked, rule, request.client)
        self.calls.enter(call.request_id, call.view, straight.cancel)
        straight.begin(route, lane, ttl_s)
        return True

    def count_in(self, call: Call, asked: Asked) -> None:
        """Its key's limits, as memory knows them. Raises 429."""
        if self._gate is not None and call.key_id is not None:
            passed = self._gate.admit(call.key_id, call.request_id, asked.body)
            if passed is not None:
                call.reply.set_headers(*passed.headers)

    async def again(
        self,
        call: Call,
        asked: Asked,
        rule: PathRule,
        client: Client,
        ended: Callable[[], Reason | None],
    ) -> None:
        """Go the long way with a request whose connection was found dead, and which was let in.

        `ended`: why somebody ended it before this has begun.
        """

        async def fetch(end: CancelScope) -> None:
            reason = ended()
            if reason is not None:
                call.exchange.over()
                raise Interrupted(reason)
            client.watch(gone=partial(end.cancel, "client_gone"), room=nothing)
            await self._fetching.fetch(call, asked, rule, call.reply, end.cancel)

        call.exchange.sent = True
        call.reply.send_by(client.send)
        await self._served(call, fetch)

    def over(self, call: Call) -> None:
        """It has ended, and its client was told everything, or has left."""
        self.calls.leave(call.request_id)
        if self._gate is not None and call.key_id is not None:
            self._gate.leave(call.request_id)
        call.ended()
        if call.exchange.running:
            call.exchange.when_over(partial(self._tell, call))
        else:
            self._tell(call)

    def _ready(
        self, request: Whole, key_id: str | None
    ) -> tuple[Asked, PathRule, Route, Lane, float | None] | None:
        head, gate, cache = request.head, self._gate, self._cache
        rule = ALLOWED.get(head.path)
        if rule is None or rule.multipart or len(request.data) > self._max_body:
            return None
        if self._captures is not None and self._captures.active:
            return None
        if gate is not None and gate.asks_others:
            return None
        self._demand_serving()
        body = _checked(rule, request.data, "")
        asked = Asked(
            name=body.model,
            path=head.path,
            query=head.query,
            body=body,
            key_id=key_id,
            headers=head.headers,
        )
        if gate is not None and key_id is not None:
            gate.demand(key_id, name=asked.name, path=asked.path)
        if cache is not None and cache.plan(asked) is not None:
            return None
        ready = self._fetching.ready(asked, rule)
        return None if ready is None else (asked, rule, *ready)

    # ---- in a task ------------------------------------------------------------------------------

    def _tell(self, call: Call) -> None:
        fact = call.fact()
        if call.captured is not None:
            call.captured.end(fact)
        self._finished(fact)

    async def _served(self, call: Call, serve: Serve) -> None:
        try:
            await self._answered(call, serve)
        finally:
            self.over(call)

    async def _answered(self, call: Call, serve: Serve) -> None:
        """Serve, and turn every way to fail into an answer and an outcome."""
        try:
            with CancelScope() as end:
                self.calls.enter(call.request_id, call.view, end.cancel)
                await serve(end)
        except Interrupted as interrupted:
            told = call.interrupted(interrupted.reason)
            if told is not None:
                await call.reply.fail(told)
        except asyncio.CancelledError:  # the server goes down: whoever came too late to be told
            call.outcome = "cancelled"
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(TELL_S):
                    await call.reply.fail(ended_here("stopping"))
            raise
        except Exception as error:
            await call.reply.fail(call.broke(error))

    async def _serve(self, call: Call, scope: Scope, receive: Receive, end: CancelScope) -> None:
        """Refuse what can be refused before anything is loaded, or evicted, for it."""
        rule = _rule(call, scope)
        self._demand_serving()
        data = await self._body(call, receive)
        body = _checked(rule, data, call.content_types() if rule.multipart else "")
        call.asked_for(body.model, stream=body.stream)
        asked = Asked(
            name=body.model,
            path=call.path,
            query=scope.get("query_string", b""),
            body=body,
            key_id=call.key_id,
            headers=call.headers,
        )
        watch = watch_departure(scope, receive, partial(end.cancel, "client_gone"))
        try:
            await self._let_in(call, asked)
            call.captured = self._captured(call, asked)
            plan = None if self._cache is None else self._cache.plan(asked)
            if self._cache is None or plan is None:
                await self._fetching.fetch(call, asked, rule, call.reply, end.cancel)
            else:
                await self._from_cache(self._cache, plan, call, asked, rule)
        finally:
            watch.cancel()

    async def _let_in(self, call: Call, asked: Asked) -> None:
        """What a named key may, and whether it has anything left. Raises NotAllowed, 429."""
        gate = self._gate
        if gate is None or call.key_id is None:
            return
        gate.demand(call.key_id, name=asked.name, path=asked.path)
        passed = await gate.enter(call.key_id, call.request_id, asked.body)
        if passed is not None:
            call.reply.set_headers(*passed.headers)

    def _captured(self, call: Call, asked: Asked) -> Captured | None:
        if self._captures is None:
            return None
        captured = self._captures.begin(call.request_id, asked)
        if captured is not None:
            call.reply.tap = captured.feed
        return captured

    async def _from_cache(
        self, cache: AnswerCache, plan: CachePlan, call: Call, asked: Asked, rule: PathRule
    ) -> None:
        """One exchange may answer several requests, and then belongs to none of their clients."""

        async def fetch(sink: Sink) -> Fetched:
            with CancelScope() as end:
                await self._fetching.fetch(call, asked, rule, sink, end.cancel)
            return call.exchange.fetched(call.request_id)

        served = await cache.serve(plan, call.reply, fetch)
        call.served(served, self._recipe_of(asked.name))

    async def _body(self, call: Call, receive: Receive) -> bytes:
        """The whole body, within the limit."""
        told = call.headers.get(b"content-length", b"0")
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


def _checked(rule: PathRule, data: bytes, content_types: str) -> Body:
    """The body as far as it is looked at. Raises Invalid."""
    if rule.multipart:
        body = peek_form(data, content_types)
    else:
        body = with_allowed_tools(with_both_names(peek_json(data)))
        if rule.dialect == "responses":
            body = with_stream_said(body)
    body.demand(rule.needs, rule.alien)
    return body


def nothing() -> None:
    """Needs to be done."""


def _rule(call: Call, scope: Scope) -> PathRule:
    rule = ALLOWED.get(call.path)
    if rule is None:
        raise nothing_at(call.path)
    if scope["method"] != "POST":
        raise WrongMethod(scope["method"], call.path.decode())
    return rule
