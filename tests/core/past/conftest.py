"""A log in which an afternoon was recorded, and its past."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.past.time_travel import TimeTravel
from events.projections import ALL
from events.store import EventStore
from tests.core.past.story import Teller, evening, eviction, morning
from tests.events.conftest import StillClock


class Afternoon(Teller):
    """The log, its past, and what was recorded of the eviction by a short name."""

    def __init__(self, home: Path) -> None:
        clock = StillClock()
        super().__init__(EventStore.open(home / "main.db", projections=ALL, now=clock), clock)
        morning(self)
        self.noon, self.at_noon = self.store.head, self.clock.at
        self.told = eviction(self)
        self.after = self.store.head
        evening(self)
        self.head = self.store.head
        self.past = TimeTravel(self.store, home)

    def at(self, position: int) -> int:
        """When the event there was recorded, µs since the epoch."""
        found = self.past.recorded_at(position)
        assert found is not None
        return found


@pytest.fixture
def afternoon(tmp_path: Path) -> Iterator[Afternoon]:
    """It is over."""
    made = Afternoon(tmp_path)
    yield made
    made.past.close()
    made.store.close()
