"""Homes with a history: a main log with a day in it, and books of requests of two months."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.auditing.checkpointer import Checkpointer
from core.exports.taking import Taken
from core.exports.wish import Wish
from core.secrets import Secrets
from core.settings import Settings
from events.audit import exported
from events.audit.claims import Claim
from events.audit.export import write
from events.audit.manifest import Manifest
from events.facts import AuditCheckpointed
from events.projections import ALL, USAGE
from events.store import EventStore
from tests.core.test_usage_log import BASE
from tests.events.conftest import append_story
from tests.events.stories import a_day


class Moment:
    """A clock that stands where it is put."""

    def __init__(self, *date: int) -> None:
        self.at = moment(*date)

    def now(self) -> int:
        """µs since the epoch."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at / 1e6

    async def sleep(self, seconds: float) -> None:
        """Go on by so much."""
        self.at += int(seconds * 1e6)


def moment(*date: int) -> int:
    """A date and time, UTC, in µs since the epoch."""
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc,arg-type]  # a date


def settings_of(home: Path) -> Settings:
    """The settings of a home, with every folder made."""
    settings = Settings(home=home)
    settings.paths.create()
    return settings


def write_main(home: Path, clock: Moment, runs: int = 3) -> EventStore:
    """The main log, open, with a day in it."""
    store = EventStore.open(home / "main.db", projections=ALL, now=clock.now)
    append_story(store, a_day(runs))
    return store


def write_month(home: Path, month: str, requests: int, clock: Moment) -> None:
    """A book of requests."""
    path = home / f"usage-{month}.db"
    store = EventStore.open(path, projections=USAGE, now=clock.now)
    for number in range(requests):
        fact = msgspec.structs.replace(BASE, request_id=f"{month}-{number}")
        store.append_now(f"usage-{month}-07", [fact], actor="api")
    store.close()


def checkpointer_of(store: EventStore, home: Path, clock: Moment) -> Checkpointer:
    """Who signs for this home's logs."""
    settings = Settings(home=home)
    return Checkpointer(
        store=store,
        secrets=Secrets(settings.paths.secrets),
        settings=lambda: settings,
        clock=clock,
    )


def taken_to(
    home: Path,
    target: Path,
    wish: Wish | None = None,
    *,
    fresh: AuditCheckpointed | None = None,
    signs: Checkpointer | None = None,
) -> Manifest:
    """Export a home's logs."""
    taken = Taken(
        Settings(home=home),
        wish or Wish(),
        now=moment(2026, 11, 30),
        fresh=fresh,
        sign=signs.sign if signs else None,
    )
    try:
        return write(taken.export, target)
    finally:
        taken.close()


def claims_of(path: Path) -> list[Claim]:
    """What an export's check says."""
    with exported.opened(path) as export:
        return list(exported.verify(export))
