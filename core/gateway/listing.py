"""`GET /v1/models`: what may be asked for, loaded or not. No engine is asked, none is started."""

from collections.abc import Iterable
from typing import Any, Protocol

from core.recipes.recipe import Recipe
from core.status import Status

OWNER = "vllm-studio"
UNKNOWN_DATE = 0  # OpenAI's clients demand a date; when weights were made is not known here


class Saved(Protocol):
    """A saved recipe, such as `core.recipes.book.Entry`."""

    @property
    def recipe(self) -> Recipe:
        """The recipe at its newest revision."""
        ...


def list_models(saved: Iterable[Saved], status: Status) -> dict[str, Any]:
    """OpenAI's list, sorted by id: public names only, once each, without what is unlisted.

    `status` on each is ours; strict clients pass over it.
    """
    shown = [s.recipe for s in saved if not s.recipe.unlisted]
    listed = {name: r for r in shown for name in (r.public_name, *r.adapters)}
    ready = {view.id for view in status.recipes if view.state == "ready"}
    return {
        "object": "list",
        "data": [
            _model(name, listed[name], loaded=listed[name].id in ready) for name in sorted(listed)
        ],
    }


def find_model(saved: Iterable[Saved], status: Status, name: str) -> dict[str, Any] | None:
    """`GET /v1/models/{name}`: by any of its names, listed or not; None: there is none."""
    ready = {view.id for view in status.recipes if view.state == "ready"}
    for entry in saved:
        if name in entry.recipe.names:
            return _model(
                entry.recipe.upstream_name(name), entry.recipe, loaded=entry.recipe.id in ready
            )
    return None


def _model(name: str, recipe: Recipe, *, loaded: bool) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": UNKNOWN_DATE,
        "owned_by": OWNER,
        "status": "loaded" if loaded else "unloaded",
    }
