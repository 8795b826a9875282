"""What is offered follows what is there: engines, recipes, and the models of providers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import pytest

from core.gateway.routes import Route, Routes
from core.offers.provider import RemoteModel
from core.recipes.book import RecipeBook
from core.recipes.recipe import Recipe
from core.routing import RoutePublisher
from events.facts import RecipeCreated
from events.store import EventStore
from tests.core.gateway.test_litellm_config import Ready
from tests.core.gateway.tiny_upstream import until

GPT = RemoteModel(name="p/gpt", model="gpt", provider_id="p", prefix="openai")


class Fleet:
    """Engines that come and go as a test says."""

    def __init__(self) -> None:
        self.there: dict[str, Ready] = {}
        self.changed: Callable[[], None] = lambda: None

    def listen(self, callback: Callable[[], None]) -> None:
        """One listener is enough."""
        self.changed = callback

    def endpoints(self) -> dict[str, Ready]:
        """The ready ones."""
        return dict(self.there)


class Gateway:
    """Keeps what it was asked to route."""

    def __init__(self) -> None:
        self.wishes: list[tuple[list[str], list[str]]] = []

    async def apply(
        self, engines: Iterable[tuple[Recipe, Any]], remote: Sequence[RemoteModel] = ()
    ) -> None:
        """Take it."""
        self.wishes.append(([r.id for r, _ in engines], [model.name for model in remote]))


class House:
    """A publisher with everything around it."""

    def __init__(self, store: EventStore) -> None:
        self.fleet, self.gateway, self.routes = Fleet(), Gateway(), Routes()
        self.remote: tuple[RemoteModel, ...] = (GPT,)
        self.publisher = RoutePublisher(
            fleet=self.fleet,  # type: ignore[arg-type]  # as much of it as is asked
            book=RecipeBook(store),
            gateway=self.gateway,  # type: ignore[arg-type]  # as much of it as is asked
            routes=self.routes,
            route_for=lambda name, recipe, endpoint: Route(
                name=name,
                recipe_id=recipe.id,
                engine_id=endpoint.engine_id,
                port=1,
                upstream_model=name,
            ),
            remote=lambda: self.remote,
            remote_route=lambda model: Route(
                name=model.name,
                recipe_id=model.recipe_id,
                engine_id="remote:p",
                port=1,
                upstream_model=model.name,
                remote=True,
            ),
        )

    @property
    def names(self) -> list[str]:
        """What is routed now."""
        return sorted(route.name for route in self.routes.current.all())


@pytest.fixture
async def house(store: EventStore) -> AsyncIterator[House]:
    """With the recipe q, and a running publisher."""
    made = RecipeCreated(recipe_id="q", recipe={"id": "q", "model": "m", "presets": {"cold": {}}})
    await store.append("recipe-q", [made], actor="cli")
    house = House(store)
    task = asyncio.create_task(house.publisher.run())
    yield house
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_remote_model_is_routed_from_the_start_and_gone_at_once(house: House) -> None:
    """No engine is waited for, and none takes its place."""
    await until(lambda: house.names == ["p/gpt"])
    assert house.gateway.wishes == [([], ["p/gpt"])]
    house.fleet.there["q"] = Ready()
    house.publisher.refresh()
    await until(lambda: house.names == ["cold", "p/gpt", "q"])
    assert house.publisher.serving == {"q"}
    house.remote = ()
    house.publisher.refresh()
    assert house.names == ["cold", "q"]


async def test_engines_come_and_go_beside_it(house: House) -> None:
    """A switch withdraws and restores recipes; what is elsewhere has no part in that."""
    house.fleet.there["q"] = Ready()
    house.fleet.changed()
    await asyncio.wait_for(house.publisher.published("q"), 60)
    house.publisher.withdraw(["q"])
    assert house.names == ["p/gpt"]
    house.publisher.restore(["q"])
    await until(lambda: house.names == ["cold", "p/gpt", "q"])
    house.fleet.there.clear()
    house.fleet.changed()
    assert house.names == ["p/gpt"]
    assert house.publisher.serving == frozenset()
