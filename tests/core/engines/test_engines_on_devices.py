"""On which GPUs an engine is started, and that this is remembered."""

from collections.abc import Callable

import psutil
import pytest

from core.clock import SystemClock
from core.engines.fleet import Fleet
from core.engines.processes import system_launcher
from core.errors import Invalid
from core.hardware import Name
from core.secrets import Secrets
from core.settings import Settings
from events.store import EventStore
from tests.core.engines.conftest import sim

TWO = (Name(index=0, uuid="GPU-5f3a-1"), Name(index=1, uuid="GPU-99bb-2"))

MakeFleet = Callable[..., Fleet]


@pytest.fixture
def make_fleet(store: EventStore, settings: Settings, secrets: Secrets) -> MakeFleet:
    """Fleets over real processes, on a machine with these GPUs."""

    def make(names: tuple[Name, ...] = TWO) -> Fleet:
        return Fleet(
            store=store,
            settings=settings,
            secrets=secrets,
            clock=SystemClock(),
            launcher=system_launcher(),
            runtime_for=lambda _recipe: None,
            gpu_names=lambda: names,
        )

    return make


def told(fleet: Fleet) -> str | None:
    """What the one engine's process was told about GPUs."""
    (view,) = fleet.views()
    return psutil.Process(view.pid).environ().get("CUDA_VISIBLE_DEVICES")


async def test_the_recipes_gpus_are_told_by_uuid(make_fleet: MakeFleet) -> None:
    """An index is of today; a UUID is the card."""
    async with make_fleet() as fleet:
        await fleet.ensure_ready(sim("a", devices=(1,)), 1, actor="cli")
        assert told(fleet) == "GPU-99bb-2"
        assert fleet.views()[0].devices == ("GPU-99bb-2",)
        await fleet.stop_all(reason="done", actor="cli")


async def test_chosen_gpus_take_the_place_of_the_recipes(make_fleet: MakeFleet) -> None:
    """Whoever runs already keeps those it has."""
    async with make_fleet() as fleet:
        await fleet.ensure_ready(sim("a"), 1, actor="cli", devices=("GPU-99bb-2", "GPU-5f3a-1"))
        assert told(fleet) == "GPU-99bb-2,GPU-5f3a-1"
        await fleet.ensure_ready(sim("a"), 1, actor="cli", devices=("GPU-5f3a-1",))
        assert fleet.views()[0].devices == ("GPU-99bb-2", "GPU-5f3a-1")
        assert fleet.is_current(sim("a")), "a choice is no change of the recipe"
        await fleet.stop_all(reason="done", actor="cli")


async def test_an_adopted_engine_is_known_to_be_where_it_was_started(
    make_fleet: MakeFleet,
) -> None:
    """The log remembers, whatever would be chosen now."""
    async with make_fleet() as fleet:
        await fleet.ensure_ready(sim("a"), 1, actor="cli", devices=("GPU-99bb-2",))
    async with make_fleet() as fleet:
        await fleet.reconcile()
        assert fleet.views()[0].devices == ("GPU-99bb-2",)
        await fleet.stop_all(reason="done", actor="cli")


async def test_without_a_driver_the_engine_is_told_what_the_recipe_says(
    make_fleet: MakeFleet,
) -> None:
    """And is shown where it says it is."""
    async with make_fleet(()) as fleet:
        await fleet.ensure_ready(sim("a", devices=(1, "GPU-5f")), 1, actor="cli")
        assert told(fleet) == "1,GPU-5f"
        assert fleet.views()[0].devices == ("gpu:1", "GPU-5f")
        await fleet.stop_all(reason="done", actor="cli")


async def test_a_gpu_that_is_not_there_is_refused_before_anything_starts(
    make_fleet: MakeFleet,
) -> None:
    """With those that are."""
    async with make_fleet() as fleet:
        with pytest.raises(Invalid, match="no GPU 7") as refused:
            await fleet.ensure_ready(sim("a", devices=(7,)), 1, actor="cli")
        assert "GPU-5f3a-1" in refused.value.next_action
        with pytest.raises(Invalid):
            await fleet.rehearse(sim("a", devices=(7,)))
        assert fleet.views() == ()
