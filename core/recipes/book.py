"""The recipes in force, at hand: who answers to which name.

Read from the log's read model after each change, so that a request never waits for SQL.
"""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from core.errors import NotFound, StudioError
from core.recipes.recipe import EngineKind, Price, Recipe
from core.recipes.stored import from_data
from events.projections.saved_recipes import SavedRecipe, saved_recipes
from events.store import EventStore

DEFAULT = "default"  # what clients say that do not care which model it is

log = logging.getLogger(__name__)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe at its newest revision."""

    recipe: Recipe
    revision: int


class RecipeBook:
    """Every recipe that is not archived. One reader and writer: the studio's loop."""

    def __init__(self, store: EventStore, default: Callable[[], str | None] = lambda: None) -> None:
        self._store = store
        self._default = default
        self._entries: Mapping[str, Entry] = MappingProxyType({})
        self._by_name: Mapping[str, str] = MappingProxyType({})
        self._listeners: list[Callable[[], None]] = []
        self.refresh()

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop after every `refresh`."""
        self._listeners.append(callback)

    def refresh(self) -> None:
        """Read the recipes again; one this version can not read is passed over, loudly."""
        with self._store.reading() as connection:
            saved = saved_recipes(connection)
        entries = {s.recipe_id: e for s in saved if (e := readable(s)) is not None}
        names: dict[str, str] = {}
        for recipe_id, entry in entries.items():
            for name in entry.recipe.names:
                names.setdefault(name, recipe_id)
        self._entries = MappingProxyType(entries)
        self._by_name = MappingProxyType(names)
        for callback in self._listeners:
            callback()

    def all(self) -> tuple[Entry, ...]:
        """Sorted by id."""
        return tuple(self._entries[i] for i in sorted(self._entries))

    def get(self, recipe_id: str) -> Entry:
        """The recipe, or NotFound."""
        try:
            return self._entries[recipe_id]
        except KeyError:
            known = ", ".join(sorted(self._entries)) or "none yet"
            raise NotFound(
                f"there is no recipe {recipe_id!r}",
                code="recipe_not_found",
                next_action=f"known recipes: {known}",
            ) from None

    def find(self, recipe_id: str) -> Entry | None:
        """The recipe, if there is one that is not archived."""
        return self._entries.get(recipe_id)

    def resolve(self, name: str) -> str | None:
        """The id of the recipe that answers to `name` (its id, served name or an alias).

        Nobody's name "default" means the recipe that the settings name, each time anew.
        """
        if name == DEFAULT and name not in self._by_name:
            name = self._default() or name
        return self._by_name.get(name)

    def named(self, name: str) -> Entry:
        """Like `get`, but by any of its names."""
        return self.get(self.resolve(name) or name)

    def engine_of(self, name: str) -> EngineKind | None:
        """The kind of engine behind one of a recipe's names; None when none has it."""
        entry = self._entries.get(self.resolve(name) or "")
        return entry.recipe.engine if entry else None

    def takes_tools(self, name: str) -> bool | None:
        """Whether the engine behind a name reads calls of tools; None: nobody says.

        SGLang without a parser takes tools and then hands on what it can not read; vLLM refuses.
        """
        entry = self._entries.get(self.resolve(name) or "")
        if entry is None or entry.recipe.engine not in ("vllm", "sglang"):
            return None
        words = (entry.recipe.tool_call_parser or "", *entry.recipe.extra_args)
        if entry.recipe.tool_call_parser or any("tool-call-parser" in word for word in words):
            return True
        return False if entry.recipe.engine == "sglang" else None

    def concurrency_of(self, recipe_id: str) -> int | None:
        """How many requests it takes at once; None: no limit, also for one that is not there."""
        entry = self._entries.get(recipe_id)
        return entry.recipe.concurrency if entry else None

    def priority_of(self, recipe_id: str) -> int:
        """How urgent requests are that wait for it."""
        entry = self._entries.get(recipe_id)
        return entry.recipe.priority if entry else 0

    def price_of(self, recipe_id: str) -> Price | None:
        """What its tokens cost; None when nobody says."""
        entry = self._entries.get(recipe_id)
        return entry.recipe.price if entry else None

    def names_of(self, name: str) -> tuple[str, ...]:
        """Every name of the recipe that answers to `name`; empty when none does."""
        entry = self._entries.get(self._by_name.get(name, ""))
        return entry.recipe.names if entry else ()

    def names_of_others(self, recipe_id: str | None) -> frozenset[str]:
        """Names that are taken by recipes other than `recipe_id`."""
        return frozenset(n for n, owner in self._by_name.items() if owner != recipe_id)


def readable(saved: SavedRecipe) -> Entry | None:
    """The stored recipe as ours, or None when a newer version wrote what we do not know."""
    try:
        return Entry(recipe=from_data(saved.recipe), revision=saved.revision)
    except StudioError as error:
        log.error("recipe %s can not be read: %s", saved.recipe_id, error.message)
        return None
