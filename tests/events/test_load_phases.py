"""What is remembered of the phases of earlier loads."""

from collections.abc import Callable
from typing import Any

import pytest

from events.facts import (
    EngineBecameReady,
    EngineCrashed,
    EngineProgressed,
    EngineStarted,
    EngineStartFailed,
    EngineStopRequested,
    EngineWoke,
)
from events.facts.base import Fact
from events.projections.load_phases import (
    COLD,
    WAKE,
    expected_wake,
    load_seconds,
    phases_of_kind,
    phases_of_recipe,
)
from events.store import EventStore
from tests.events.conftest import StillClock
from tests.events.steps import steps
from tests.events.stories import asked

SECOND = 1_000_000
Load = Callable[..., None]


@pytest.fixture
def load(log: EventStore, clock: StillClock) -> Load:
    """Tell of a load whose phases took so many seconds."""

    def tell(
        engine_id: str,
        recipe_id: str = "a",
        *,
        kind: str = "vllm",
        end: Fact | None = None,
        **phases: float,
    ) -> None:
        who: dict[str, Any] = {"engine_id": engine_id, "recipe_id": recipe_id}
        stream = f"engine-{engine_id}"
        log.append_now(stream, [asked(engine_id, recipe_id, kind=kind)], actor="cli")
        clock.at += 5 * SECOND  # waiting for its process is no part of the load
        started = EngineStarted(**who, pid=1, process_group=1, process_started_at=1.0)
        log.append_now(stream, [started], actor="cli")
        for name, seconds in phases.items():
            if name != "launching":
                log.append_now(
                    stream, [EngineProgressed(**who, phase=name, percent=0.0)], actor="cli"
                )
            half = int(seconds * SECOND / 2)
            clock.at += half
            if name != "launching":  # a step within the phase changes nothing
                log.append_now(
                    stream, [EngineProgressed(**who, phase=name, percent=50.0)], actor="cli"
                )
            clock.at += half
        log.append_now(stream, [end or EngineBecameReady(**who, seconds=9.0)], actor="cli")

    return tell


def test_each_phase_has_its_median(log: EventStore, load: Load) -> None:
    """In the order in which they come, over the newest five."""
    load("e0", launching=900.0, weights=900.0)
    for number, seconds in enumerate((4.0, 6.0, 8.0, 10.0, 100.0), 1):
        load(f"e{number}", launching=2.0, weights=seconds, graphs=1.0)
    with log.reading() as connection:
        assert phases_of_recipe(connection, "a") == (
            ("launching", 2.0),
            ("weights", 8.0),
            ("graphs", 1.0),
        )
        assert phases_of_recipe(connection, "b") == ()


def test_a_recipe_that_never_loaded_learns_from_its_kind(log: EventStore, load: Load) -> None:
    """All recipes of that kind together."""
    load("e1", "a", launching=2.0)
    load("e2", "b", launching=4.0)
    load("e3", "c", kind="sglang", launching=50.0)
    with log.reading() as connection:
        assert phases_of_kind(connection, "vllm") == (("launching", 3.0),)
        assert phases_of_kind(connection, "sglang") == (("launching", 50.0),)


@pytest.mark.parametrize(
    "end",
    [
        EngineStartFailed(engine_id="e1", recipe_id="a", reason="x", code="bad-flag"),
        EngineStopRequested(engine_id="e1", recipe_id="a", reason="cancelled"),
        EngineCrashed(engine_id="e1", recipe_id="a", reason="x", code="unknown"),
    ],
)
def test_a_load_without_an_answer_tells_nothing(log: EventStore, load: Load, end: Fact) -> None:
    """It ended early, or would never have ended."""
    load("e1", end=end, launching=2.0, weights=3.0)
    with log.reading() as connection:
        assert phases_of_recipe(connection, "a") == ()
        assert connection.execute("select count(*) from load_phases").fetchone() == (0,)


def test_an_answer_is_kept_when_the_engine_ends_later(log: EventStore, load: Load) -> None:
    """Its end is no part of its load."""
    load("e1", launching=2.0)
    end = EngineStopRequested(engine_id="e1", recipe_id="a", reason="evicted")
    log.append_now("engine-e1", [end], actor="cli")
    with log.reading() as connection:
        assert phases_of_recipe(connection, "a") == (("launching", 2.0),)


def test_wakings_are_a_history_of_their_own(log: EventStore, load: Load) -> None:
    """One run may wake many times, and a cold start learns nothing from it."""
    load("e1", launching=20.0)
    for seconds in (1.0, 2.0, 3.0):
        woke = EngineWoke(engine_id="e1", recipe_id="a", seconds=seconds)
        log.append_now("engine-e1", [woke], actor="cli")
    with log.reading() as connection:
        assert expected_wake(connection, "a") == 2.0
        assert phases_of_recipe(connection, "a", WAKE) == (("waking", 2.0),)
        assert phases_of_recipe(connection, "a") == (("launching", 20.0),)
        assert phases_of_kind(connection, "vllm", WAKE) == (("waking", 2.0),)
        assert expected_wake(connection, "b") is None


def test_a_whole_load_has_its_median_by_recipe_and_way(log: EventStore, load: Load) -> None:
    """A waking is not a load, and what did not come to an answer counts nowhere."""
    load("e1", launching=4.0, weights=6.0)
    load("e2", launching=6.0, weights=8.0)
    woke = EngineWoke(engine_id="e2", recipe_id="a", seconds=0.8)
    log.append_now("engine-e2", [woke], actor="cli")
    failed = EngineStartFailed(engine_id="e3", recipe_id="a", reason="no room", code="oom")
    load("e3", launching=90.0, end=failed)
    with log.reading() as connection:
        assert load_seconds(connection) == {("a", COLD): 12.0, ("a", WAKE): 0.8}


def test_older_loads_cost_nothing(log: EventStore, load: Load) -> None:
    """Every picture of the status asks for this, however many loads there ever were."""

    for at in range(6):
        load(f"e{at}", launching=1)
    few = steps(log, load_seconds)
    for at in range(6, 60):
        load(f"e{at}", launching=1)
    assert steps(log, load_seconds) < 2 * few
