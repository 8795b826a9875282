"""Given these facts, when this is asked of an offer, then these facts."""

from typing import Any

import pytest

from core.errors import Invalid, NotFound
from core.offers.commands import (
    OfferCommand,
    RemoveProvider,
    RemoveVirtualModel,
    SaveProvider,
    SaveVirtualModel,
)
from core.offers.desk import OFFERS
from core.offers.provider import KINDS, OfferedModel, Provider, problems_of
from core.offers.virtual import VirtualModel
from core.recipes.recipe import Price
from events.facts import ProviderRemoved, ProviderSaved, VirtualModelRemoved, VirtualModelSaved
from events.facts.base import Fact

BEST = VirtualModelSaved(name="best", members=("a", "b"), policy="spill", places=2)
OPENAI = ProviderSaved(
    provider_id="openai",
    kind="openai",
    models=({"model": "gpt", "price": {"input_per_million": 2.0}},),
    key_kept_as="k",
)


def virtual(**changes: Any) -> VirtualModel:
    """The virtual model of `BEST`, changed."""
    fields = {"name": "best", "members": ("a", "b"), "policy": "spill", "places": 2, **changes}
    return VirtualModel(**fields)


def provider(**changes: Any) -> Provider:
    """The provider of `OPENAI`, changed."""
    gpt = OfferedModel(model="gpt", price=Price(input_per_million=2.0))
    fields = {"id": "openai", "kind": "openai", "models": (gpt,), "key_kept_as": "k", **changes}
    return Provider(**fields)


def decided(*given: Fact, when: OfferCommand) -> list[Fact]:
    """What follows from a wish after these facts."""
    return list(OFFERS.decide(when, OFFERS.fold(given)))


def test_what_is_saved_stands_in_the_fact_and_a_repeat_is_none() -> None:
    """Both kinds."""
    save, keep = SaveVirtualModel(model=virtual()), SaveProvider(provider=provider())
    assert decided(when=save) == [BEST]
    assert decided(BEST, when=save) == []
    assert decided(when=keep) == [OPENAI]
    assert decided(OPENAI, when=keep) == []
    assert decided(BEST, when=SaveVirtualModel(model=virtual(places=3))) != []


def test_what_is_removed_can_be_saved_again_and_what_is_not_there_is_not_found() -> None:
    """Removing is no archive: there is nothing to keep but the log."""
    gone, asked_no_more = VirtualModelRemoved(name="best"), ProviderRemoved(provider_id="openai")
    assert decided(BEST, when=RemoveVirtualModel(name="best")) == [gone]
    assert decided(BEST, gone, when=SaveVirtualModel(model=virtual())) == [BEST]
    assert decided(OPENAI, when=RemoveProvider(provider_id="openai")) == [asked_no_more]
    with pytest.raises(NotFound, match="best"):
        decided(BEST, gone, when=RemoveVirtualModel(name="best"))
    with pytest.raises(NotFound, match="openai"):
        decided(when=RemoveProvider(provider_id="openai"))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "a b"}, "name", "can not be"),
        ({"members": ()}, "members", "at least one"),
        ({"members": ("a", "a")}, "members[1]", "repeats"),
        ({"members": ("best",)}, "members[0]", "itself"),
        ({"members": ("other",)}, "members[0]", "virtual model itself"),
        ({"members": tuple(f"m{n}" for n in range(17))}, "members", "at most 16"),
        ({"fallbacks": ("best",)}, "fallbacks[0]", "itself"),
        ({"places": 0}, "places", "at least 1"),
        ({"parameters": {"api_base": "x"}}, "parameters.api_base", "steer"),
        ({"parameters": {"messages": []}}, "parameters.messages", "asks for"),
    ],
)
def test_a_virtual_model_that_can_not_be_is_refused_at_its_field(
    changes: dict[str, Any], field: str, words: str
) -> None:
    """In a sentence."""
    wish = SaveVirtualModel(model=virtual(**changes), virtual_names=frozenset({"other"}))
    with pytest.raises(Invalid, match=words) as refused:
        decided(when=wish)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"id": "Open AI"}, "id", "lower case"),
        ({"kind": "azure"}, "kind", "known: openai-compatible"),
        ({"key_kept_as": None}, "api_key", "demands"),
        ({"kind": "openai-compatible"}, "api_base", "needs an api_base"),
        ({"api_base": "ftp://x"}, "api_base", "https://host/v1"),
        ({"api_base": "http://[half"}, "api_base", "https://host/v1"),
        ({"api_base": "https://user:secret@host/v1"}, "api_base", "more than an address"),
        ({"api_base": "https://host/v1?key=secret"}, "api_base", "more than an address"),
        ({"models": ()}, "models", "1 to"),
        ({"models": (OfferedModel(model="*"),)}, "models[0].model", "without"),
        (
            {"models": (OfferedModel(model="a", name="x"), OfferedModel(model="b", name="x"))},
            "models[1].name",
            "twice",
        ),
        (
            {"models": (OfferedModel(model="a", price=Price(output_per_million=-1)),)},
            "models[0].price.output_per_million",
            "at least 0",
        ),
    ],
)
def test_a_provider_that_can_not_be_is_refused_at_its_field(
    changes: dict[str, Any], field: str, words: str
) -> None:
    """In a sentence, which never holds what stood in an address."""
    with pytest.raises(Invalid, match=words) as refused:
        decided(when=SaveProvider(provider=provider(**changes)))
    assert refused.value.field == field
    assert "secret" not in refused.value.message


def test_a_name_belongs_to_one_model() -> None:
    """Whether a recipe or another offer has it already."""
    taken = frozenset({"best", "openai/gpt"})
    for wish, field in (
        (SaveVirtualModel(model=virtual(), taken_names=taken), "name"),
        (SaveProvider(provider=provider(), taken_names=taken), "models[0].name"),
    ):
        with pytest.raises(Invalid, match="already belongs") as refused:
            decided(when=wish)
        assert (refused.value.code, refused.value.field) == ("name-taken", field)


def test_a_key_in_the_clear_over_a_network_is_worth_a_second_look() -> None:
    """Loopback is no network."""
    for address, warned in (("http://10.0.0.7/v1", True), ("http://127.0.0.1:8/v1", False)):
        warnings = list(problems_of(provider(kind="openai-compatible", api_base=address)))
        assert [problem.severity for problem in warnings] == ["warning"] * warned


def test_a_remote_model_is_asked_for_by_provider_and_name() -> None:
    """Unless it was given a name of its own."""
    models = (OfferedModel(model="org/m"), OfferedModel(model="n", name="mine"))
    first, second = provider(models=models).remote_models
    assert (first.name, first.recipe_id) == ("openai/org/m", "remote:openai/org/m")
    assert (second.name, second.recipe_id) == ("mine", "remote:openai/n")
    assert {first.prefix, second.prefix} == {KINDS["openai"]}
