"""What the tests of engines share: a temporary home, recipes that run the sim engine."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.engines.fleet import Fleet
from core.engines.processes import system_launcher
from core.engines.warm import spare_process
from core.hardware import process_memory
from core.recipes.recipe import Recipe
from core.secrets import Secrets
from core.settings import Settings
from events.store import EventStore
from tests.harness.ports import free_port

SIM = Path(__file__).parents[2] / "support" / "sim_engine.py"

MakeFleet = Callable[[], Fleet]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is: what answers in a moment has a minute for it here."""
    monkeypatch.setattr(spare_process, "ACK_S", 60.0)
    monkeypatch.setattr(process_memory, "LIMIT_S", 60.0)


@pytest.fixture
def settings(home: Path) -> Settings:
    """A home of its own and a port range nobody uses."""
    made = Settings(home=home, inference_port=free_port())
    made.paths.create()
    return made


@pytest.fixture
def secrets(settings: Settings) -> Secrets:
    """The secrets of that home."""
    return Secrets(settings.paths.secrets)


@pytest.fixture
def make_fleet(store: EventStore, settings: Settings, secrets: Secrets) -> MakeFleet:
    """Fleets over real processes and real time, all on the same log and home."""

    def make() -> Fleet:
        return Fleet(
            store=store,
            settings=settings,
            secrets=secrets,
            clock=SystemClock(),
            launcher=system_launcher(),
            runtime_for=lambda _recipe: None,
        )

    return make


def sim(recipe_id: str, *knobs: str, **fields: object) -> Recipe:
    """A recipe that runs the sim engine with these knobs."""
    command = (sys.executable, str(SIM), "--port", "{port}", "--served-model-name", "{model}")
    return Recipe(id=recipe_id, engine="command", command=(*command, *knobs), **fields)  # type: ignore[arg-type] # fields of a recipe, by name
