"""The book of requests of a test home, read straight from its log."""

from pathlib import Path

from events.facts import RequestFinished
from events.store import EventStore
from tests.harness.waiting import eventually


def finished_requests(home: Path) -> list[RequestFinished]:
    """Every request that has ended, oldest first."""
    found: list[RequestFinished] = []
    for log in sorted(home.glob("usage-*.db")):
        store = EventStore.open(log, read_only=True)
        try:
            recorded = store.read_all(limit=100_000)
            found += [one.event for one in recorded if isinstance(one.event, RequestFinished)]
        finally:
            store.close()
    return found


def wait_for_requests(home: Path, model: str, count: int) -> list[RequestFinished]:
    """Until `count` requests to this model are in the book; exactly those."""

    def look() -> list[RequestFinished] | None:
        found = [one for one in finished_requests(home) if one.model == model]
        return found if len(found) >= count else None

    found = eventually(look, within=60, what=f"{count} finished requests to {model}", every=0.2)
    assert len(found) == count, found
    return found
