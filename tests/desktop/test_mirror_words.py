"""What is told of the PostgreSQL database in a terminal."""

from pathlib import Path

import msgspec
import pytest

from core.mirror import MirrorView
from core.settings import Settings
from desktop.cli.mirror import OFF, in_words
from desktop.doctor_database import database
from tests.harness.ports import free_port


def words(view: MirrorView) -> str:
    """As the command says it."""
    return in_words(msgspec.to_builtins(view))


def test_no_database_is_no_fault() -> None:
    """And how there would be one."""
    assert words(MirrorView(state="off")) == OFF


def test_a_database_that_is_away_is_told_with_what_to_do() -> None:
    """How much waits, why, and the next step."""
    view = MirrorView(
        state="away", where="postgresql://u@h/d", behind=7, problem="It is away.", next_action="Go."
    )
    assert words(view).splitlines() == [
        "away: postgresql://u@h/d",
        "7 events are not there yet",
        "It is away.",
        "→ Go.",
    ]


@pytest.mark.parametrize(
    ("url", "verdict", "said"),
    [
        ("", None, ""),
        ("mysql://u:secret@h/d", "fail", "not the address"),
        ("postgresql://u:secret@127.0.0.1:{port}/d", "warn", "can not be reached"),
    ],
)
def test_the_doctor_looks_at_the_database(url: str, verdict: str | None, said: str) -> None:
    """Not at all when there is none; one that is away is no reason not to work."""
    found = list(database(Settings(home=Path("h"), database_url=url.format(port=free_port()))))
    assert [check.verdict for check in found] == ([verdict] if verdict else [])
    for check in found:
        assert said in check.message
        assert check.next_action
        assert "secret" not in f"{check}"
