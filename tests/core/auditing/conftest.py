"""A home with a log, secrets, a clock that stands still, and who signs for the log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.auditing.checkpointer import Checkpointer
from core.auditing.notes import NotesFolder
from core.auditing.outside import OutsideCheck
from core.secrets import Secrets
from core.settings import Settings
from events.facts import AppStopped
from events.projections import ALL
from events.store import EventStore
from tests.core.keys.conftest import Clock


@pytest.fixture
def clock() -> Clock:
    """Of one test."""
    return Clock()


class Home:
    """One data directory over several runs."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self.clock = clock
        self.settings = Settings(home=home, checkpoint_events=10, checkpoint_minutes=5)
        self.paths = self.settings.paths
        self.secrets = Secrets(self.paths.secrets)
        self.notes = NotesFolder(self.settings.checkpoints)
        self.store: EventStore | None = None

    def check(self) -> OutsideCheck:
        """As the studio looks at its log before it writes to it."""
        return OutsideCheck(lambda _: self.notes, self.secrets)

    def check_of_books(self) -> OutsideCheck:
        """The same for the months' requests."""
        return OutsideCheck(lambda _: self.notes, self.secrets, may_begin=True)

    def open(self) -> EventStore:
        """Open the log; the one before is closed."""
        self.close()
        self.store = EventStore.open(
            self.paths.main_db, projections=ALL, now=self.clock.now, check=self.check()
        )
        return self.store

    async def begin(self) -> Checkpointer:
        """A run of the studio, as far as the audit sees it."""
        checkpointer = Checkpointer(
            store=self.open(),
            secrets=self.secrets,
            settings=lambda: self.settings,
            clock=self.clock,
        )
        await checkpointer.begin()
        return checkpointer

    def write(self, count: int, stream: str = "app") -> None:
        """Append as many events, each in a commit of its own."""
        assert self.store is not None
        for number in range(count):
            self.store.append_now(stream, [AppStopped(reason=str(number))], actor="cli")

    def close(self) -> None:
        """End the run."""
        if self.store is not None:
            self.store.close()
            self.store = None


@pytest.fixture
def studio_home(home: Path, clock: Clock) -> Iterator[Home]:
    """A new data directory."""
    made = Home(home, clock)
    yield made
    made.close()


@pytest.fixture
async def checkpointer(studio_home: Home) -> Checkpointer:
    """Of a first start."""
    return await studio_home.begin()
