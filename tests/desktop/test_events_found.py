"""`events` with what is wanted: how far the log is looked through, and what is said of nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from desktop.cli import past
from tests.core.past.conftest import Afternoon
from tests.desktop.conftest import Run

HOUR = past.DAY_US // 24


class Log:
    """A log of so many hours, of which ten are looked at for each page and nothing is wanted."""

    def __init__(self, hours: int) -> None:
        self.hours = hours
        self.asked = 0

    def page(self, query: Mapping[str, Any], newest_first: bool, limit: int) -> Mapping[str, Any]:
        """An empty one, and how far it was looked."""
        self.asked += 1
        if newest_first:
            at = query.get("before", self.hours) - 10
            onward = {"older": at} if at > 0 else {}
        else:
            at = query.get("after", 0) + 10
            onward = {"newer": at} if at < self.hours else {}
        return {"entries": [], "reached_at": at * HOUR if onward else None, **onward}


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_log_is_looked_through_to_a_day_beyond_what_is_wanted(newest_first: bool) -> None:
    """And to its end where no time is named."""
    log = Log(1000)
    until = (1000 - 20 if newest_first else 20) * HOUR
    assert list(past.pages(log.page, newest_first=newest_first, limit=5, until=until)) == []
    assert log.asked == 5  # twenty hours, a day, and one page to be beyond it
    log = Log(1000)
    assert list(past.pages(log.page, newest_first=newest_first, limit=5)) == []
    assert log.asked == 100


def test_who_finds_nothing_is_told_so(home: Path, run: Run) -> None:
    """Beside the lines, which stay those of events alone."""
    made = Afternoon(home)
    made.store.close()
    made.past.close()
    nothing = run("events", "--kind", "comet", "--json")
    assert (nothing.stdout, nothing.stderr) == ("", "No event was found.\n")
    assert run("events", "--kind", "engine").stderr == ""
