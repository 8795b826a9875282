"""Gets one answer: which model, which engine, which lane, and then the bytes back into a sink.

    name ─► choices: these models, in turn
              │ for each
              ▼
            route, from the table or from admission (may take minutes)
              ▼
            lane ── gateway: LiteLLM may be restarting: wait, or go on directly where allowed
              ▼
            counted in, with no await since the route was looked at
              ▼
            sent; answered ─ 5xx, lost or refused before the first byte, another is left: next model
              ▼
            piece by piece into the sink

What was passed on is never taken back: from the first byte on there is no second try.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from core.clock import Clock
from core.errors import EngineFailure, Refused, StudioError, Unavailable
from core.gateway.body import Filter
from core.gateway.cancelling import Reason
from core.gateway.connection import Connection
from core.gateway.errors import Cut, UpstreamLost, WaitedTooLong
from core.gateway.exchange import Exchange
from core.gateway.headers import LOAD, TTL, may_load, wished_ttl
from core.gateway.hooks import Asked, Choices, Energy, KeyGate, Sink
from core.gateway.inflight import InFlight
from core.gateway.lanes import ANY, Lane, can_fail_over, choose_lane, wished_lane
from core.gateway.loading_feedback import LoadingFeedback
from core.gateway.passing import Passing
from core.gateway.paths import PathRule
from core.gateway.pulse import Pulse
from core.gateway.request_record import Call
from core.gateway.routes import Route, Routes
from core.gateway.sending import merged, written
from core.gateway.standing_in import able, may_answer
from core.gateway.upstream import ENGINE_IDLE_S, Upstream
from core.recipes.recipe import EngineKind

CONNECT_AGAIN_S = 0.2  # nobody took the connection: LiteLLM or the engine is being started again
REFUSED_MOST = 5  # times that an engine which counts as ready may not take a connection
ANOTHER_MAY = frozenset({408, 429, 500, 502, 503, 504, 529})  # answers that are no last word
Cancel = Callable[[Reason], None]


class Admit(Protocol):
    """`Admission.admit`: waits for a model and returns its route, or raises StudioError."""

    async def __call__(
        self, name: str, *, actor: str, request_id: str, timeout_s: float | None = None
    ) -> Route:
        """Return when `name` is served."""
        ...


class GatewayState(Protocol):
    """LiteLLM, as far as requests care."""

    @property
    def pulse(self) -> Pulse:
        """Beats while answers come through it."""
        ...

    def up(self) -> bool:
        """Whether it takes requests now."""
        ...

    async def ready(self, timeout_s: float) -> None:
        """Return when it takes requests. Raises Unavailable."""
        ...


class Fetching:
    """The way to an engine and back. Loop-bound; holds nothing of a single request."""

    def __init__(
        self,
        *,
        routes: Routes,
        inflight: InFlight,
        admit: Admit,
        gateway: GatewayState,
        clock: Clock,
        wait_s: float = 900.0,
        lane: Callable[[], str] = lambda: "gateway",
        may_fail_over: Callable[[], bool] = lambda: True,
        loaded_in: Callable[[str], float | None] = lambda recipe_id: None,
        loading: LoadingFeedback | None = None,
        choices: Choices | None = None,
        gate: KeyGate | None = None,
        energy: Energy | None = None,
        engine_of: Callable[[str], EngineKind | None] = lambda name: None,
    ) -> None:
        """`wait_s`: how long a request may wait for model and gateway together.

        `lane`: the one where nobody says which; `loaded_in`: how long a recipe took to load last.
        `engine_of`: the kind of engine behind a name, where it is known before it is loaded.
        """
        self._routes = routes
        self._inflight = inflight
        self._admit = admit
        self._gateway = gateway
        self._clock = clock
        self._upstream = Upstream(clock=clock, pulse=gateway.pulse)
        self._engines = Upstream(clock=clock, idle_s=ENGINE_IDLE_S, called="the engine")
        self._wait_s = wait_s
        self._lane = lane
        self._may_fail_over = may_fail_over
        self._loaded_in = loaded_in
        self._loading = loading
        self._choices = choices
        self._gate = gate
        self._energy = energy
        self._engine_of = engine_of

    def close(self) -> None:
        """Let go of idle connections. Running requests are the server's to end."""
        self._upstream.close()
        self._engines.close()

    async def fetch(
        self, call: Call, asked: Asked, rule: PathRule, sink: Sink, cancel: Cancel
    ) -> None:
        """Answer `asked` into `sink`; `cancel` is how others end it. Raises StudioError."""
        exchange = call.exchange
        exchange.running = True
        names = may_answer(asked, self._choices, self._gate)
        if rule.direct_only:
            names = able(names, asked, self._engine_of)
        deadline = self._clock.monotonic() + self._wait_s
        try:
            for name in names:
                if name != names[0]:
                    exchange.fell_back_from = names[0]
                try:
                    last = name == names[-1]
                    await self._from(name, call, asked, rule, sink, cancel, deadline, last=last)
                    return
                except StudioError as error:
                    if exchange.begun or last or not is_its_models_fault(error):
                        raise
                self._leave(exchange)
        finally:
            self._leave(exchange)
            exchange.over()

    async def _from(
        self,
        name: str,
        call: Call,
        asked: Asked,
        rule: PathRule,
        sink: Sink,
        cancel: Cancel,
        deadline: float,
        *,
        last: bool,
    ) -> None:
        connection = await self._sent(name, call, asked, rule, sink, cancel, deadline)
        try:
            if not last and connection.status in ANOTHER_MAY:
                raise UpstreamLost(f"{name} answered {connection.status}", code="model_failed")
            await self._pass_back(call, connection, rule, sink)
        finally:
            self._pool(call.exchange.lane).done(connection)

    # ---- where nothing needs to be waited for (straight.py) --------------------------------------

    def ready(self, asked: Asked, rule: PathRule) -> tuple[Route, Lane, float | None] | None:
        """Route, lane and how long its model is to stay, where a request can be sent at once.

        And nowhere else than there. Raises StudioError where it is to be refused.
        """
        headers = asked.headers
        ttl_s = wished_ttl(headers) if TTL in headers else None
        if LOAD in headers:
            may_load(headers)  # one that says nothing is refused
        if self._choices is not None and self._choices.chain(asked.name):
            return None
        route = self._routes.current.get(asked.name)
        if route is None:
            return None
        lane = self._chosen(asked, rule, route)
        if lane == "direct":
            direct = route.direct
            ready = direct is not None and self._engines.has_idle(direct.host, direct.port)
        else:
            ready = self._gateway.up() and self._upstream.has_idle(route.host, route.port)
        return (route, lane, ttl_s) if ready else None

    def begin(
        self,
        call: Call,
        asked: Asked,
        route: Route,
        lane: Lane,
        ttl_s: float | None,
        cancel: Cancel,
        told: Callable[[], None],
    ) -> Connection:
        """Counted in and sent, with no await since `ready`. Raises StudioError."""
        self._enter(call, route, lane, cancel)
        if ttl_s is not None:
            self._inflight.keep_for(route.recipe_id, ttl_s)
        to, head, data = written(
            call, asked, route, lane, self._through(asked.name, asked.name, route)
        )
        return self._pool(lane).at_once(to.host, to.port, head, data, told)

    def goes_on(self, call: Call, asked: Asked, connection: Connection) -> bool:
        """Whether what `begin` sent, whose connection closed before a head came, gets another try.

        1. not a byte: it was a connection that the other side had let go of
        2. LiteLLM died under it, and it may go on directly
        """
        route = call.exchange.route
        if not connection.answered:
            return True  # 1
        if route is None or call.exchange.lane != "gateway":
            return False
        call.exchange.without_gateway = may = self._fails_over(call, asked, route)
        return may  # 2

    def end(self, call: Call, connection: Connection | None, *, dead: bool = False) -> None:
        """What `begin` began has ended; `dead`: before anything came, as it will on the others."""
        if connection is not None:
            pool = self._pool(call.exchange.lane)
            pool.done(connection)
            if dead:
                pool.forget(*connection.peer)
        self._leave(call.exchange)

    # ---- until it is sent -----------------------------------------------------------------------

    async def _sent(
        self,
        name: str,
        call: Call,
        asked: Asked,
        rule: PathRule,
        sink: Sink,
        cancel: Cancel,
        deadline: float,
    ) -> Connection:
        """Find route and lane, wait for what must be waited for, send; returns with the headers."""
        ttl_s = wished_ttl(asked.headers)
        wished_lane(asked.headers)  # one that does not exist is refused before a load
        may_load(asked.headers)  # and so is one that says nothing
        refused = 0
        while True:
            if call.exchange.sent and self._routes.current.get(name) is None:
                raise UpstreamLost("the engine ended before it answered", code="gateway_down")
            route = await self._told_route(name, call, asked, sink, deadline)
            lane = await self._open_lane(call, asked, rule, route, deadline)
            if lane is None:
                continue  # it was withdrawn in the last moment: look again
            self._enter(call, route, lane, cancel)
            if ttl_s is not None:
                self._inflight.keep_for(route.recipe_id, ttl_s)
            try:
                return await self._request(call, asked, name, route, lane)
            except UpstreamLost as lost:
                refused += 1
                if not self._goes_on(call, asked, route, lane, lost, refused, deadline):
                    raise
            self._leave(call.exchange)
            await asyncio.sleep(CONNECT_AGAIN_S)

    def _goes_on(
        self,
        call: Call,
        asked: Asked,
        route: Route,
        lane: str,
        lost: UpstreamLost,
        refused: int,
        deadline: float,
    ) -> bool:
        """Whether a request that brought nothing back is sent again, and how."""
        if lane == "gateway" and self._fails_over(call, asked, route):
            call.exchange.without_gateway = True  # whatever LiteLLM began died with it
            return True
        if not lost.unsent or call.exchange.sent or (lane == "direct" and refused >= REFUSED_MOST):
            return False
        if self._clock.monotonic() + CONNECT_AGAIN_S > deadline:
            raise WaitedTooLong("the gateway did not come up in time") from None
        return True

    async def _told_route(
        self, name: str, call: Call, asked: Asked, sink: Sink, deadline: float
    ) -> Route:
        """The route; who wants to hear of the load it must wait for hears of it."""
        route = self._routes.current.get(name)
        if route is not None:
            return route
        if not may_load(asked.headers):
            raise Unavailable(
                f"{name} is not in memory, and this request may not load it",
                code="not-resident",
                next_action="leave out the header x-studio-load, or load the model first",
            )
        waiting = self._admitted(name, call, deadline)
        loading = self._loading
        if (
            loading is None
            or sink is not call.reply  # what others read too is the engine's alone
            or not loading.wanted(call.path, asked.headers.items(), stream=asked.body.stream)
        ):
            return await waiting
        return await loading.telling(call, name, waiting)

    async def _admitted(self, name: str, call: Call, deadline: float) -> Route:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise WaitedTooLong(f"{name} was not ready within {self._wait_s:.0f} s")
        route = await self._admit(
            name, actor=call.actor, request_id=call.request_id, timeout_s=left
        )
        call.exchange.waited(self._loaded_in(route.recipe_id) or 0.0)
        return route

    async def _open_lane(
        self, call: Call, asked: Asked, rule: PathRule, route: Route, deadline: float
    ) -> str | None:
        """The lane, once it can be taken; None when the route has gone meanwhile."""
        lane: str = self._chosen(asked, rule, route)
        if lane == "gateway" and not (self._gateway.up() and not call.exchange.without_gateway):
            if self._fails_over(call, asked, route):
                lane = "direct"
            elif call.exchange.sent:
                raise UpstreamLost("the gateway ended before it answered", code="gateway_down")
            else:
                await self._gateway.ready(max(0.0, deadline - self._clock.monotonic()))
        current = self._routes.current.get(route.name)
        if current is not route and current != route:
            await asyncio.sleep(0)
            return None
        if not call.exchange.load_s:
            call.exchange.waited()
        return lane

    def _chosen(self, asked: Asked, rule: PathRule, route: Route) -> Lane:
        lanes = ANY if self._gate is None else self._gate.lanes(asked.key_id)
        return choose_lane(
            route, asked, only_direct=rule.direct_only, lanes=lanes, default=self._lane()
        )

    def _fails_over(self, call: Call, asked: Asked, route: Route) -> bool:
        lanes = ANY if self._gate is None else self._gate.lanes(call.key_id)
        return self._may_fail_over() and can_fail_over(route, asked, lanes)

    def _enter(self, call: Call, route: Route, lane: str, cancel: Cancel) -> None:
        call.entered(route, self._inflight.enter(route, call.request_id, cancel), lane)
        if self._energy is not None:
            self._energy.enter(call.request_id, route.recipe_id)

    def _leave(self, exchange: Exchange) -> None:
        ticket, exchange.ticket = exchange.ticket, None
        if ticket is None:
            return
        self._inflight.leave(ticket)
        if self._energy is not None:
            joules = self._energy.leave(ticket.request_id)
            if joules is not None:
                exchange.drew(joules)

    async def _request(
        self, call: Call, asked: Asked, name: str, route: Route, lane: str
    ) -> Connection:
        to, head, data = written(call, asked, route, lane, self._through(asked.name, name, route))
        return await self._pool(lane).request(to.host, to.port, head, data)

    def _pool(self, lane: str) -> Upstream:
        return self._engines if lane == "direct" else self._upstream

    def _through(self, asked: str, name: str, route: Route) -> Filter | None:
        """The preset of the name that was asked for, of one that stands in, the recipe's filter."""
        if self._choices is None:
            return route.filter
        preset = self._choices.preset(asked)
        if name != asked:
            preset = merged(preset, self._choices.preset(name))
        return route.filter if preset is None else merged(preset, route.filter)

    # ---- and back -------------------------------------------------------------------------------

    async def _pass_back(
        self, call: Call, connection: Connection, rule: PathRule, sink: Sink
    ) -> None:
        """Every piece as it comes, until the answer is complete."""
        passing = Passing(call, connection, rule, sink)
        while piece := await connection.read():
            if ready := passing.feed(piece):
                await sink.write(ready)
        rest, lost = passing.end()
        if lost is None:
            await sink.finish(rest)
            return
        if rest:
            await sink.write(rest)
        raise lost


def is_its_models_fault(error: StudioError) -> bool:
    """Whether another model may do better: not what the client did, nor what people decided."""
    if isinstance(error, Cut):
        return False
    if isinstance(error, EngineFailure | UpstreamLost | Refused):
        return True
    return isinstance(error, Unavailable) and error.code != "stopping"
