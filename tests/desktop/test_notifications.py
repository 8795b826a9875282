"""What is worth interrupting a person for."""

from core.status import Status
from desktop.notifications import Notification, news
from desktop.words import Speech
from tests.desktop.pictures import machine, recipe


def told(before: Status | None, after: Status) -> tuple[Notification, ...]:
    """The news in English."""
    return news(before, after, Speech())


def test_the_first_look_is_no_told() -> None:
    """What was ready before we looked did not just become ready."""
    assert told(None, machine(recipe("qwen", "ready"))) == ()


def test_a_model_that_became_ready_is_told_once() -> None:
    """On the way from loading to ready, and not again."""
    before, after = machine(recipe("qwen", "loading")), machine(recipe("qwen", "ready"))
    assert [n.title for n in told(before, after)] == ["qwen is ready"]
    assert told(after, after) == ()


def test_a_crash_says_why_and_what_next() -> None:
    """With the engine's reason."""
    before = machine(recipe("qwen", "ready"))
    after = machine(recipe("qwen", "failed", error="out of memory", next_action="less context"))
    (news_of_it,) = told(before, after)
    assert news_of_it.title == "qwen crashed"
    assert news_of_it.text == "out of memory → less context"


def test_a_failed_start_is_not_called_a_crash() -> None:
    """It never ran."""
    before, after = machine(recipe("qwen", "loading")), machine(recipe("qwen", "failed"))
    assert [n.title for n in told(before, after)] == ["qwen could not be started"]


def test_stopping_on_purpose_is_no_told() -> None:
    """Whoever stopped it knows."""
    assert told(machine(recipe("qwen", "ready")), machine(recipe("qwen", "stopped"))) == ()
