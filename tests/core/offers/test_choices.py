"""What the hot path is told for every request."""

from typing import Any

import pytest

from core.gateway.inflight import InFlight
from core.gateway.routes import Route, Routes, RouteTable
from core.offers.book import OfferBook
from core.offers.choices import Choices
from core.recipes.book import RecipeBook
from events.facts import ProviderSaved, RecipeArchived, RecipeCreated, VirtualModelSaved
from events.facts.base import Fact
from events.store import EventStore


class House:
    """Recipes a, b and c; virtual models v (first resident) and s (spill, two places)."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.book = RecipeBook(store, default=lambda: "a")
        self.offers = OfferBook(store)
        self.routes = Routes()
        self.inflight = InFlight()
        self.choices = Choices(
            routes=self.routes, inflight=self.inflight, book=self.book, offers=self.offers
        )

    async def happened(self, stream: str, fact: Fact) -> None:
        """Record it, and let the books read it."""
        await self.store.append(stream, [fact], actor="cli")
        self.book.refresh()
        self.offers.refresh()

    async def recipe(self, recipe_id: str, **fields: Any) -> None:
        """A saved recipe."""
        recipe = {"id": recipe_id, "model": "m", **fields}
        fact = RecipeCreated(recipe_id=recipe_id, recipe=recipe)
        await self.happened(f"recipe-{recipe_id}", fact)

    async def virtual(self, name: str, *members: str, policy: str, **more: Any) -> None:
        """A saved virtual model."""
        fact = VirtualModelSaved(name=name, members=members, policy=policy, **more)
        await self.happened(f"virtual-model-{name}", fact)

    def ready(self, *names: str, **fields: Any) -> dict[str, Route]:
        """These are routed, and no others."""
        made = {
            n: Route(name=n, recipe_id=n, engine_id=n, port=1, upstream_model=n, **fields)
            for n in names
        }
        self.routes.replace(RouteTable.of(made.values()))
        return made

    def busy(self, route: Route, request_id: str) -> None:
        """One more request is served by it."""
        self.inflight.enter(route, request_id, lambda reason: None)


@pytest.fixture
async def house(store: EventStore) -> House:
    """Of one test."""
    made = House(store)
    for recipe_id in ("b", "c"):
        await made.recipe(recipe_id)
    await made.recipe(
        "a", aliases=["x"], fallbacks=["b", "gone", "v"], presets={"cold": {"temperature": 0}}
    )
    await made.virtual("v", "b", "c", "gone", policy="first-resident", parameters={"top_k": 1})
    await made.virtual("s", "b", "c", policy="spill", places=2, fallbacks=("a", "v"))
    return made


def test_a_plain_name_is_one_name(house: House) -> None:
    """Known or not."""
    assert house.choices.chain("b") is None
    assert house.choices.chain("unheard-of") is None
    assert house.choices.preset("b") is None


def test_fallbacks_follow_under_every_name_of_their_recipe(house: House) -> None:
    """Unknown ones are passed over, a virtual one stands for its members, none comes twice.

    The name itself comes first, "default" too: by that a key's leave is asked for the others.
    """
    for name in ("a", "x", "cold", "default"):
        assert house.choices.chain(name) == (name, "b", "c")


async def test_the_first_that_is_ready_answers(house: House) -> None:
    """None is ready: the first is loaded."""
    assert house.choices.chain("v") == ("b", "c")
    house.ready("c")
    assert house.choices.chain("v") == ("c",)
    await house.happened("recipe-b", RecipeArchived(recipe_id="b"))
    house.ready()
    assert house.choices.chain("v") == ("c",)


def test_a_full_member_spills_over_and_comes_back(house: House) -> None:
    """Places are counted in flight; when all are full the least busy comes first."""
    routes = house.ready("b", "c")
    assert house.choices.chain("s") == ("b", "c", "a")
    house.busy(routes["b"], "1")
    assert house.choices.chain("s") == ("b", "c", "a")
    house.busy(routes["b"], "2")
    assert house.choices.chain("s") == ("c", "b", "a")
    for request in "345":
        house.busy(routes["c"], request)
    assert house.choices.chain("s") == ("b", "c", "a")


def test_a_members_own_limit_is_the_narrower_one(house: House) -> None:
    """The recipe's concurrency, which would refuse the request."""
    routes = house.ready("b", "c", concurrency=1)
    house.busy(routes["b"], "1")
    assert house.choices.chain("s") == ("c", "b", "a")


def test_presets_are_put_in_by_name(house: House) -> None:
    """Of recipes and of virtual models."""
    for name, field in (("cold", "temperature"), ("v", "top_k")):
        preset = house.choices.preset(name)
        assert preset is not None
        assert [put[0] for put in preset.put] == [field]
    assert house.choices.preset("a") is None


async def test_a_remote_model_is_a_member_like_any_other(house: House) -> None:
    """It is routed as soon as it is saved, so it is always ready."""
    model = {"model": "gpt"}
    saved = ProviderSaved(provider_id="p", kind="openai", models=(model,), key_kept_as="k")
    await house.happened("provider-p", saved)
    await house.virtual("r", "b", "p/gpt", policy="first-resident")
    house.ready("p/gpt", remote=True)
    assert house.choices.chain("r") == ("p/gpt",)
