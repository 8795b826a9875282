"""Where virtual models and providers are saved and removed.

A provider's API key is put aside before the fact is recorded that names it, and the key it
replaces is forgotten after: whenever the app is killed, what the log says can be carried out.
"""

import asyncio
import secrets as chance
from collections.abc import Callable, Iterable

import msgspec

from core.command_handler import Decider, handle
from core.errors import Invalid
from core.masking import SHORTEST
from core.offers import decider as rules
from core.offers import provider as providers
from core.offers.book import OfferBook
from core.offers.commands import (
    OfferCommand,
    RemoveProvider,
    RemoveVirtualModel,
    SaveProvider,
    SaveVirtualModel,
)
from core.offers.provider import Provider
from core.offers.virtual import VirtualModel
from core.recipes.book import RecipeBook
from core.recipes.problem import Problem, doubtful
from core.secrets import Secrets
from events.store import EventStore

OFFERS: Decider[OfferCommand, rules.State] = Decider(
    initial=rules.initial, decide=rules.decide, evolve=rules.evolve
)
LONGEST_KEY = 4096


class OfferDesk:
    """One at a time, so that no two offers share a name."""

    def __init__(
        self,
        *,
        store: EventStore,
        offers: OfferBook,
        book: RecipeBook,
        secrets: Secrets,
        demand_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`demand_change` raises when nothing can be recorded now."""
        self._store = store
        self._offers = offers
        self._book = book
        self._secrets = secrets
        self._demand_change = demand_change
        self._one_at_a_time = asyncio.Lock()

    async def save_virtual(self, model: VirtualModel, *, actor: str) -> tuple[Problem, ...]:
        """Save it, new or changed; returns what is worth a second look. Raises Invalid."""
        async with self._one_at_a_time:
            others = {one.name for one in self._offers.virtual_models()} - {model.name}
            command = SaveVirtualModel(
                model=model,
                taken_names=self._taken() - self._own(self._offers.virtual(model.name)),
                virtual_names=frozenset(others),
            )
            await self._carry_out(f"virtual-model-{model.name}", command, actor)
        return tuple(self.unknown_names(members=model.members, fallbacks=model.fallbacks))

    async def remove_virtual(self, name: str, *, actor: str) -> None:
        """Offer it no more. Raises NotFound."""
        async with self._one_at_a_time:
            await self._carry_out(f"virtual-model-{name}", RemoveVirtualModel(name=name), actor)

    async def save_provider(
        self, provider: Provider, *, api_key: str | None = None, actor: str
    ) -> tuple[Problem, ...]:
        """Save it, new or changed; without `api_key` it keeps the one it has. Raises Invalid."""
        async with self._one_at_a_time:
            before = self._offers.provider(provider.id)
            kept = before.key_kept_as if before else None
            if api_key is None:
                _demand_same_place(before, provider)
                new = kept
            else:
                new = self._put_aside(provider.id, api_key, kept)
            provider = msgspec.structs.replace(provider, key_kept_as=new)
            own = {one.name for one in before.remote_models} if before else set()
            command = SaveProvider(provider=provider, taken_names=self._taken() - own)
            try:
                await self._carry_out(f"provider-{provider.id}", command, actor)
            except BaseException:
                self._forget(new, but=kept)
                raise
            self._forget(kept, but=new)
        return tuple(providers.problems_of(provider))

    async def remove_provider(self, provider_id: str, *, actor: str) -> None:
        """Ask it no more, and forget its API key. Raises NotFound."""
        async with self._one_at_a_time:
            before = self._offers.provider(provider_id)
            await self._carry_out(
                f"provider-{provider_id}", RemoveProvider(provider_id=provider_id), actor
            )
            self._forget(before.key_kept_as if before else None, but=None)

    def unknown_names(self, **fields: Iterable[str]) -> list[Problem]:
        """A warning for each name, by the field it stands in, that nobody answers to now."""
        known = self._taken()
        return [
            doubtful(f"{field}[{index}]", f"there is no model {name!r}; it is passed over")
            for field, names in fields.items()
            for index, name in enumerate(names)
            if name not in known
        ]

    async def _carry_out(self, stream: str, command: OfferCommand, actor: str) -> None:
        self._demand_change()
        await handle(self._store, stream, OFFERS, command, actor=actor)
        self._offers.refresh()

    def _taken(self) -> frozenset[str]:
        return self._book.names_of_others(None) | self._offers.names

    def _own(self, before: VirtualModel | None) -> frozenset[str]:
        return frozenset({before.name}) if before else frozenset()

    def _put_aside(self, provider_id: str, api_key: str, kept: str | None) -> str:
        """The name under which it is kept; the old one when it is the same key."""
        _demand_key(api_key)
        if kept is not None and self._secrets.get(kept) == api_key:
            return kept
        return self._secrets.put(f"provider.{provider_id}.key-{chance.token_hex(4)}", api_key)

    def _forget(self, name: str | None, *, but: str | None) -> None:
        if name is not None and name != but:
            self._secrets.delete(name)


def _demand_key(api_key: str) -> None:
    plain = api_key.isascii() and api_key.isprintable() and " " not in api_key
    if not plain or not SHORTEST <= len(api_key) <= LONGEST_KEY:
        raise Invalid(
            f"an API key is {SHORTEST} to {LONGEST_KEY} letters, digits and signs on one "
            "line, without spaces",
            field="api_key",
        )


def _demand_same_place(before: Provider | None, now: Provider) -> None:
    """A key is never sent to somebody it was not given for."""
    if before is None or before.key_kept_as is None:
        return
    if (before.kind, before.api_base) != (now.kind, now.api_base):
        raise Invalid(
            f"the API key of {now.id} was given for another address or kind",
            field="api_key",
            next_action="Give the key again together with the new address.",
        )
