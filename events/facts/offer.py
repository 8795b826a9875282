"""Facts about what is offered beside recipes: virtual models, and models of remote providers.

Streams: `virtual-model-<name>` and `provider-<provider_id>`. What was saved stands here as plain
data: this package knows no type of it. A provider's API key never comes here, only the name under
which it is kept.
"""

from typing import Any

import msgspec

from events.facts.base import Fact


class VirtualModelSaved(Fact, frozen=True, kw_only=True, tag="virtual-model-saved"):
    """The virtual model {name} stands for: {members} ({policy})."""

    name: str
    members: tuple[str, ...]  # names of recipes, aliases and remote models, in order
    policy: str  # first-resident | spill
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)  # put into its requests
    fallbacks: tuple[str, ...] = ()
    places: int | None = None  # requests at once by which a member counts as full
    unlisted: bool = False


class VirtualModelRemoved(Fact, frozen=True, kw_only=True, tag="virtual-model-removed"):
    """The virtual model {name} was removed."""

    name: str


class ProviderSaved(Fact, frozen=True, kw_only=True, tag="provider-saved"):
    """The provider {provider_id} ({kind}) may be asked from now on, for: {offers}."""

    provider_id: str
    kind: str  # openai | anthropic | openai-compatible | …
    models: tuple[dict[str, Any], ...]  # each with its `model`, and `name`, `price`, `unlisted`
    api_base: str | None = None
    key_kept_as: str | None = None  # the name of its API key's file; None: it has none

    @property
    def offers(self) -> str:
        """Its models, as they are asked for there."""
        return ", ".join(str(model.get("model")) for model in self.models)


class ProviderRemoved(Fact, frozen=True, kw_only=True, tag="provider-removed"):
    """The provider {provider_id} is asked no more."""

    provider_id: str
