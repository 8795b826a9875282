"""A recipe that can not start is left alone for a while, and says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.live_settings import LiveSettings
from core.settings import Settings
from core.start_budget import StartBudget
from events import projections
from events.facts import (
    EngineBecameReady,
    EngineCrashed,
    EngineStartFailed,
    EngineStopped,
    RecipeRevised,
)
from events.facts.base import Fact
from events.store import EventStore


class Clock:
    """Stands still until told otherwise; the log's clock too."""

    seconds = 1_000_000.0

    def now(self) -> int:
        """The test's time in µs."""
        return int(self.seconds * 1e6)

    def monotonic(self) -> float:
        """The test's time."""
        return self.seconds


class Bench:
    """A log, a budget over it, and a clock for both."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.path = path / "main.db"
        self.open()

    def open(self) -> None:
        """Begin, or begin again after a restart."""
        self.store = EventStore.open(self.path, projections=projections.ALL, now=self.clock.now)
        settings = Settings(home=self.path.parent, start_failure_limit=3, start_backoff_s=60)
        self.budget = StartBudget(
            store=self.store, settings=LiveSettings(settings, {}), clock=self.clock
        )

    async def happened(self, *facts: Fact) -> None:
        """These, now."""
        await self.store.append("engine-x", facts, actor="system")

    async def fail(self, times: int, recipe_id: str = "a", code: str = "gpu-memory-busy") -> None:
        """So many starts in a row that come to nothing."""
        for _ in range(times):
            await self.happened(
                EngineStartFailed(
                    engine_id="x",
                    recipe_id=recipe_id,
                    reason="out of memory",
                    code=code,
                    next_action="lower the context",
                )
            )

    async def crash(self) -> None:
        """It answers, and dies."""
        await self.happened(EngineBecameReady(engine_id="x", recipe_id="a", seconds=1.0))
        self.clock.seconds += 1
        await self.happened(
            EngineCrashed(engine_id="x", recipe_id="a", reason="it died", code="unknown")
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Three failures are allowed, then a minute's pause."""
    made = Bench(tmp_path)
    yield made
    made.store.close()


async def test_up_to_the_limit_it_is_tried_again(bench: Bench) -> None:
    """One bad start is no reason to give up."""
    await bench.fail(2)
    bench.budget.check("a")


async def test_after_the_limit_requests_hear_why_and_when_to_come_back(bench: Bench) -> None:
    """The refusal carries the last reason, its remedy and a time."""
    await bench.fail(3)
    with pytest.raises(Unavailable, match=r"3 times in a row.*out of memory") as refusal:
        bench.budget.check("a")
    assert refusal.value.retry_after == 60
    assert refusal.value.next_action == "lower the context"


async def test_when_the_pause_is_over_it_is_tried_again(bench: Bench) -> None:
    """Nothing that may pass is blocked for ever."""
    await bench.fail(3)
    bench.clock.seconds += 60
    bench.budget.check("a")


async def test_the_pause_doubles_and_is_bounded(bench: Bench) -> None:
    """The longer it fails, the rarer it is tried; never rarer than every sixteen pauses."""
    await bench.fail(4)
    with pytest.raises(Unavailable) as refusal:
        bench.budget.check("a")
    assert refusal.value.retry_after == 120
    await bench.fail(20)
    with pytest.raises(Unavailable) as refusal:
        bench.budget.check("a")
    assert refusal.value.retry_after == 960


async def test_what_can_only_fail_again_is_not_tried_again(bench: Bench) -> None:
    """A wrong flag stays wrong: one failure is enough, and no time mends it."""
    await bench.fail(1, code="bad-flag")
    bench.clock.seconds += 100_000
    with pytest.raises(Unavailable, match="failed once and is left alone until it is changed"):
        bench.budget.check("a")


async def test_a_crash_loop_is_a_failure_like_any_other(bench: Bench) -> None:
    """It starts, answers and dies, over and over: that is not working."""
    for _ in range(3):
        await bench.crash()
    with pytest.raises(Unavailable, match="it died"):
        bench.budget.check("a")


async def test_a_crash_after_a_long_time_is_a_new_story(bench: Bench) -> None:
    """What served for hours may crash once a day without being held to be broken."""
    for _ in range(5):
        await bench.happened(EngineBecameReady(engine_id="x", recipe_id="a", seconds=1.0))
        bench.clock.seconds += 3600
        await bench.crash()
        bench.clock.seconds += 200
        await bench.happened(EngineBecameReady(engine_id="x", recipe_id="a", seconds=1.0))
        bench.clock.seconds += 3600
    bench.budget.check("a")


@pytest.mark.parametrize(
    "mended",
    [
        (EngineBecameReady(engine_id="x", recipe_id="a", seconds=1.0),),
        (
            EngineBecameReady(engine_id="x", recipe_id="a", seconds=1.0),
            EngineStopped(engine_id="x", recipe_id="a", exit_code=0, seconds=1.0),
        ),
        (RecipeRevised(recipe_id="a", revision=2, recipe={}),),
    ],
    ids=["it answers", "it answered and was stopped", "its recipe was changed"],
)
async def test_what_was_mended_is_not_held_against_it(
    bench: Bench, mended: tuple[Fact, ...]
) -> None:
    """A success, or a changed recipe, starts afresh."""
    await bench.fail(3)
    await bench.happened(*mended)
    bench.budget.check("a")


async def test_a_restart_of_the_app_forgets_nothing(bench: Bench) -> None:
    """The log remembers: nobody starts a broken recipe three times after every restart."""
    await bench.fail(3)
    bench.store.close()
    bench.open()
    with pytest.raises(Unavailable):
        bench.budget.check("a")


async def test_recipes_do_not_pay_for_each_other(bench: Bench) -> None:
    """A broken recipe blocks itself alone."""
    await bench.fail(5)
    bench.budget.check("b")
