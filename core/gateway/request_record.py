"""What is known of one request while it runs, and the fact it becomes when it has ended."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from core.clock import Clock
from core.errors import StudioError
from core.gateway.answer import Answer
from core.gateway.calls import RunningRequest, key_of
from core.gateway.errors import WaitedTooLong
from core.gateway.inflight import Ticket
from core.gateway.loading_stream import LoadingStream
from core.gateway.paths import dialect_of, path_of
from core.gateway.reply import Reply
from core.gateway.routes import Route
from core.ids import uuid7
from events.facts.usage import RequestFinished

CLIENT_CLOSED_REQUEST = 499  # nginx' number for a client that left before it was told anything


class Call:
    """One request from arrival to its end."""

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._arrived = clock.monotonic()
        self._since = clock.now()
        self.request_id = uuid7()
        self.path = path_of(scope)
        self.actor = _actor(scope)
        self.content_type = _header(scope, b"content-type")
        self.outcome = "error"
        self.ticket: Ticket | None = None
        self.reply = Reply(
            send,
            dialect_of(self.path),
            [(b"x-request-id", self.request_id.encode()), (b"x-accel-buffering", b"no")],
        )
        self.loading: LoadingStream | None = None  # what the client was told while it waited
        self._model = ""
        self._stream = False
        self._route: Route | None = None
        self._answer: Answer | None = None
        self._wait_s = 0.0
        self._ttft_s: float | None = None

    def asked_for(self, model: str, *, stream: bool) -> None:
        """The body was read."""
        self._model, self._stream = model, stream

    def waited(self) -> None:
        """Model and gateway are there; until now the request waited."""
        self._wait_s = self._clock.monotonic() - self._arrived

    def entered(self, route: Route, ticket: Ticket) -> None:
        """The request has a route and counts as running."""
        if self._route is None:
            self.reply.add_header(b"x-studio-lane", route.lane.encode())
        self._route, self.ticket = route, ticket

    def watch(self, answer: Answer) -> None:
        """The answer has begun; its token counts are found there."""
        self._answer = answer

    def first_byte(self) -> None:
        """A piece of the answer's body is here."""
        if self._ttft_s is None:
            self._ttft_s = self._clock.monotonic() - self._arrived

    def failed(self, error: StudioError) -> None:
        """It could not be served: refused, waited too long, or broken."""
        if isinstance(error, WaitedTooLong):
            self.outcome = "timeout"
        elif error.status < 500 and self._answer is None:
            self.outcome = "rejected"
        else:
            self.outcome = "error"

    def view(self) -> RunningRequest:
        """How it is now, for people."""
        route = self._route
        begun = self.ticket is not None
        return RunningRequest(
            request_id=self.request_id,
            path=self.path.decode("utf-8", "replace"),
            model=self._model,
            recipe_id=route.recipe_id if route else None,
            actor=self.actor,
            key_id=key_of(self.actor),
            lane=route.lane if route else "none",
            state="running" if begun else "waiting" if self._model else "reading",
            since=self._since,
            stream=self._stream,
        )

    def fact(self) -> RequestFinished:
        """What is written down."""
        route = self._route
        tokens = self._answer.tokens if self._answer else None
        prompt = tokens.prompt if tokens else None
        completion = tokens.completion if tokens else None
        return RequestFinished(
            request_id=self.request_id,
            path=self.path.decode("utf-8", "replace"),
            model=self._model,
            recipe_id=route.recipe_id if route else None,
            engine_id=route.engine_id if route else None,
            actor=self.actor,
            lane=route.lane if route else "none",
            outcome=self.outcome,
            status=self.reply.status or CLIENT_CLOSED_REQUEST,
            stream=self._stream,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=tokens.cached if tokens else None,
            wait_ms=self._wait_s * 1000,
            ttft_ms=None if self._ttft_s is None else self._ttft_s * 1000,
            duration_ms=(self._clock.monotonic() - self._arrived) * 1000,
            cost=_cost(route, prompt, completion),
        )


def _cost(route: Route | None, prompt: int | None, completion: int | None) -> float | None:
    if route is None or not route.is_priced or prompt is None:
        return None
    return prompt * route.input_price + (completion or 0) * route.output_price


def _actor(scope: MutableMapping[str, Any]) -> str:
    """Who asks, as the guard before us found out (`scope["state"]["asking"].actor`)."""
    asking = (scope.get("state") or {}).get("asking")
    return getattr(asking, "actor", "api")


def _header(scope: MutableMapping[str, Any], name: bytes) -> str:
    found = next((value for key, value in scope["headers"] if key == name), b"")
    return bytes(found).decode("latin-1")
