"""Facts about requests, in a log of their own (`usage-YYYY-MM.db`). Stream: `usage-<day>`."""

from events.facts.base import Fact


class RequestFinished(Fact, frozen=True, kw_only=True, tag="request-finished"):
    """A request to {model} ended: {outcome} ({status})."""

    request_id: str
    path: str
    model: str  # as the caller named it
    recipe_id: str | None
    engine_id: str | None
    actor: str
    lane: str  # gateway | direct | none (refused before it reached either)
    outcome: str  # ok | error | client_gone | cancelled | rejected | timeout
    status: int
    stream: bool
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    wait_ms: float = 0.0  # in admission: queue, drain, load
    ttft_ms: float | None = None  # from arrival to the first body byte back
    duration_ms: float = 0.0
    cost: float | None = None
