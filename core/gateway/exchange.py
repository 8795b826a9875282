"""One request at an engine: which one, by which lane, when, and what came of it.

A request has one exchange. An exchange may feed more than the request that began it (single
flight), and then goes on when that one has left; its record is written when both are over.
"""

from collections.abc import Callable

from core.clock import Clock
from core.gateway.answer import Answer
from core.gateway.hooks import Fetched
from core.gateway.inflight import Ticket
from core.gateway.routes import Route


class Exchange:
    """Filled in by `core.gateway.fetching` as it happens."""

    # As it is before anything has happened; what has stands in its own dictionary.
    route: Route | None = None
    lane = "none"
    ticket: Ticket | None = None
    status = 0  # what the upstream answered
    answer: Answer | None = None
    running = False
    asked_usage = False  # we asked the engine for token counts, the client did not
    sent = False  # an engine may have had it already: no other start of it gets it too
    begun = False  # something of the answer was passed on
    without_gateway = False  # LiteLLM went down under it
    fell_back_from: str | None = None
    wait_s = 0.0
    load_s = 0.0
    ttft_s: float | None = None
    energy_j: float | None = None
    _when_over: tuple[Callable[[], None], ...] = ()

    def __init__(self, clock: Clock, arrived: float) -> None:
        """`arrived`: when its request came, in monotonic seconds."""
        self._clock = clock
        self._arrived = arrived

    def waited(self, load_s: float = 0.0) -> None:
        """Model and gateway are there; until now it waited, `load_s` of that for a load."""
        self.wait_s = self._clock.monotonic() - self._arrived
        self.load_s = min(load_s, self.wait_s)

    def entered(self, route: Route, lane: str, ticket: Ticket) -> None:
        """It has a route and counts as running."""
        self.route, self.lane, self.ticket = route, lane, ticket

    def first_byte(self) -> None:
        """A piece of the answer's body is here."""
        if self.ttft_s is None:
            self.ttft_s = self._clock.monotonic() - self._arrived

    def drew(self, joules: float | None) -> None:
        """One try at an engine took that much; tries that failed count too."""
        if joules is not None:
            self.energy_j = (self.energy_j or 0.0) + joules

    def when_over(self, callback: Callable[[], None]) -> None:
        """Call back when it has ended; at once when it has."""
        if self.running:
            self._when_over += (callback,)
        else:
            callback()

    def fetched(self, request_id: str) -> Fetched:
        """What came of it, for whoever may keep the answer."""
        answer, tokens = self.answer, self.answer.tokens if self.answer else None
        return Fetched(
            good=self.status == 200
            and answer is not None
            and not answer.failed
            and self.fell_back_from is None,
            prompt_tokens=tokens.prompt if tokens else None,
            completion_tokens=tokens.completion if tokens else None,
            request_id=request_id,
        )

    def over(self) -> None:
        """Nothing more comes."""
        self.running = False
        told, self._when_over = self._when_over, ()
        for callback in told:
            callback()
