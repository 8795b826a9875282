"""From saving to the book, over a real log and real files."""

import pytest

from core.errors import Invalid, NotFound
from core.offers.book import OfferBook
from core.offers.desk import OfferDesk
from core.offers.provider import OfferedModel, Provider
from core.offers.virtual import VirtualModel
from core.recipes.book import RecipeBook
from core.secrets import Secrets
from core.settings import Settings
from events.facts import RecipeCreated
from events.store import EventStore

MODELS = (OfferedModel(model="gpt"),)
OPENAI = Provider(id="openai", kind="openai", models=MODELS)
KEY = "sk-provider-very-secret"


class House:
    """A desk with everything around it."""

    def __init__(self, store: EventStore, settings: Settings) -> None:
        self.store = store
        self.secrets = Secrets(settings.paths.secrets)
        self.offers = OfferBook(store)
        self.recipes = RecipeBook(store)
        self.desk = OfferDesk(
            store=store, offers=self.offers, book=self.recipes, secrets=self.secrets
        )

    def key(self) -> str | None:
        """The key that the saved provider names."""
        kept = self.offers.providers()[0].key_kept_as
        return kept and self.secrets.get(kept)


@pytest.fixture
def house(store: EventStore, home: object) -> House:
    """Of one test."""
    return House(store, Settings(home=home))  # type: ignore[arg-type]  # a path


async def test_a_key_lies_in_its_file_and_nowhere_in_the_log(house: House) -> None:
    """The log says under which name it is kept."""
    await house.desk.save_provider(OPENAI, api_key=KEY, actor="cli")
    assert house.key() == KEY
    assert not [r for r in house.store.read_all() if KEY.encode() in str(r).encode()]
    assert house.secrets.mask(f"refused: {KEY}") == "refused: •••"
    (remote,) = house.offers.remote_models()
    assert house.offers.remote("openai/gpt") == remote


async def test_a_key_is_replaced_kept_and_forgotten_with_its_provider(house: House) -> None:
    """One file at a time; the same key again is no change."""
    await house.desk.save_provider(OPENAI, api_key=KEY, actor="cli")
    await house.desk.save_provider(OPENAI, api_key=KEY, actor="cli")
    assert len(house.store.read_stream("provider-openai")) == 1
    await house.desk.save_provider(OPENAI, api_key="sk-another", actor="cli")
    assert (house.key(), len(house.secrets.names())) == ("sk-another", 1)
    more = Provider(id="openai", kind="openai", models=(*MODELS, OfferedModel(model="mini")))
    await house.desk.save_provider(more, actor="cli")
    assert house.key() == "sk-another"
    await house.desk.remove_provider("openai", actor="cli")
    assert house.secrets.names() == ()
    assert house.offers.names == frozenset()


async def test_a_key_does_not_go_to_another_address_than_it_was_given_for(house: House) -> None:
    """Whoever moves a provider gives its key again."""
    await house.desk.save_provider(OPENAI, api_key=KEY, actor="cli")
    moved = Provider(id="openai", kind="openai", models=MODELS, api_base="https://x.example/v1")
    with pytest.raises(Invalid, match="another address"):
        await house.desk.save_provider(moved, actor="cli")
    await house.desk.save_provider(moved, api_key=KEY, actor="cli")
    assert house.offers.providers()[0].api_base == "https://x.example/v1"


@pytest.mark.parametrize("key", ["", "short", "two words here", "line\nline-line", "schlüssel"])
async def test_what_can_not_be_a_key_is_refused_without_repeating_it(
    house: House, key: str
) -> None:
    """And nothing is left of a save that was refused."""
    with pytest.raises(Invalid, match="an API key is") as refused:
        await house.desk.save_provider(OPENAI, api_key=key, actor="cli")
    assert not key or key not in refused.value.message
    with pytest.raises(Invalid, match="demands an API key"):
        await house.desk.save_provider(OPENAI, actor="cli")
    unknown = Provider(id="x", kind="nobody", models=MODELS)
    with pytest.raises(Invalid, match="known"):
        await house.desk.save_provider(unknown, api_key=KEY, actor="cli")
    assert (house.secrets.names(), house.offers.providers()) == ((), ())


async def test_names_are_shared_with_recipes(house: House) -> None:
    """A virtual model can not take a recipe's name; itself it may replace."""
    made = RecipeCreated(recipe_id="a", recipe={"id": "a", "model": "m", "aliases": ["b"]})
    await house.store.append("recipe-a", [made], actor="cli")
    house.recipes.refresh()
    with pytest.raises(Invalid, match="'b' already belongs"):
        await house.desk.save_virtual(VirtualModel(name="b", members=("a",)), actor="cli")
    best = VirtualModel(name="best", members=("a", "later"), fallbacks=("never",))
    warnings = await house.desk.save_virtual(best, actor="cli")
    assert [warning.field for warning in warnings] == ["members[1]", "fallbacks[0]"]
    await house.desk.save_virtual(best, actor="cli")
    assert house.offers.virtual("best") == best
    await house.desk.remove_virtual("best", actor="cli")
    with pytest.raises(NotFound):
        await house.desk.remove_virtual("best", actor="cli")
