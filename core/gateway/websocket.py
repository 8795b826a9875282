"""A websocket through us: `/v1/realtime?model=…`, messages both ways, straight to the engine.

    client ──► model, route ──► engine: upgrade ──► accepted ──► messages both ways ──► closed
                  │ none: admission     │ refused                     │ silence: counted out
                  ▼                     ▼                             ▼ a message: counted in
               404, 429, 5xx      the engine's own answer       RequestFinished, once, at the end

LiteLLM's realtime speaks a protocol of its own, so this is the direct lane, with the engine's key.
A websocket counts as in flight while messages move. One that has been silent for a while keeps no
model: a switch does not wait for it and a TTL runs; when its model goes, it is closed.
"""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from core.clock import Clock
from core.errors import NotAllowed, StudioError, Unavailable
from core.gateway.body import Body
from core.gateway.calls import WEBSOCKET, Calls, RunningRequest
from core.gateway.cancelling import CancelScope, Interrupted
from core.gateway.errors import (
    ENDED_HERE,
    Cut,
    UnknownPath,
    WaitedTooLong,
    ended_here,
)
from core.gateway.fetching import Admit
from core.gateway.hooks import Choices, KeyGate
from core.gateway.inflight import InFlight
from core.gateway.litellm_config import Endpoint
from core.gateway.proxy import Receive, Scope, Send
from core.gateway.request_record import Call
from core.gateway.routes import Route, Routes
from core.gateway.websocket_handshake import EngineRefused, asked_model, denying, upgraded
from core.gateway.websocket_presence import Presence, Talk
from events.facts.usage import RequestFinished

FINE = (1000, 1001, 1005)  # ways to close that are no failure
SWITCHING = 101
LOOK_AGAIN_S = 0.01  # a route and its engine go within one turn of each other
GOING = 1012  # the server restarts: come back
CLOSED_HERE = {"cut": GOING, "stopping": 1001, "cancelled": 1008, "revoked": 1008}
Closed = tuple[int, str]  # code, reason


class WebsocketBridge:
    """ASGI application for websockets under `/v1`."""

    def __init__(
        self,
        *,
        routes: Routes,
        inflight: InFlight,
        calls: Calls,
        admit: Admit,
        endpoint_of: Callable[[str], Endpoint | None],
        finished: Callable[[RequestFinished], None],
        clock: Clock,
        idle_s: Callable[[], float],
        wait_s: float = 900.0,
        demand_serving: Callable[[], None] = lambda: None,
        gate: KeyGate | None = None,
        choices: Choices | None = None,
    ) -> None:
        """`endpoint_of` gives the ready engine of a recipe; the rest is as the Proxy has it."""
        self._routes = routes
        self._inflight = inflight
        self._calls = calls
        self._admit = admit
        self._endpoint_of = endpoint_of
        self._finished = finished
        self._clock = clock
        self._idle_s = idle_s
        self._wait_s = wait_s
        self._demand_serving = demand_serving
        self._gate = gate
        self._choices = choices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one websocket; however it ends, one RequestFinished tells of it."""
        call = Call.of(scope, denying(scope, send), self._clock)
        try:
            await self._answered(call, scope, receive, send)
        finally:
            self._calls.leave(call.request_id)
            self._leave(call)
            if self._gate is not None and call.key_id is not None:
                self._gate.leave(call.request_id)
            self._finished(call.fact())

    async def _answered(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and turn every way to fail into a refusal, or into how it is closed."""
        try:
            with CancelScope() as end:
                self._calls.enter(call.request_id, lambda: _view(call), end.cancel)
                code, reason = await self._serve(call, scope, receive, send, end)
        except Interrupted as interrupted:
            if interrupted.reason == "client_gone":
                call.outcome = "client_gone"
                return
            call.outcome = "cancelled"
            if not call.reply.status:
                await call.reply.fail(ended_here(interrupted.reason))
                return
            code, reason = CLOSED_HERE[interrupted.reason], ENDED_HERE[interrupted.reason]
        except EngineRefused as refused:
            call.outcome = "error"
            kind = [(b"content-type", refused.content_type)]
            call.reply.plan(refused.status, kind, events=False)
            await call.reply.finish(refused.body)
            return
        except StudioError as error:
            call.failed(error)
            if not call.reply.status:
                await call.reply.fail(error)
                return
            code, reason = _closing(error), error.message
        except OSError:  # the server's way to say that the client is gone
            call.outcome = "client_gone"
            return
        if code:
            await _close(send, code, reason)

    async def _serve(
        self, call: Call, scope: Scope, receive: Receive, send: Send, end: CancelScope
    ) -> Closed:
        """1. a route 2. the engine's own upgrade 3. ours 4. messages, until one side closes."""
        await receive()  # "websocket.connect"
        if call.path != WEBSOCKET.encode():
            raise UnknownPath(call.path.decode("utf-8", "replace"))
        self._demand_serving()
        name = asked_model(scope)
        call.asked_for(name, stream=True)
        await self._let_in(call, name)
        watcher = asyncio.create_task(_watch(receive, end))
        try:
            route, endpoint = await self._ready(call, self._chosen(name))  # 1
            call.waited()
            self._enter(call, route, end)
            upstream = await upgraded(scope, endpoint, route.engine_model)  # 2
        finally:
            watcher.cancel()
        talk = Talk()
        presence = Presence(
            call, lambda: self._enter(call, route, end), lambda: self._leave(call), self._idle_s()
        )
        try:
            await _accept(call, send, upstream.subprotocol)  # 3
            call.watch(talk)
            presence.begin()
            return await self._both_ways(call, receive, send, upstream, talk, presence)  # 4
        finally:
            presence.close()
            await upstream.close()

    async def _let_in(self, call: Call, name: str) -> None:
        """A key's limits count a websocket as one request; its tokens follow at the end."""
        gate, key_id = self._gate, call.key_id
        if gate is None or key_id is None:
            return
        gate.demand(key_id, name=name, path=call.path)
        if "direct" not in gate.lanes(key_id).allowed:
            raise NotAllowed(
                "this key may not take the direct lane, and websockets have no other",
                code="lane_not_allowed",
            )
        await gate.enter(key_id, call.request_id, Body(data=b"", model=name, stream=True))

    def _chosen(self, name: str) -> str:
        """The best of a virtual model's members as things stand; nobody stands in later."""
        names = None if self._choices is None else self._choices.chain(name)
        return names[0] if names else name

    async def _ready(self, call: Call, name: str) -> tuple[Route, Endpoint]:
        deadline = self._clock.monotonic() + self._wait_s
        while True:
            route = self._routes.current.get(name)
            if route is None:
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    raise WaitedTooLong(f"{name} was not ready within {self._wait_s:.0f} s")
                route = await self._admit(
                    name, actor=call.actor, request_id=call.request_id, timeout_s=left
                )
            if route.remote:
                raise UnknownPath(f"{WEBSOCKET} of {name}, which is a model elsewhere")
            endpoint = self._endpoint_of(route.recipe_id)
            offered = self._routes.current.get(route.name) == route
            if offered and endpoint is not None and endpoint.engine_id == route.engine_id:
                return route, endpoint
            if self._clock.monotonic() > deadline:
                raise WaitedTooLong(f"the engine of {name} was not ready in time")
            await asyncio.sleep(LOOK_AGAIN_S)  # it went in the last moment

    def _enter(self, call: Call, route: Route, end: CancelScope) -> None:
        """Count it in; refused when its engine is not offered any more, or has enough to do."""
        current = self._routes.current.get(route.name)
        if current is None or current.engine_id != route.engine_id:
            raise Cut("its model was unloaded", code="unloaded")
        call.entered(route, self._inflight.enter(route, call.request_id, end.cancel), "direct")

    def _leave(self, call: Call) -> None:
        if call.ticket is not None:
            self._inflight.leave(call.ticket)
            call.ticket = None

    async def _both_ways(
        self,
        call: Call,
        receive: Receive,
        send: Send,
        upstream: ClientConnection,
        talk: Talk,
        presence: Presence,
    ) -> Closed:
        """How the client is to be told that it is over; code 0: it was the one who closed."""

        async def to_engine() -> Closed:
            while (message := await receive())["type"] != "websocket.disconnect":
                presence.moved()
                text = message.get("text")
                await upstream.send(message["bytes"] if text is None else text)
            code = int(message.get("code") or 1005)
            call.outcome = "ok" if code in FINE else "client_gone"
            return 0, ""

        async def to_client() -> Closed:
            while True:
                message = await upstream.recv()
                presence.moved()
                call.first_byte()
                talk.saw(message)
                kind = "text" if isinstance(message, str) else "bytes"
                await send({"type": "websocket.send", kind: message})

        tasks = [asyncio.ensure_future(one()) for one in (to_engine, to_client)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        except ConnectionClosed as closed:
            return self._engine_closed(call, closed)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _engine_closed(self, call: Call, closed: ConnectionClosed) -> Closed:
        """The engine's own code, or, when it is simply gone, whether that was meant."""
        told = closed.rcvd
        if told is not None and told.code in FINE:
            call.outcome = "ok"
            return (1000 if told.code == 1005 else told.code), told.reason
        if call.ticket is None and self._routes.current.get(call.view().model) is None:
            call.outcome = "cancelled"
            return GOING, "its model was unloaded"
        call.outcome = "error"
        return (told.code, told.reason) if told is not None else (1011, "the engine ended")


async def _accept(call: Call, send: Send, subprotocol: str | None) -> None:
    call.reply.status = SWITCHING
    headers = [(b"x-request-id", call.request_id.encode()), (b"x-studio-lane", b"direct")]
    await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})


async def _close(send: Send, code: int, reason: str) -> None:
    with contextlib.suppress(OSError):  # it has gone by itself
        await send({"type": "websocket.close", "code": code, "reason": reason[:100]})


def _closing(error: StudioError) -> int:
    if isinstance(error, Cut):
        return GOING
    return 1013 if isinstance(error, Unavailable) else 1011


def _view(call: Call) -> RunningRequest:
    view = call.view()
    silent = call.ticket is None and call.reply.status == SWITCHING
    return msgspec.structs.replace(view, state="idle") if silent else view


async def _watch(receive: Receive, end: CancelScope) -> None:
    """Until it is accepted a client can only leave."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
    end.cancel("client_gone")
