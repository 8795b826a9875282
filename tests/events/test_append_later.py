"""What has happened is written down as soon as the log can be written again."""

import pytest

from events import connections
from events.errors import LogUnavailable
from events.facts import AppStarted, AppStopped
from events.store import EventStore
from tests.events.conftest import Open

BIG = AppStopped(reason="x" * 100_000)
PAGES = 1_000_000


def fill(log: EventStore, spare_pages: int = 0) -> None:
    """No page more than it has, as on a full disk."""
    assert log._writer is not None
    connection = log._writer._connection
    connection.set_authorizer(None)
    pages = connection.execute("pragma page_count").fetchone()[0]
    connection.execute(f"pragma max_page_count = {pages + spare_pages}")


def free(log: EventStore) -> None:
    """There is room again."""
    assert log._writer is not None
    connection = log._writer._connection
    connection.execute(f"pragma max_page_count = {PAGES}")
    connections.guard(connection)


def reasons(log: EventStore) -> list[str]:
    """What was recorded of the app, in short."""
    events = [one.event for one in log.read_stream("app")]
    return [event.reason[:4] for event in events if isinstance(event, AppStopped)]


async def test_an_outcome_that_found_the_disk_full_follows_the_next_append(opened: Open) -> None:
    """In the order in which they came, once."""
    log = opened()
    fill(log)
    with pytest.raises(LogUnavailable):
        await log.append("app", [BIG], actor="cli")
    log.append_later("app", AppStopped(reason="one"), actor="system", correlation_id="c")
    log.append_later("app", AppStopped(reason="two"), actor="system")
    free(log)
    await log.append("app", [AppStopped(reason="next")], actor="cli")
    assert reasons(log) == ["next", "one", "two"]
    await log.append("app", [AppStopped(reason="last")], actor="cli")
    assert reasons(log) == ["next", "one", "two", "last"]
    assert log.read_stream("app")[1].correlation_id == "c"


async def test_what_finds_it_full_again_is_kept_on(opened: Open) -> None:
    """Nothing is lost or written twice when there is room for a part only."""
    log = opened()
    log.append_later("app", AppStopped(reason="one"), actor="system")
    log.append_later("app", BIG, actor="system")
    log.append_later("app", AppStopped(reason="two"), actor="system")
    fill(log, spare_pages=6)
    await log.append("app", [AppStarted(version="1", pid=1)], actor="cli")
    assert reasons(log) == ["one"]
    free(log)
    await log.append("app", [AppStarted(version="1", pid=1)], actor="cli")
    assert reasons(log) == ["one", "xxxx", "two"]


def test_closing_is_the_last_chance(opened: Open) -> None:
    """A quit right after the disk was full still leaves every outcome."""
    log = opened()
    log.append_later("app", AppStopped(reason="late"), actor="system")
    log.close()
    assert reasons(opened(read_only=True)) == ["late"]
