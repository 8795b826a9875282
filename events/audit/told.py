"""What the main log tells about itself and the books of requests: the facts of its stream `audit`.

They are believed only as far as a verification bears them out.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from events.audit.note import NoteInvalid, Verifier
from events.codec import decode
from events.facts import (
    AuditCheckpointed,
    AuditKeyMade,
    AuditKeyReplaced,
    AuditLogContinued,
    AuditLogCreated,
    AuditReplacementAcknowledged,
    AuditSegmentPruned,
    AuditSegmentSealed,
)

MAIN = "main"


class Placed(NamedTuple):
    """A checkpoint's fact, and where in the main log it stands."""

    position: int
    fact: AuditCheckpointed


class Acknowledged(NamedTuple):
    """That a log was replaced: who says so in the main log, where and when."""

    position: int
    recorded_at: int  # µs since the epoch
    actor: str
    fact: AuditReplacementAcknowledged


class Told(msgspec.Struct):
    """The stream `audit`, sorted by what it is about."""

    log_id: str = ""
    checkpoints: list[Placed] = []
    key: str = ""  # the verifier key in force, as the log has it
    replaced: list[tuple[int, AuditKeyReplaced]] = []
    sealed: dict[str, AuditSegmentSealed] = {}  # by month
    pruned: dict[str, AuditSegmentPruned] = {}
    follows: list[AuditLogContinued] = []  # damaged logs, of which this one is what goes on
    acknowledged: list[Acknowledged] = []

    def about(self, log: str) -> list[Placed]:
        """The checkpoints of one log, in the order they were made."""
        return [placed for placed in self.checkpoints if placed.fact.log == log]

    def words_on(self, log: str) -> list[Acknowledged]:
        """What was acknowledged of one log; of the main log, which says it, nothing can be."""
        return [word for word in self.acknowledged if word.fact.log == log != MAIN]

    def months(self) -> set[str]:
        """The books of requests that must be somewhere, as in usage-2026-11."""
        checked = {placed.fact.log for placed in self.checkpoints} - {MAIN}
        return checked | {f"usage-{month}" for month in self.sealed}


def told(connection: sqlite3.Connection) -> Told:
    """Read the stream `audit` of an open log; what can not be read is passed over."""
    found = Told(log_id=log_id(connection))
    rows = connection.execute(
        "select position, cast(type as blob), schema, cast(data as blob), recorded_at,"
        " cast(actor as blob) from events where stream = 'audit' order by position"
    ).fetchall()
    for position, kind, schema, data, at, actor in rows:
        match decode(bytes(kind).decode(errors="replace"), schema, data):
            case AuditCheckpointed() as fact:
                found.checkpoints.append(Placed(position, fact))
            case AuditKeyMade() as fact:
                found.key = fact.verifier_key
            case AuditKeyReplaced() as fact:
                found.key = fact.verifier_key
                found.replaced.append((position, fact))
            case AuditSegmentSealed() as fact:
                found.sealed[fact.month] = fact
            case AuditSegmentPruned() as fact:
                found.pruned[fact.month] = fact
            case AuditLogContinued() as fact:
                found.follows.append(fact)
            case AuditReplacementAcknowledged() as fact:
                who = bytes(actor).decode(errors="replace")
                found.acknowledged.append(Acknowledged(position, int(at), who, fact))
    return found


def log_id(connection: sqlite3.Connection) -> str:
    """The identity that a log's first line gives it; empty when it begins otherwise."""
    row = connection.execute(
        "select cast(type as blob), schema, cast(data as blob) from events where position = 1"
    ).fetchone()
    if row is None:
        return ""
    match decode(bytes(row[0]).decode(errors="replace"), row[1], row[2]):
        case AuditLogCreated(log_id=found):
            return found
    return ""


class Keys(msgspec.Struct, frozen=True):
    """Who may have signed: public keys, each with the position from which it no longer may."""

    until: Mapping[bytes, int | None]

    def verifiers(self, name: str, at: int = 0) -> list[Verifier]:
        """Those that may have signed under this name, when the main log had got to a position."""
        return [
            Verifier(name, key) for key, until in self.until.items() if until is None or at < until
        ]


def trusted(given: Iterable[Verifier], about: Told) -> Keys:
    """The keys that are given, and those that they replaced, as the log tells it.

    A log signed by the newest key says with it which key was in force before.
    """
    until: dict[bytes, int | None] = {verifier.public_key: None for verifier in given}
    for position, fact in reversed(about.replaced):
        new, old = parsed(fact.verifier_key), parsed(fact.previous)
        if new is not None and old is not None and new.public_key in until:
            until.setdefault(old.public_key, position)
    return Keys(until)


def parsed(key: str) -> Verifier | None:
    """A verifier key, or None when the text is none."""
    try:
        return Verifier.parse(key)
    except NoteInvalid:
        return None
