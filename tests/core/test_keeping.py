"""What always should be there comes back after a crash, and nothing else does."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.clock import SystemClock
from core.keeping import to_bring_back
from core.live_settings import LiveSettings
from core.recipes.book import Entry
from core.recipes.recipe import Recipe
from core.settings import Settings
from core.start_budget import StartBudget
from events import projections
from events.facts import EngineBecameReady, EngineCrashed, EngineStopped
from events.facts.base import Fact
from events.store import EventStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty log."""
    opened = EventStore.open(tmp_path / "main.db", projections=projections.ALL)
    yield opened
    opened.close()


def missing(store: EventStore, **recipe: Any) -> list[str]:
    """What is to be brought back, of one recipe."""
    entry = Entry(recipe=Recipe(id="a", model="m", **recipe), revision=1)
    settings = LiveSettings(Settings(home=store.path.parent), {})
    application: Any = SimpleNamespace(
        store=store,
        book=SimpleNamespace(all=lambda: (entry,)),
        budget=StartBudget(store=store, settings=settings, clock=SystemClock()),
    )
    return to_bring_back(application)


async def happened(store: EventStore, *facts: Fact) -> None:
    """These."""
    await store.append("engine-e", facts, actor="system")


READY = EngineBecameReady(engine_id="e", recipe_id="a", seconds=1.0)
CRASHED = EngineCrashed(engine_id="e", recipe_id="a", reason="it died", code="unknown")
STOPPED = EngineStopped(engine_id="e", recipe_id="a", exit_code=0, seconds=1.0)


@pytest.mark.parametrize("wish", ["pinned", "preload"])
async def test_what_crashed_and_should_be_there_comes_back(store: EventStore, wish: str) -> None:
    """Nobody has to notice at night."""
    await happened(store, READY, CRASHED)
    assert missing(store, **{wish: True}) == ["a"]


async def test_what_is_loaded_on_demand_waits_for_demand(store: EventStore) -> None:
    """The next request brings it back."""
    await happened(store, READY, CRASHED)
    assert missing(store) == []


async def test_what_somebody_stopped_stays_away(store: EventStore) -> None:
    """An eviction is meant."""
    await happened(store, READY, STOPPED)
    assert missing(store, pinned=True) == []


async def test_what_is_back_is_not_brought_back_again(store: EventStore) -> None:
    """It answers."""
    await happened(store, READY, CRASHED, READY)
    assert missing(store, pinned=True) == []


async def test_what_keeps_crashing_is_left_alone(store: EventStore) -> None:
    """Within the budget for failures, not for ever."""
    await happened(store, *[READY, CRASHED] * 3)
    assert missing(store, pinned=True) == []
