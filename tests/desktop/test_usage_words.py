"""What was used and what was asked, told in a terminal."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import click
import pytest

from desktop.cli.requests import _followed
from desktop.cli.usage import LOCALTIME, minutes_east, moment, zone_here, zone_named
from tests.desktop.conftest import Run
from tests.desktop.fake_app import FakeApp


def test_usage_is_a_table_with_its_total(app: FakeApp, run: Run) -> None:
    """Keys by their names, columns only where there is something, and what is not known said."""
    result = run("usage", "--by", "key,model", "--since", "30d", "--key", "laptop")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert lines[0] == ["key", "model", "requests", "in", "out", "ttft", "ms", "cost", "EUR"]
    assert lines[1] == ["laptop", "qwen", "2", "1,234", "56", "41", "1.50"]
    assert lines[2] == ["–", "demo", "2", "1,234", "56", "41"]
    assert lines[3] == ["total", "4", "1,234", "56", "41", "1.50"]
    assert "Of 1 answered requests nobody knows the tokens." in result.output
    asked = app.queries[-1]
    assert (asked["by"], asked["key"], asked["tz"]) == ("key,model", "laptop", zone_here())
    assert "until" not in asked


def test_usage_is_also_for_programs(app: FakeApp, run: Run) -> None:
    """JSON as the app gives it; CSV is asked of the app; a time that is none is a usage error."""
    assert json.loads(run("usage", "--json").output)["currency"] == "EUR"
    run("usage", "--csv", "--utc", "--since", "all")
    assert app.queries[-1] == {"by": "day", "tz": "0", "format": "csv"}
    assert run("usage", "--since", "soon").exit_code == 2


obeys_tz = pytest.mark.skipif(not hasattr(time, "tzset"), reason="TZ is not obeyed there")


@pytest.fixture
def clock_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str | None], None]]:
    """Sets this process's zone as a shell would; what the machine is set to afterwards."""

    def clock_set(tz: str | None) -> None:
        monkeypatch.delenv("TZ", raising=False) if tz is None else monkeypatch.setenv("TZ", tz)
        time.tzset()

    yield clock_set
    monkeypatch.undo()
    time.tzset()


@obeys_tz
def test_days_are_those_of_the_zone_with_its_summers(
    app: FakeApp, run: Run, clock_set: Callable[[str | None], None]
) -> None:
    """A number is that of today, and wrong by an hour for half of the year."""
    clock_set("Europe/Berlin")
    assert run("usage").exit_code == 0
    assert app.queries[-1]["tz"] == "Europe/Berlin"


@obeys_tz
def test_a_zone_without_a_name_is_so_far_from_utc(
    clock_set: Callable[[str | None], None],
) -> None:
    """As POSIX writes rules of one's own."""
    clock_set("<+0330>-3:30")
    assert (minutes_east(), zone_here()) == (210, "210")
    for tz, name in ((":Asia/Kolkata", "Asia/Kolkata"), ("", "0")):
        clock_set(tz)
        assert zone_here() == name
    clock_set(None)
    assert zone_here() in (zone_named(None, LOCALTIME), str(minutes_east()))


@pytest.mark.skipif(os.name == "nt", reason="no link sets the clock there")
def test_a_zone_is_named_by_the_link_that_sets_the_machines_clock(tmp_path: Path) -> None:
    """A copy of its file has no name, nor has what lies elsewhere."""
    zone = tmp_path / "share" / "zoneinfo" / "America" / "New_York"
    zone.parent.mkdir(parents=True)
    zone.touch()
    link, copy = tmp_path / "localtime", tmp_path / "copied"
    link.symlink_to(zone)
    copy.touch()
    assert zone_named(None, link) == "America/New_York"
    assert zone_named("Europe/Berlin", link) == "Europe/Berlin"
    assert zone_named(str(zone), copy) == "America/New_York"
    for tz, machine in ((None, copy), (None, tmp_path / "none"), ("CET-1CEST", link), ("", link)):
        assert zone_named(tz, machine) is None


def test_requests_are_listed_followed_and_ended(app: FakeApp, run: Run) -> None:
    """By whom, how it ended, how long it took."""
    listed = run("requests", "--model", "qwen", "--limit", "5")
    assert listed.exit_code == 0, listed.output
    assert "laptop" in listed.output
    assert "1,200" in listed.output
    assert (app.queries[-1]["model"], app.queries[-1]["limit"]) == ("qwen", "5")
    assert json.loads(run("requests", "--json").output)["requests"][0]["status"] == 200
    running = run("requests", "--running")
    assert "waiting" in running.output
    ended = run("requests", "cancel", "abc")
    assert ended.exit_code == 0, ended.output
    assert ("POST", "/api/cancel", {"request_id": "abc"}) in app.asked


def test_one_request_is_shown_with_all_that_is_known(app: FakeApp, run: Run) -> None:
    """And its bodies, where they were captured."""
    shown = run("requests", "show", "abc")
    assert shown.exit_code == 0, shown.output
    assert app.queries[-1] == {"request_id": "abc"}
    assert "ttft_ms            41.4" in shown.output
    assert "error_code" not in shown.output
    bodies = run("requests", "show", "abc", "--bodies")
    assert '{"model": "qwen"}' in bodies.output
    assert "answer (the beginning)" in bodies.output
    assert "9 bytes, no text" in bodies.output


def test_following_tells_each_request_once(
    app: FakeApp, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is seen."""
    looks = iter((None, None))

    def wait(seconds: float) -> None:
        if next(looks, "over"):
            raise KeyboardInterrupt

    monkeypatch.setattr("desktop.cli.requests.time.sleep", wait)
    followed = run("requests", "--follow", "--json")
    assert len(followed.output.splitlines()) == 1
    assert json.loads(followed.output)["request_id"].endswith("1")


class Busy:
    """A studio in which so many requests end before each look; a page holds a thousand."""

    def __init__(self, *each: int) -> None:
        self.each = list(each)
        self.ended: list[dict[str, Any]] = []
        self.go_on(0.0)

    def go_on(self, seconds: float) -> None:
        """Until the next look; Ctrl-C when it is over."""
        if not self.each:
            raise KeyboardInterrupt
        for number in range(len(self.ended), len(self.ended) + self.each.pop(0)):
            self.ended.append({"request_id": str(number), "finished_at": number * 100})

    def get(self, path: str, *, limit: int, before: str | None = None, since: int = 0) -> Any:
        """A page, the newest first."""
        upto = len(self.ended) if before is None else int(before)
        wanted = [one for one in self.ended[:upto] if one["finished_at"] >= since]
        page = wanted[::-1][:limit]
        more = len(wanted) > limit
        return {"requests": page, "next": page[-1]["request_id"] if more else None}


def test_following_loses_nothing_however_much_ends_between_two_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also when nothing had ended before; each is told once."""
    for busy, first in ((Busy(50, 2500, 0, 3), 30), (Busy(0, 2500, 1), 0)):
        monkeypatch.setattr("desktop.cli.requests.time.sleep", busy.go_on)
        told = [one["request_id"] for one in _followed(cast(Any, busy), 20, {})]
        assert told == [one["request_id"] for one in busy.ended[first:]]


def test_a_moment_is_a_while_ago_or_a_day() -> None:
    """Of this machine's time."""
    assert moment("2026-11-01T00:00:00+00:00") == 1_793_491_200_000_000
    assert moment("1h") < moment("1m")


def test_a_time_is_written_as_for_events() -> None:
    """`usage` and `requests` take what `events` takes; a position is of another log."""
    assert moment("yesterday") < moment("-2h") <= moment("now")
    assert moment("yesterday 14:02") < moment("now")
    for nonsense in ("4711", "soon"):
        with pytest.raises(click.UsageError, match="a time is such as"):
            moment(nonsense)
