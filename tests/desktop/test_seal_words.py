"""`audit segments`, `audit prune`: what is told of months, and that nothing is erased unasked."""

import click
import msgspec

from core.sealing.sealing import MonthView
from desktop.cli.audit_seal import in_words
from tests.desktop.conftest import Run
from tests.desktop.fake_app import FakeApp


def test_months_are_told_with_who_erased_what() -> None:
    """A line for each."""
    months = [
        MonthView(month="2026-11", state="live", bytes=2048),
        MonthView(
            month="2026-10", state="pruned", requests=1200, events=1201, bytes=100, root="",
            sealed_at=1_800_000_000_000_000, pruned_at=1_800_000_000_000_000, pruned_by="cli",
            pruned_why="a year is enough",
        ),
    ]  # fmt: skip
    told = click.unstyle(in_words({"months": msgspec.to_builtins(months)}))
    head, live, pruned = told.splitlines()
    assert head.split() == ["month", "state", "requests", "size", "sealed", "erased"]
    assert live.split() == ["2026-11", "live", "–", "2.0", "KiB", "–", "–"]
    assert "1,200" in pruned
    assert pruned.endswith("by cli: a year is enough")
    assert in_words({"months": []}, none="There was nothing.") == "There was nothing."


def test_a_script_that_was_not_told_to_erases_nothing(run: Run, app: FakeApp) -> None:
    """Without anybody to ask, --yes has to say so."""
    result = run("audit", "prune", "--before", "2026-10")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert not [one for one in app.asked if "prune" in str(one)]
