"""What is offered beside recipes, at hand.

Read from the log's read model after each change, so that a request never waits for SQL.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from core.offers.provider import Provider, RemoteModel
from core.offers.virtual import VirtualModel
from core.recipes.recipe import Price
from events.projections.offers import SavedOffer, providers, virtual_models
from events.store import EventStore

log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)


class OfferBook:
    """Every virtual model and every provider. One reader and writer: the studio's loop."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._virtual: Mapping[str, VirtualModel] = MappingProxyType({})
        self._providers: Mapping[str, Provider] = MappingProxyType({})
        self._remote: Mapping[str, RemoteModel] = MappingProxyType({})
        self._listeners: list[Callable[[], None]] = []
        self.refresh()

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop after every `refresh`."""
        self._listeners.append(callback)

    def refresh(self) -> None:
        """Read them again; one this version can not read is passed over, loudly."""
        with self._store.reading() as connection:
            virtual, saved = virtual_models(connection), providers(connection)
        self._virtual = MappingProxyType(dict(_readable(virtual, VirtualModel, "name")))
        self._providers = MappingProxyType(dict(_readable(saved, Provider, "id")))
        remote = [one for provider in self._providers.values() for one in provider.remote_models]
        self._remote = MappingProxyType({one.name: one for one in reversed(remote)})
        for callback in self._listeners:
            callback()

    def virtual_models(self) -> tuple[VirtualModel, ...]:
        """Sorted by name."""
        return tuple(self._virtual.values())

    def virtual(self, name: str) -> VirtualModel | None:
        """The virtual model of that name, if there is one."""
        return self._virtual.get(name)

    def providers(self) -> tuple[Provider, ...]:
        """Sorted by id."""
        return tuple(self._providers.values())

    def provider(self, provider_id: str) -> Provider | None:
        """The provider of that id, if there is one."""
        return self._providers.get(provider_id)

    def remote_models(self) -> tuple[RemoteModel, ...]:
        """Every model elsewhere, sorted by the name it is asked for by."""
        return tuple(self._remote[name] for name in sorted(self._remote))

    def remote(self, name: str) -> RemoteModel | None:
        """The remote model that is asked for by that name, if there is one."""
        return self._remote.get(name)

    def price_of(self, recipe_id: str) -> Price | None:
        """What the tokens of a provider's model cost, by the id it has in the usage log."""
        found = (m.price for m in self._remote.values() if m.recipe_id == recipe_id)
        return next(found, None)

    @property
    def names(self) -> frozenset[str]:
        """Every name that is offered here; no recipe may have one of them."""
        return frozenset((*self._virtual, *self._remote))


def _readable(saved: Iterable[SavedOffer], kind: type[T], key: str) -> Iterator[tuple[str, T]]:
    """The stored offers as ours; fields of a newer version are passed over."""
    for one in saved:
        data: dict[str, Any] = {**one.data, key: one.id}
        known = {field: data[field] for field in kind.__struct_fields__ if field in data}
        try:
            yield one.id, msgspec.convert(known, kind)
        except msgspec.ValidationError as error:
            log.error("the offer %s can not be read: %s", one.id, error)
