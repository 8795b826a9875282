"""What is known of one request while it runs, and the fact it becomes when it has ended."""

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from core.clock import Clock
from core.errors import StudioError
from core.gateway.answer import Answer
from core.gateway.calls import RunningRequest, key_of
from core.gateway.cancelling import Reason
from core.gateway.errors import Cut, WaitedTooLong, ended_here
from core.gateway.exchange import Exchange
from core.gateway.head import Head
from core.gateway.hooks import CacheServed, Captured
from core.gateway.inflight import Ticket
from core.gateway.loading_stream import LoadingStream
from core.gateway.paths import dialect_of, path_of
from core.gateway.reply import Reply, Send
from core.gateway.routes import Header, Route
from core.gateway.usage import NOTHING
from core.usage.cost import cost_at
from events.envelope import uuid7
from events.facts.usage import RequestFinished

log = logging.getLogger(__name__)

CLIENT_CLOSED_REQUEST = 499  # nginx' number for a client that left before it was told anything
LONGEST_PATH = 200  # bytes of a path that are written down; those that are ours are shorter
LANE = b"x-studio-lane"
TOLD: Mapping[str, Header] = {lane: (LANE, lane.encode()) for lane in ("gateway", "direct")}
UNBUFFERED: Header = (b"x-accel-buffering", b"no")  # said to an nginx before us


class Call:
    """One request from arrival to its end."""

    # As most requests leave it; what is said of one stands in its own dictionary.
    outcome = "error"
    error_code: str | None = None
    captured: Captured | None = None  # who reads along, where somebody may
    loading: LoadingStream | None = None  # what the client was told while it waited
    _ended: float | None = None
    _served: CacheServed | None = None
    _recipe_id: str | None = None
    _model = ""
    _stream = False

    def __init__(
        self,
        *,
        head: Head,
        actor: str,
        key_id: str | None,
        send: Send,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._arrived = clock.monotonic()
        self._since = clock.now()
        self.request_id = uuid7(self._since)
        self.head = head
        self.path = head.path
        self.headers = head.headers
        self.actor = actor
        self.key_id = key_id
        dialect, told = dialect_of(head.path), self.request_id.encode()
        own: tuple[Header, ...] = ((b"x-request-id", told), UNBUFFERED)
        if dialect == "anthropic":
            own += ((b"request-id", told),)  # as their clients read it
        self.reply = Reply(send, dialect, own)
        self.exchange = Exchange(clock, self._arrived)

    @classmethod
    def of(cls, scope: MutableMapping[str, Any], send: Send, clock: Clock) -> "Call":
        """The one that an ASGI server tells of."""
        actor = _actor(scope)
        return cls(
            head=Head(path_of(scope), scope.get("query_string", b""), scope["headers"]),
            actor=actor,
            key_id=key_of(actor),
            send=send,
            clock=clock,
        )

    @property
    def ticket(self) -> Ticket | None:
        """Its place among the running requests, while it has one."""
        return self.exchange.ticket

    @ticket.setter
    def ticket(self, ticket: Ticket | None) -> None:
        self.exchange.ticket = ticket

    def content_types(self) -> str:
        """What the body is said to be; said twice, both, for whoever can not take either."""
        told = [value for name, value in self.head.raw_headers if name == b"content-type"]
        return b"; ".join(told).decode("latin-1")

    def asked_for(self, model: str, *, stream: bool) -> None:
        """The body was read."""
        self._model, self._stream = model, stream

    def waited(self) -> None:
        """Model and gateway are there; until now the request waited."""
        self.exchange.waited()

    def entered(self, route: Route, ticket: Ticket, lane: str) -> None:
        """The request has a route and counts as running."""
        if self.exchange.lane != lane:
            self.reply.set_headers(TOLD[lane])
        self.exchange.entered(route, lane, ticket)

    def watch(self, answer: Answer) -> None:
        """The answer has begun; its token counts are found there."""
        self.exchange.answer = answer

    def first_byte(self) -> None:
        """A piece of the answer's body is here."""
        self.exchange.first_byte()

    def served(self, served: CacheServed, recipe_id: str | None) -> None:
        """It was answered by the cache, or by another's exchange, or by its own after all."""
        if self.exchange.route is None:  # whoever began the exchange pays for it, also when gone
            kind = served.kind or "joined"
            self._served = msgspec.structs.replace(served, kind=kind)
            self._recipe_id = recipe_id
            self.outcome = "ok" if self.reply.status < 400 else "error"

    def failed(self, error: StudioError) -> None:
        """It could not be served: refused, waited too long, or broken."""
        self.error_code = error.code
        if isinstance(error, WaitedTooLong):
            self.outcome = "timeout"
        elif error.status < 500 and self.exchange.answer is None:
            self.outcome = "rejected"
        else:
            self.outcome = "error"

    def broke(self, error: Exception) -> StudioError:
        """It could not be served, and perhaps nobody has foreseen it; what its client is told."""
        if isinstance(error, StudioError):
            self.failed(error)
            return error
        log.error("request %s failed", self.request_id, exc_info=error)
        self.outcome = "error"
        return StudioError(f"vLLM Studio failed: {error}", code="internal")

    def interrupted(self, reason: Reason) -> Cut | None:
        """Ended from outside; what its client is told, None: it has left."""
        if reason == "client_gone":
            self.outcome = "client_gone"
            return None
        self.outcome, self.error_code = "cancelled", reason
        return ended_here(reason)

    def answered(self, *, well: bool) -> None:
        """The exchange has ended; no matter to a client that has left it to others."""
        if self._ended is None:
            self.outcome = "ok" if well else "error"

    def ended(self) -> None:
        """Its client has been told everything, or has left."""
        self._ended = self._clock.monotonic()

    def view(self) -> RunningRequest:
        """How it is now, for people."""
        exchange = self.exchange
        begun = exchange.ticket is not None
        return RunningRequest(
            request_id=self.request_id,
            path=self.path.decode("utf-8", "replace"),
            model=self._model,
            recipe_id=exchange.route.recipe_id if exchange.route else None,
            actor=self.actor,
            key_id=self.key_id,
            lane=exchange.lane,
            state="running" if begun else "waiting" if self._model else "reading",
            since=self._since,
            stream=self._stream,
        )

    def fact(self) -> RequestFinished:
        """What is written down."""
        exchange, served = self.exchange, self._served
        route, answer = exchange.route, exchange.answer
        tokens = NOTHING if answer is None else answer.tokens
        prompt, completion, cached = tokens.prompt, tokens.completion, tokens.cached
        price = None if route is None else route.price
        cost = None if price is None else cost_at(price, prompt, completion, cached)
        if served is not None:
            prompt, completion, cost = served.prompt_tokens, served.completion_tokens, 0.0
        ended = self._clock.monotonic() if self._ended is None else self._ended
        return RequestFinished(
            request_id=self.request_id,
            path=self.path[:LONGEST_PATH].decode("utf-8", "replace"),
            model=self._model,
            recipe_id=route.recipe_id if route else self._recipe_id,
            engine_id=(route.engine_id or None) if route else None,
            actor=self.actor,
            lane=exchange.lane,
            outcome=self.outcome,
            status=self.reply.status or CLIENT_CLOSED_REQUEST,
            stream=self._stream,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            reasoning_tokens=tokens.reasoning,
            counted=_counted(answer, prompt if completion is None else completion),
            wait_ms=exchange.wait_s * 1000,
            load_ms=exchange.load_s * 1000,
            ttft_ms=None if exchange.ttft_s is None else exchange.ttft_s * 1000,
            itl_ms=answer.itl_ms if answer else None,
            duration_ms=(ended - self._arrived) * 1000,
            cost=cost,
            energy_j=exchange.energy_j,
            cache=served.kind if served else "",
            fell_back_from=exchange.fell_back_from,
            error_code=self.error_code,
        )


def _counted(answer: Answer | None, tokens: int | None) -> str:
    """Who counted them; embeddings have those of the prompt alone."""
    if answer is None or tokens is None:
        return ""
    return "estimated" if answer.estimated else "engine"


def _actor(scope: MutableMapping[str, Any]) -> str:
    """Who asks, as the guard before us found out (`scope["state"]["asking"].actor`)."""
    asking = (scope.get("state") or {}).get("asking")
    return getattr(asking, "actor", "api")
