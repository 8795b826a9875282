"""Putting engines to sleep and waking them, on fakes: nobody waits for ever, nobody gets a lie."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from core.engines.lifecycle import Failure
from core.engines.sleeping import NotSlept
from core.errors import EngineFailure
from core.recipes.recipe import Recipe
from core.secrets import Secrets
from core.settings import Settings
from events.store import EventStore
from tests.core.engines.test_supervisor import Bench

RECIPE = Recipe(id="a", engine="command", command=("true",), sleep="1")
LIE = Failure(reason="it freed nothing", code="sleep-freed-nothing")
SLEEPS = ["sleep-requested", "fell-asleep"]


@pytest.fixture
async def bench(store: EventStore, settings: Settings, secrets: Secrets) -> AsyncIterator[Bench]:
    """A fleet with one ready engine that can sleep at level 1."""
    made = Bench(store, settings, secrets)
    made.health.becomes_ready()
    async with made.fleet:
        await made.start(RECIPE)
        yield made


async def asleep(bench: Bench) -> None:
    """Put it to sleep."""
    assert await bench.fleet.sleep("a", level=1, actor="system") is not None


async def test_an_engine_falls_asleep_and_wakes_for_who_wants_it(bench: Bench) -> None:
    """The same process, and the log tells it."""
    slept = await bench.fleet.sleep("a", level=1, actor="cli", correlation_id="c1")
    assert slept is not None
    assert slept.device_bytes_freed == 9
    (view,) = bench.fleet.views()
    assert (view.state, view.sleep_level) == ("asleep", 1)
    assert bench.fleet.endpoints() == {}
    endpoint = await bench.start(RECIPE)
    assert bench.fleet.endpoints() == {"a": endpoint}
    assert bench.sleeping.asked == ["sleep 1", "wake from 1"]
    assert bench.types()[3:] == [*SLEEPS, "wake-requested", "woke"]
    assert len(bench.launcher.launched) == 1


async def test_sleepers_are_told_with_what_they_hold(bench: Bench) -> None:
    """For the budget and for their time to live."""
    assert bench.fleet.asleep() == ()
    await asleep(bench)
    (sleeper,) = bench.fleet.asleep()
    assert (sleeper.recipe_id, sleeper.level, sleeper.host_bytes) == ("a", 1, 6)


async def test_many_callers_share_one_waking(bench: Bench) -> None:
    """And all of them get the endpoint."""
    await asleep(bench)
    endpoints = await asyncio.gather(*(bench.start(RECIPE) for _ in range(5)))
    assert len(set(map(str, endpoints))) == 1
    assert bench.types().count("wake-requested") == 1


async def test_a_request_that_comes_while_it_falls_asleep_wakes_it_afterwards(
    bench: Bench,
) -> None:
    """It is not served by an engine that is about to hang."""
    bench.sleeping.gate.clear()
    sleeping = asyncio.ensure_future(bench.fleet.sleep("a", level=1, actor="system"))
    await bench.until(lambda: bench.sleeping.asked)
    assert bench.fleet.views()[0].phase == "falling asleep"
    caller = bench.start(RECIPE)
    bench.sleeping.gate.set()
    assert await sleeping is not None
    assert await caller == bench.fleet.endpoints()["a"]
    assert bench.types()[3:] == [*SLEEPS, "wake-requested", "woke"]


async def test_who_was_never_asked_to_sleep_serves_on(bench: Bench) -> None:
    """It was busy: nothing happened to it."""
    busy = Failure(reason="it still works on 1 request(s)", code="sleep-busy")
    bench.sleeping.not_slept = NotSlept(failure=busy, usable=True)
    assert await bench.fleet.sleep("a", level=1, actor="system") is None
    assert set(bench.fleet.endpoints()) == {"a"}
    assert bench.fleet.can_sleep("a") == (1,), "it may be tried again"


async def test_who_lies_is_gone_before_the_answer(bench: Bench) -> None:
    """The newcomer finds its memory free, and the lie is not tried twice. (C71)"""
    bench.sleeping.not_slept = NotSlept(failure=LIE, usable=False)
    assert await bench.fleet.sleep("a", level=1, actor="system") is None
    assert bench.launcher.programs[0].running == 0
    assert bench.types()[3:] == ["sleep-requested", "sleep-failed", "stopped"]
    await bench.start(RECIPE)
    assert bench.fleet.can_sleep("a") == ()
    changed = msgspec.structs.replace(RECIPE, extra_args=("--other",))
    await bench.fleet.stop("a", reason="x", actor="cli")
    await bench.start(changed)
    assert bench.fleet.can_sleep("a") == (1,), "another launch is another chance"


async def test_who_waits_for_a_liar_gets_a_new_start(bench: Bench) -> None:
    """A request that came while it fell asleep is not told that it was stopped."""
    bench.sleeping.not_slept = NotSlept(failure=LIE, usable=False)
    bench.sleeping.gate.clear()
    sleeping = asyncio.ensure_future(bench.fleet.sleep("a", level=1, actor="system"))
    await bench.until(lambda: bench.sleeping.asked)
    caller = bench.start(RECIPE)
    await asyncio.sleep(0)
    bench.sleeping.gate.set()
    assert await sleeping is None
    assert await caller == bench.fleet.endpoints()["a"]
    assert [p.running for p in bench.launcher.programs] == [0, 1]


async def test_a_waking_that_fails_becomes_a_cold_start_in_the_same_call(bench: Bench) -> None:
    """Killed at once, for its caller waits; and it is told. (C70)"""
    await asleep(bench)
    bench.sleeping.not_awake = Failure(reason="wake_up answers 500", code="wake-refused")
    endpoint = await bench.start(RECIPE)
    assert endpoint == bench.fleet.endpoints()["a"]
    assert bench.launcher.launched[0].graces == [0.0]
    assert bench.types()[5:] == [
        *("wake-requested", "wake-failed", "stopped"),
        *("start-requested", "started", "became-ready"),
    ]
    assert bench.fleet.can_sleep("a") == ()


async def test_a_sleeper_that_dies_waking_is_replaced_too(bench: Bench) -> None:
    """The crash is told, the caller is served."""
    await asleep(bench)
    bench.sleeping.gate.clear()
    caller = bench.start(RECIPE)
    await bench.until(lambda: "wake from 1" in bench.sleeping.asked)
    bench.launcher.programs[0].end_parent(-9)
    assert await caller == bench.fleet.endpoints()["a"]
    assert bench.types()[5:8] == ["wake-requested", "wake-failed", "crashed"]


async def test_a_sleeper_can_be_stopped_and_asked_for_anew(bench: Bench) -> None:
    """With a short grace: it has nothing to finish."""
    await asleep(bench)
    await bench.fleet.stop("a", reason="its time is over", actor="system")
    assert bench.launcher.launched[0].graces == [2.0]
    assert bench.fleet.views() == ()
    assert await bench.start(RECIPE)


async def test_a_stop_while_it_wakes_is_the_end_of_it(bench: Bench) -> None:
    """Somebody wanted it gone: who waited is told so, and no new one is started."""
    await asleep(bench)
    bench.sleeping.gate.clear()
    caller = bench.start(RECIPE)
    await bench.until(lambda: "wake from 1" in bench.sleeping.asked)
    await bench.fleet.stop("a", reason="evicted", actor="cli")
    with pytest.raises(EngineFailure) as failed:
        await caller
    assert failed.value.code == "stopped"
    assert len(bench.launcher.launched) == 1


async def test_a_changed_recipe_is_not_woken_but_started(bench: Bench) -> None:
    """What it would launch now is something else."""
    await asleep(bench)
    await bench.start(msgspec.structs.replace(RECIPE, extra_args=("--other",)))
    assert bench.types()[5:7] == ["stop-requested", "stopped"]
    assert "wake-requested" not in bench.types()


async def test_a_change_that_reaches_no_program_wakes_it(bench: Bench) -> None:
    """Notes, limits and names for people."""
    await asleep(bench)
    await bench.start(msgspec.structs.replace(RECIPE, notes="mine", ttl_s=5.0, pinned=True))
    assert bench.types()[5:] == ["wake-requested", "woke"]


@pytest.mark.parametrize("level", [2, 3])
async def test_a_level_it_can_not_is_refused_without_asking(bench: Bench, level: int) -> None:
    """Its launch settled what it can."""
    assert await bench.fleet.sleep("a", level=level, actor="cli") is None
    assert bench.sleeping.asked == []
    assert set(bench.fleet.endpoints()) == {"a"}


async def test_what_does_not_run_can_not_sleep(bench: Bench) -> None:
    """Nor what sleeps already."""
    assert await bench.fleet.sleep("b", level=1, actor="cli") is None
    await asleep(bench)
    assert await bench.fleet.sleep("a", level=1, actor="cli") is None
    assert bench.fleet.views()[0].state == "asleep"


async def test_two_who_put_it_to_sleep_share_one_sleep(bench: Bench) -> None:
    """One may leave; the other still hears."""
    bench.sleeping.gate.clear()
    first = asyncio.ensure_future(bench.fleet.sleep("a", level=1, actor="x"))
    second = asyncio.ensure_future(bench.fleet.sleep("a", level=1, actor="y"))
    await bench.until(lambda: bench.sleeping.asked)
    first.cancel()
    bench.sleeping.gate.set()
    assert await second is not None
    assert bench.types().count("sleep-requested") == 1


async def test_waking_may_take_as_long_as_a_cold_start_did(bench: Bench) -> None:
    """Or a fixed time while nobody knows."""
    await asleep(bench)
    await bench.start(RECIPE)
    assert bench.sleeping.limits
    assert bench.sleeping.limits[0] >= 10.0
