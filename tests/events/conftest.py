"""A log in a temporary folder, and a clock that stands still until it is told to go on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import settings

from events.codec import Sealed, plain
from events.envelope import Recorded, UnknownEvent
from events.facts.base import Fact
from events.head import Submission
from events.projections import ALL
from events.projections.projector import Projection
from events.store import EventStore

# How long an example takes says how busy the machine is, not whether the promise holds.
settings.register_profile("events", deadline=None, max_examples=50)
settings.load_profile("events")

START = 1_795_000_000_000_000  # µs since the epoch


class StillClock:
    """Gives the same moment until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> int:
        """Microseconds since the epoch."""
        return self.at


@pytest.fixture
def clock() -> StillClock:
    """The clock of this test's logs."""
    return StillClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where this test's log is."""
    return tmp_path / "main.db"


Open = Callable[..., EventStore]


@pytest.fixture
def opened(path: Path, clock: StillClock) -> Iterator[Open]:
    """Open this test's log, as often as it likes; closed at the end."""
    stores: list[EventStore] = []

    def open_log(projections: tuple[Projection, ...] = ALL, read_only: bool = False) -> EventStore:
        stores.append(
            EventStore.open(path, projections=projections, now=clock, read_only=read_only)
        )
        return stores[-1]

    yield open_log
    for store in stores:
        store.close()


@pytest.fixture
def log(opened: Open) -> EventStore:
    """An open log with every read model."""
    return opened()


def append_story(store: EventStore, story: list[tuple[str, Fact]], actor: str = "cli") -> None:
    """Append facts one commit each."""
    for stream, fact in story:
        store.append_now(stream, [fact], actor=actor)


def append_foreign(store: EventStore, stream: str, type: str, data: bytes, schema: int = 1) -> None:
    """Append an event as a newer version would, of a kind that this one does not know."""
    event = UnknownEvent(type=type, data=plain(data))
    future: Future[list[Recorded]] = Future()
    store._open_for_writing().submit(
        Submission(stream, [Sealed(type, schema, data, event)], "cli", None, None, None, future)
    )
    future.result()
