"""Facts about the log itself. Stream: `audit`."""

from events.facts.base import Fact


class AuditLogCreated(Fact, frozen=True, kw_only=True, tag="audit-log-created"):
    """This log was begun, with the identity {log_id}."""

    log_id: str


class AuditLogRecovered(Fact, frozen=True, kw_only=True, tag="audit-log-recovered"):
    """The log could not be written for {seconds:.0f} s: {reason}."""

    reason: str
    seconds: float
