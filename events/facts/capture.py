"""Facts about captured bodies. Stream: `captures`. What was asked and answered never comes here."""

from events.facts.base import Fact


class CaptureRead(Fact, frozen=True, kw_only=True, tag="capture-read"):
    """The captured bodies of the request {request_id} were looked at."""

    request_id: str


class CapturesPruned(Fact, frozen=True, kw_only=True, tag="captures-pruned"):
    """The captured bodies of {day} ({requests} requests) were erased: {reason}."""

    day: str  # UTC, as in 2026-11-24
    requests: int
    reason: str  # age | room | owner
