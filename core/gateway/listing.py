"""`GET /v1/models`: what may be asked for, loaded or not. No engine is asked, none is started."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from core.recipes.recipe import Recipe
from core.status import Status

OWNER = "vllm-studio"
UNKNOWN_DATE = 0  # OpenAI's clients demand a date; when weights were made is not known here
UNKNOWN_MOMENT = "1970-01-01T00:00:00Z"  # the same for Anthropic's
EMPTY = {"first_id": None, "last_id": None}


class Saved(Protocol):
    """A saved recipe, such as `core.recipes.book.Entry`."""

    @property
    def recipe(self) -> Recipe:
        """The recipe at its newest revision."""
        ...


class Virtual(Protocol):
    """A virtual model, such as `core.offers.virtual.VirtualModel`."""

    @property
    def name(self) -> str:
        """What it is asked for by."""
        ...

    @property
    def members(self) -> tuple[str, ...]:
        """The models it stands for."""
        ...

    @property
    def unlisted(self) -> bool:
        """Whether it stands in no list."""
        ...


class Remote(Protocol):
    """A provider's model, such as `core.offers.provider.RemoteModel`."""

    @property
    def name(self) -> str:
        """What it is asked for by."""
        ...

    @property
    def provider_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def unlisted(self) -> bool:
        """Whether it stands in no list."""
        ...


class Offers(Protocol):
    """What is offered beside recipes, such as `core.offers.book.OfferBook`."""

    def virtual_models(self) -> Sequence[Virtual]:
        """Every virtual model."""
        ...

    def remote_models(self) -> Sequence[Remote]:
        """Every model of a provider."""
        ...


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the list."""

    id: str
    status: str  # loaded | unloaded | remote
    owner: str = OWNER
    listed: bool = True

    @property
    def shown(self) -> dict[str, Any]:
        """In OpenAI's shape and Anthropic's at once; `status` is ours."""
        return {
            "id": self.id,
            "object": "model",
            "created": UNKNOWN_DATE,
            "owned_by": self.owner,
            "status": self.status,
            "type": "model",
            "display_name": self.id,
            "created_at": UNKNOWN_MOMENT,
        }


def list_models(
    saved: Iterable[Saved],
    status: Status,
    offers: Offers | None = None,
    permits: Callable[[str], bool] = lambda name: True,
) -> dict[str, Any]:
    """All of them, sorted by id: public names, adapters, presets, virtual and remote models.

    Once each, without what is unlisted, and without aliases. `permits`: what may be seen.
    """
    named = _named(tuple(saved), status, offers)
    shown = {one.id: one.shown for one in named.values() if one.listed and permits(one.id)}
    names = sorted(shown)
    ends = {"first_id": names[0], "last_id": names[-1]} if names else EMPTY
    data = [shown[name] for name in names]
    return {"object": "list", "data": data, "has_more": False, **ends}


def find_model(
    saved: Iterable[Saved], status: Status, name: str, offers: Offers | None = None
) -> dict[str, Any] | None:
    """`GET /v1/models/{name}`: by any of its names, listed or not; None: there is none."""
    found = _named(tuple(saved), status, offers).get(name)
    return None if found is None else found.shown


def _named(saved: Sequence[Saved], status: Status, offers: Offers | None) -> Mapping[str, Listed]:
    """What each name that may be asked for is listed as; recipes come before what is beside."""
    ready = {view.id for view in status.recipes if view.state == "ready"}
    named: dict[str, Listed] = {}
    for entry in saved:
        for name, listed in _of_recipe(entry.recipe, loaded=entry.recipe.id in ready):
            named.setdefault(name, listed)
    if offers is not None:
        for remote in offers.remote_models():
            listed = Listed(
                id=remote.name,
                status="remote",
                owner=remote.provider_id,
                listed=not remote.unlisted,
            )
            named.setdefault(remote.name, listed)
        for virtual in offers.virtual_models():
            answers = any(named[m].status != "unloaded" for m in virtual.members if m in named)
            listed = Listed(
                id=virtual.name, status=_word(loaded=answers), listed=not virtual.unlisted
            )
            named.setdefault(virtual.name, listed)
    return named


def _of_recipe(recipe: Recipe, *, loaded: bool) -> Iterator[tuple[str, Listed]]:
    """Under an alias it is listed as the model it is; a preset is a model of its own."""
    for name in recipe.names:
        id = name if name in recipe.presets else recipe.upstream_name(name)
        yield name, Listed(id=id, status=_word(loaded=loaded), listed=not recipe.unlisted)


def _word(*, loaded: bool) -> str:
    return "loaded" if loaded else "unloaded"
