"""What surrounds every fact in the log: where it stands, when it came, who asked for it."""

from random import Random
from typing import Any

import msgspec

from events.facts.base import Fact

_bits = Random().getrandbits  # seeded by the system, and by nobody else


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event of a kind this version does not know: {type}."""

    type: str
    data: dict[str, Any]


Event = Fact | UnknownEvent


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the log. Positions count 1, 2, 3 … without a gap; so do versions in a stream."""

    position: int
    id: str  # uuid7
    stream: str
    version: int
    type: str  # the wire name
    schema: int  # the shape `data` was written in
    recorded_at: int  # µs since the epoch, UTC, as the clock told it
    actor: str  # who asked
    correlation_id: str | None  # shared by everything that came of one wish
    causation_id: str | None  # the id of the event that led to this one
    event: Event
    data: bytes  # the event as JSON, without its type
    leaf: bytes  # SHA-256 of the canonical line, 32 bytes


def uuid7(at: int) -> str:
    """Make a time-ordered identity for the moment `at`, in µs since the epoch (RFC 9562, 5.7).

    The twelve bits after the version hold the µs within the millisecond, so that ids made one
    after the other sort that way; the rest is random.
    """
    return uuid7_in(moment_of(at))


def moment_of(at: int) -> str:
    """What all identities of a moment begin with."""
    milliseconds, microseconds = divmod(at, 1000)
    digits = f"{(milliseconds & (1 << 48) - 1) << 16 | 0x7 << 12 | microseconds << 2:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:]}-"


def uuid7_in(moment: str) -> str:
    """Make an identity that begins like this; see `moment_of`."""
    digits = f"{0b10 << 62 | _bits(62):x}"  # no secret: the system's own costs ten times as much
    return f"{moment}{digits[:4]}-{digits[4:]}"
