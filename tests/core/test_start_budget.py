"""A recipe that can not start is left alone for a while, and says so."""

from pathlib import Path

import pytest

from core.errors import EngineFailure, Unavailable
from core.live_settings import LiveSettings
from core.settings import Settings
from core.start_budget import StartBudget


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> int:
        """Unused here."""
        return int(self.seconds * 1e6)

    def monotonic(self) -> float:
        """The test's time."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """Time of the test's own."""
    return Clock()


@pytest.fixture
def budget(tmp_path: Path, clock: Clock) -> StartBudget:
    """Three failures are allowed, then a minute's pause."""
    settings = Settings(home=tmp_path, start_failure_limit=3, start_backoff_s=60)
    return StartBudget(settings=LiveSettings(settings, {}), clock=clock)


def fail(budget: StartBudget, times: int) -> None:
    """So often in a row."""
    for _ in range(times):
        budget.failed("a", EngineFailure("out of memory", next_action="lower the context"))


def test_up_to_the_limit_it_is_tried_again(budget: StartBudget) -> None:
    """One bad start is no reason to give up."""
    fail(budget, 2)
    budget.check("a")


def test_after_the_limit_requests_hear_why_and_when_to_come_back(budget: StartBudget) -> None:
    """The refusal carries the last reason, its remedy and a time."""
    fail(budget, 3)
    with pytest.raises(Unavailable, match=r"3 times in a row.*out of memory") as refusal:
        budget.check("a")
    assert refusal.value.retry_after == 60
    assert refusal.value.next_action == "lower the context"


def test_when_the_pause_is_over_it_is_tried_again(budget: StartBudget, clock: Clock) -> None:
    """Nothing is blocked for ever."""
    fail(budget, 3)
    clock.seconds += 60
    budget.check("a")


def test_the_pause_doubles_and_is_bounded(budget: StartBudget) -> None:
    """The longer it fails, the rarer it is tried; never rarer than every sixteen pauses."""
    fail(budget, 4)
    with pytest.raises(Unavailable) as refusal:
        budget.check("a")
    assert refusal.value.retry_after == 120
    fail(budget, 100)
    with pytest.raises(Unavailable) as refusal:
        budget.check("a")
    assert refusal.value.retry_after == 960


def test_a_success_or_a_changed_recipe_starts_afresh(budget: StartBudget) -> None:
    """What was mended is not held against it."""
    fail(budget, 3)
    budget.forget("a")
    budget.check("a")


def test_recipes_do_not_pay_for_each_other(budget: StartBudget) -> None:
    """A broken recipe blocks itself alone."""
    fail(budget, 5)
    budget.check("b")
