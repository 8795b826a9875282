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
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

from core.clock import Clock
from core.errors import StudioError
from core.gateway.body import peek_form, peek_json
from core.gateway.calls import Calls
from core.gateway.cancelling import CancelScope, Interrupted, Reason
from core.gateway.departure import watch as watch_departure
from core.gateway.errors import BodyTooLarge, Cut, KeyTaken, UnknownPath, WrongMethod
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
from core.gateway.paths import ALLOWED, PathRule
from core.gateway.reasoning import with_both_names
from core.gateway.request_record import Call
from events.facts.usage import RequestFinished

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 50_000_000
TELL_S = 0.5  # a client that does not read may not hold up the end
ENDED_HERE = {
    "cut": "the request was cut because its model had to make room",
    "cancelled": "the request was cancelled",
    "revoked": "the request was ended because its API key was revoked",
    "stopping": "the request was cut because vLLM Studio is stopping",
}


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
        if scope["type"] != "http":
            return
        call = Call.of(scope, send, self._clock)
        try:
            await self._answered(call, scope, receive)
        finally:
            self.calls.leave(call.request_id)
            if self._gate is not None and call.key_id is not None:
                self._gate.leave(call.request_id)
            call.ended()
            call.exchange.when_over(lambda: self._tell(call))

    def close(self) -> None:
        """Let go of idle connections. Running requests are the server's to end."""
        self._fetching.close()

    def _tell(self, call: Call) -> None:
        fact = call.fact()
        if call.captured is not None:
            call.captured.end(fact)
        self._finished(fact)

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
            call.error_code = interrupted.reason
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
        """Refuse what can be refused before anything is loaded, or evicted, for it."""
        rule = _rule(call, scope)
        self._demand_serving()
        data = await self._body(call, receive)
        if rule.multipart:
            body = peek_form(data, call.content_types())
        else:
            body = with_both_names(peek_json(data))
        body.demand(rule.needs, rule.alien)
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


def ended_here(reason: Reason) -> Cut:
    """What a client is told whose request somebody here ended."""
    kind = KeyTaken if reason == "revoked" else Cut
    return kind(ENDED_HERE[reason], code=reason)


def _rule(call: Call, scope: Scope) -> PathRule:
    rule = ALLOWED.get(call.path)
    if rule is None:
        raise UnknownPath(call.path.decode("utf-8", "replace"))
    if scope["method"] != "POST":
        raise WrongMethod(scope["method"], call.path.decode())
    return rule
