"""Facts about the logs themselves. Stream: `audit`, of `main.db`; each log begins with its own.

`log` is "main" or a month's book of requests, as in "usage-2026-11"; roots are in base64.
"""

from typing import Any

from events.facts.base import Fact


class AuditLogCreated(Fact, frozen=True, kw_only=True, tag="audit-log-created"):
    """This log was begun, with the identity {log_id}."""

    log_id: str


class AuditLogRecovered(Fact, frozen=True, kw_only=True, tag="audit-log-recovered"):
    """The log could not be written for {seconds:.0f} s: {reason}."""

    reason: str
    seconds: float


class AuditLogContinued(Fact, frozen=True, kw_only=True, tag="audit-log-continued"):
    """This log follows {previous_log_id}, which had {previous_size} events: {reason}."""

    previous_log_id: str
    previous_size: int  # events of it that could be read
    previous_root: str  # of these
    reason: str


class AuditKeyMade(Fact, frozen=True, kw_only=True, tag="audit-key-made"):
    """The key that signs checkpoints was made: {verifier_key}."""

    verifier_key: str  # as C2SP's signed notes write it: name+id+key


class AuditKeyReplaced(Fact, frozen=True, kw_only=True, tag="audit-key-replaced"):
    """The key that signs checkpoints was replaced by {verifier_key}: {reason}."""

    previous: str
    verifier_key: str
    reason: str


class AuditCheckpointed(Fact, frozen=True, kw_only=True, tag="audit-checkpointed"):
    """The first {size} events of {log} were signed for: {reason}."""

    log: str
    log_id: str
    size: int  # of `main`: all that stand before this fact
    root: str
    note: str  # the whole signed note, which also lies outside
    reason: str  # events | time | shutdown | asked | sealing | export


class AuditSegmentSealed(Fact, frozen=True, kw_only=True, tag="audit-segment-sealed"):
    """The {events} events of {month} were sealed into {file} ({bytes} bytes)."""

    month: str  # as in 2026-11
    log_id: str
    file: str  # its name, without a folder
    events: int
    size: int  # lines the root stands for
    root: str
    sha256: str  # of the file, in hex
    bytes: int  # of the file
    first_at: int  # µs since the epoch
    last_at: int
    rollup: dict[str, Any]  # what its requests add up to, kept when the file is gone


class AuditSegmentPruned(Fact, frozen=True, kw_only=True, tag="audit-segment-pruned"):
    """The records of {month} ({requests} requests) were erased: {reason}."""

    month: str
    log_id: str
    reason: str  # age | room | owner
    requests: int


class AuditAsideErased(Fact, frozen=True, kw_only=True, tag="audit-aside-erased"):
    """What a recovery had moved aside of {log} was erased: {reason}."""

    log: str
    files: tuple[str, ...]  # in the data directory
    reason: str


class AuditReplacementAcknowledged(
    Fact, frozen=True, kw_only=True, tag="audit-replacement-acknowledged"
):
    """That another log took the place of {log} was acknowledged: {reason}."""

    log: str
    previous_log_id: str
    previous_size: int  # that was signed for last
    previous_root: str
    log_id: str  # of the one that stands there now
    size: int  # events it had when that was acknowledged
    root: str  # of these
    replaced_at: int  # µs since the epoch: when the new one was begun, as its first event says
    reason: str
    note: str  # the studio's signature under both ends (`events/audit/replaced.py`)


class AuditVerified(Fact, frozen=True, kw_only=True, tag="audit-verified"):
    """The {size} events of {log} were verified in {seconds:.1f} s, and all {claims} claims hold."""

    log: str
    size: int
    root: str
    claims: int  # that were proved
    seconds: float


class AuditVerificationFailed(Fact, frozen=True, kw_only=True, tag="audit-verification-failed"):
    """{log} is not what was written{at}: {reason}."""

    log: str
    position: int | None = None  # the first bad one, where one can be named
    reason: str

    @property
    def at(self) -> str:
        """Where, when that is known."""
        return "" if self.position is None else f", first at position {self.position}"


class AuditExported(Fact, frozen=True, kw_only=True, tag="audit-exported"):
    """{events} events were exported as {format}{of_main}."""

    format: str
    first: int  # of the main log; both 0: none of its events
    last: int
    events: int  # of all logs
    root: str | None = None  # of the main log's, when they were exported from the first on

    @property
    def of_main(self) -> str:
        """Which of them are the main log's."""
        return f", positions {self.first} to {self.last} of the main log" if self.last else ""


class AuditImported(Fact, frozen=True, kw_only=True, tag="audit-imported"):
    """{events} events of the log {source_log_id} were imported."""

    source_log_id: str
    events: int
    root: str
