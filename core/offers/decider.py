"""Which virtual models and providers may be saved and removed. Pure: facts in, facts out.

    Absent ── saved ──► Saved ◄──┐ saved anew
       ▲                  │ └────┘
       └──── removed ─────┘

A wish that would change nothing gives no facts. A refusal is a sentence for who asked.
"""

from collections.abc import Iterable
from typing import assert_never

import msgspec

from core.errors import Invalid, NotFound
from core.offers import provider as providers
from core.offers import virtual
from core.offers.commands import (
    OfferCommand,
    RemoveProvider,
    RemoveVirtualModel,
    SaveProvider,
    SaveVirtualModel,
)
from core.recipes.problem import Problem
from events.facts import ProviderRemoved, ProviderSaved, VirtualModelRemoved, VirtualModelSaved
from events.facts.base import Fact

# State


class Absent(msgspec.Struct, frozen=True):
    """Nothing of this name is offered."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """It is offered as this fact says."""

    fact: Fact


State = Absent | Saved
initial: State = Absent()


# Decide


def decide(command: OfferCommand, state: State) -> list[Fact]:
    """The facts that follow from the wish, or a refusal."""
    match command:
        case SaveVirtualModel():
            return _new(_virtual_model(command), state)
        case RemoveVirtualModel(name=name):
            _demand_there(state, f"there is no virtual model {name!r}", "virtual list")
            return [VirtualModelRemoved(name=name)]
        case SaveProvider():
            return _new(_provider(command), state)
        case RemoveProvider(provider_id=provider_id):
            _demand_there(state, f"there is no provider {provider_id!r}", "providers list")
            return [ProviderRemoved(provider_id=provider_id)]
        case _:
            assert_never(command)


def _new(fact: Fact, state: State) -> list[Fact]:
    return [] if isinstance(state, Saved) and state.fact == fact else [fact]


def _virtual_model(command: SaveVirtualModel) -> Fact:
    model = command.model
    _demand(virtual.problems_of(model, command.virtual_names))
    _demand_free(model.name, "name", command.taken_names)
    return VirtualModelSaved(**msgspec.structs.asdict(model))


def _provider(command: SaveProvider) -> Fact:
    provider = command.provider
    _demand(providers.problems_of(provider))
    for index, remote in enumerate(provider.remote_models):
        _demand_free(remote.name, f"models[{index}].name", command.taken_names)
    return ProviderSaved(
        provider_id=provider.id,
        kind=provider.kind,
        models=tuple(plain(model) for model in provider.models),
        api_base=provider.api_base,
        key_kept_as=provider.key_kept_as,
    )


def plain(model: providers.OfferedModel) -> dict[str, object]:
    """What is set of a provider's model, as it stands in the log."""
    data: dict[str, object] = msgspec.json.decode(msgspec.json.encode(model))
    return {name: value for name, value in data.items() if value not in ("", None, False)}


def _demand(problems: Iterable[Problem]) -> None:
    """Raise Invalid for the first error there is; warnings pass."""
    for problem in problems:
        if problem.severity == "error":
            raise Invalid(problem.message, field=problem.field, code="offer-invalid")


def _demand_free(name: str, field: str, taken: frozenset[str]) -> None:
    if name in taken:
        raise Invalid(
            f"The name {name!r} already belongs to another model",
            field=field,
            code="name-taken",
            next_action="Choose another name, or take it from the other first.",
        )


def _demand_there(state: State, message: str, shown_by: str) -> None:
    if isinstance(state, Absent):
        raise NotFound(
            message,
            code="offer_not_found",
            next_action=f"`vllm-studio {shown_by}` shows what there is",
        )


# Evolve


def evolve(state: State, fact: Fact) -> State:
    """The state after the fact. What is not about an offer changes nothing."""
    match fact:
        case VirtualModelSaved() | ProviderSaved():
            return Saved(fact=fact)
        case VirtualModelRemoved() | ProviderRemoved():
            return Absent()
        case _:
            return state
