"""`audit acknowledge`: what is shown before somebody puts their word into the log for ever."""

import click

from desktop.cli.audit_acknowledge import replacement_in_words
from tests.desktop.conftest import Run
from tests.desktop.fake_app import FakeApp

ONE = {
    "log": "usage-2026-11", "log_id": "new", "size": 1200, "root": "", "why": "a bad disk",
    "replaced_at": 1_800_000_000_000_000, "follows": "old",
    "former": [{"log_id": "old", "size": 1300, "root": ""}],
}  # fmt: skip


def test_it_is_said_which_log_stands_there_and_how_it_came() -> None:
    """From the one it names, from another, or nobody knows."""
    told = click.unstyle(replacement_in_words(ONE))
    assert "in place of old, signed for up to 1,300 events" in told
    assert told.endswith("It says that it goes on from there: a bad disk.")
    other = replacement_in_words({**ONE, "follows": "third"})
    assert other.endswith("goes on from another one, third: a bad disk.")
    assert "find out before" in replacement_in_words({**ONE, "follows": None})


def test_nothing_is_recorded_without_a_reason_and_a_yes(run: Run, app: FakeApp) -> None:
    """A script has to say that it means it."""
    app.replaced = [ONE]
    assert "goes on from there" in run("audit", "acknowledge").output
    assert "--reason" in run("audit", "acknowledge", "usage-2026-11").output
    unsaid = run("audit", "acknowledge", "usage-2026-11", "--reason", "known")
    assert unsaid.exit_code != 0
    assert "--yes" in unsaid.output
    assert run("audit", "acknowledge", "usage-2026-10", "--reason", "x").exit_code != 0
    assert not [one for one in app.asked if one[0] == "POST"]
    said = run("audit", "acknowledge", "usage-2026-11", "--reason", "known", "--yes")
    assert "It is recorded that usage-2026-11 was replaced" in said.output
