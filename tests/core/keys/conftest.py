"""A log, a clock that stands still, a ring, and gates over them."""

import pytest

from core.keys.desk import KeyDesk
from core.keys.keyring import KeyRing
from events.store import EventStore

NOON = 1_800_014_400_000_000  # 2027-01-15 12:00 UTC, in µs


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return (self.at - NOON) / 1e6

    def pass_by(self, seconds: float) -> None:
        """Later."""
        self.at += round(seconds * 1e6)


@pytest.fixture
def clock() -> Clock:
    """Of one test."""
    return Clock()


@pytest.fixture
def ring(store: EventStore, clock: Clock) -> KeyRing:
    """Of an empty log."""
    return KeyRing(store, clock)


@pytest.fixture
def desk(store: EventStore, ring: KeyRing, clock: Clock) -> KeyDesk:
    """Where keys of that ring are made."""
    return KeyDesk(store=store, ring=ring, clock=clock)
