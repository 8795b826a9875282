"""What may be asked of what is offered beside recipes. Wishes: each may be refused.

`taken_names` are the names that recipes and the other offers answer to; `virtual_names` are those
of the other virtual models. Both are looked up by whoever sends the wish.
"""

import msgspec

from core.offers.provider import Provider
from core.offers.virtual import VirtualModel


class SaveVirtualModel(msgspec.Struct, frozen=True, kw_only=True):
    """Save it, new or changed."""

    model: VirtualModel
    taken_names: frozenset[str] = frozenset()
    virtual_names: frozenset[str] = frozenset()


class RemoveVirtualModel(msgspec.Struct, frozen=True, kw_only=True):
    """Offer it no more."""

    name: str


class SaveProvider(msgspec.Struct, frozen=True, kw_only=True):
    """Save it, new or changed; its API key was put aside before."""

    provider: Provider
    taken_names: frozenset[str] = frozenset()


class RemoveProvider(msgspec.Struct, frozen=True, kw_only=True):
    """Ask it no more."""

    provider_id: str


OfferCommand = SaveVirtualModel | RemoveVirtualModel | SaveProvider | RemoveProvider
