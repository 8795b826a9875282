"""What an eviction does: to sleep where that is enough, else out of memory."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.engines.fleet import Sleeper
from core.engines.lifecycle import Slept
from core.gateway.inflight import InFlight
from core.live_settings import LiveSettings
from core.machine import Machine
from core.placement.placement import HOST, Placement, Share
from core.recipes.book import Entry
from core.recipes.recipe import Recipe
from core.settings import Settings
from core.status import EngineView
from events import projections
from events.store import EventStore

GIB = 2**30
GPU = "GPU-1"


@dataclass
class Fleet:
    """One ready engine, and what is asked of it."""

    views_: tuple[EngineView, ...]
    levels: tuple[int, ...] = (1, 2)
    slept: Slept | None = None
    current: bool | None = True
    sleepers: tuple[Sleeper, ...] = ()
    deeds: list[str] = field(default_factory=list)

    def views(self) -> tuple[EngineView, ...]:
        """What there is."""
        return self.views_

    def can_sleep(self, _recipe_id: str) -> tuple[int, ...]:
        """As the test says."""
        return self.levels

    def is_current(self, _recipe: Recipe) -> bool | None:
        """As the test says."""
        return self.current

    def asleep(self) -> tuple[Sleeper, ...]:
        """As the test says."""
        return self.sleepers

    async def sleep(self, _recipe_id: str, *, level: int, **_: Any) -> Slept | None:
        """As the test says."""
        self.deeds.append(f"sleep {level}")
        return self.slept

    async def stop(self, recipe_id: str, **_: Any) -> None:
        """Gone."""
        self.deeds.append(f"stop {recipe_id}")


class Places:
    """What the engine holds, and a machine of 24 GiB."""

    def __init__(self) -> None:
        self.capacity = {GPU: 24 * GIB, HOST: 64 * GIB}
        self.left = Placement(shares=(Share(device=GPU, bytes=1 * GIB),))

    def of(self, _view: EngineView) -> Placement:
        """Twenty gibibytes of the GPU."""
        return Placement(shares=(Share(device=GPU, bytes=20 * GIB),))

    def slept(self, _recipe_id: str, _how: Slept) -> Placement:
        """What the test says is left."""
        return self.left

    def gone(self, _recipe_id: str) -> None:
        """Nothing to remember."""


class Book:
    """One recipe."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def find(self, _recipe_id: str) -> Entry:
        """It."""
        return Entry(recipe=self.recipe, revision=1)


SLEPT = Slept(
    level=1, seconds=1.0, device_bytes_freed=19 * GIB, host_bytes_freed=0, device_bytes=GIB,
    host_bytes=18 * GIB,
)  # fmt: skip
READY = EngineView(
    engine_id="e", recipe_id="a", kind="vllm", runtime=None, state="ready", since=0, port=1, pid=1
)


class Bench:
    """A machine of fakes, apart from what is tested."""

    def __init__(self, path: Path, **recipe: Any) -> None:
        self.store = EventStore.open(path / "main.db", projections=projections.ALL)
        self.fleet = Fleet(views_=(READY,), slept=SLEPT)
        self.places = Places()
        self.settings = Settings(home=path)
        self.recipe = Recipe(id="a", model="m", **recipe)

    def vacate(self, *, newcomer: int | None = 20, may_sleep: bool = True) -> str:
        """Evict it for a newcomer of so many GiB; how it went."""
        clock = SystemClock()
        machine = Machine(
            store=self.store,
            settings=LiveSettings(self.settings, {}),
            book=Book(self.recipe),  # type: ignore[arg-type]  # the part of it that is used
            fleet=self.fleet,  # type: ignore[arg-type]
            places=self.places,  # type: ignore[arg-type]
            inflight=InFlight(clock),
            publisher=None,  # type: ignore[arg-type]
            clock=clock,
        )
        wanted = None
        if newcomer is not None:
            wanted = Placement(shares=(Share(device=GPU, bytes=newcomer * GIB),))
        return asyncio.run(
            machine.vacate(
                "a",
                reason="r",
                actor="x",
                correlation_id="c",
                newcomer=wanted,
                may_sleep=may_sleep,
            )
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A recipe that sleeps as deeply as makes sense."""
    made = Bench(tmp_path, sleep="auto")
    yield made
    made.store.close()


def test_what_may_sleep_sleeps(bench: Bench) -> None:
    """Level 1: its weights fit into the budget for sleepers."""
    assert (bench.vacate(), bench.fleet.deeds) == ("asleep", ["sleep 1"])


def test_without_main_memory_it_sleeps_more_deeply(bench: Bench) -> None:
    """C72: another sleeper has taken the budget, so the weights are given up."""
    bench.fleet.sleepers = (Sleeper(recipe_id="s", since=0, level=1, host_bytes=30 * GIB),)
    assert (bench.vacate(), bench.fleet.deeds) == ("asleep", ["sleep 2"])


def test_a_set_budget_is_kept(bench: Bench) -> None:
    """The setting wins over the share of the machine."""
    bench.settings = Settings(home=bench.settings.home, sleep_memory_gib=1.0)
    assert bench.vacate() == "asleep"
    assert bench.fleet.deeds == ["sleep 2"]


def test_a_sleeper_that_keeps_too_much_is_stopped(bench: Bench) -> None:
    """C71: it freed memory, but not enough for the newcomer; nobody finds out by running out."""
    bench.places.left = Placement(shares=(Share(device=GPU, bytes=8 * GIB),))
    assert (bench.vacate(), bench.fleet.deeds) == ("stopped", ["sleep 1", "stop a"])


def test_a_sleep_that_failed_is_a_stop(bench: Bench) -> None:
    """Whatever became of it, the newcomer gets its memory."""
    bench.fleet.slept = None
    assert (bench.vacate(), bench.fleet.deeds) == ("stopped", ["sleep 1", "stop a"])


@pytest.mark.parametrize(
    ("change", "may_sleep"),
    [({"levels": ()}, True), ({"current": False}, True), ({}, False)],
    ids=["it can not", "its recipe was changed", "a person evicts it"],
)
def test_what_should_not_sleep_is_stopped(
    bench: Bench, change: dict[str, Any], may_sleep: bool
) -> None:
    """Nothing is kept that nobody would wake."""
    for name, value in change.items():
        setattr(bench.fleet, name, value)
    assert (bench.vacate(may_sleep=may_sleep), bench.fleet.deeds) == ("stopped", ["stop a"])
