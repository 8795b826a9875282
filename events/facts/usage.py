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
    cached_tokens: int | None = None  # of the prompt: those that the engine had computed before
    reasoning_tokens: int | None = None  # of the completion: those that were thought
    counted: str = ""  # who counted: engine | gateway | estimated; empty: nobody
    wait_ms: float = 0.0  # in admission: queue, drain, load
    load_ms: float = 0.0  # of that wait: while its engine was being started or woken
    ttft_ms: float | None = None  # from arrival to the first body byte back
    itl_ms: float | None = None  # between tokens, on average, after the first
    duration_ms: float = 0.0
    cost: float | None = None  # by the recipe's prices, in the user's currency
    energy_j: float | None = None  # its share of what the GPUs drew while it ran, in joules
    energy_cost: float | None = None  # of that energy, in the user's currency
    cache: str = ""  # hit | joined (another's answer, while it came); empty: the engine's own
    fell_back_from: str | None = None  # the model that was asked for first and failed
    error_code: str | None = None  # why it was refused or failed, as the client was told
