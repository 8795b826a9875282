"""What the answer cache must know of a model by its name: what its recipe says, what would answer.

Answers are kept under a *revision*: a text that changes with everything that shapes an answer and
does not stand in the request. That is the launch of the engine that runs (or of the one that would
be started), the hub commit behind a branch, and how the recipe changes requests on their way.
"""

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from core.clock import Clock
from core.engines.flags import NOT_FLAGS
from core.engines.fleet import Fleet
from core.gateway.body import Filter
from core.gateway.cache import (
    Answers,
    CachePolicy,
    MemoryStore,
    RedisStore,
    Store,
    policy_of,
)
from core.gateway.hooks import KeyGate
from core.gateway.standing_in import may_answer
from core.live_settings import LiveSettings
from core.models.local import model_folders
from core.offers.choices import Choices
from core.recipes.book import RecipeBook
from core.recipes.recipe import Recipe
from core.settings import Settings

# Not of the launch, and of no consequence for what is answered. Whatever is not named here counts.
HARMLESS = frozenset(
    str.split(
        "id name notes aliases unlisted ttl_s pinned preload load_timeout_s stop_grace_s "
        "concurrency price priority sleep sleeper_ttl_s "
        "cache cache_ttl_s cache_shared single_flight fallbacks "
        "engine runtime model command devices env extra_args nodes node_backend node_address"
    )
)
LIVE = tuple(name for name in Recipe.__struct_fields__ if name in NOT_FLAGS - HARMLESS)


def revision(recipe: Recipe, launch: str, commit: str = "", preset: Filter | None = None) -> str:
    """The same when and only when the same request would be answered by the same. Pure."""
    told = {name: getattr(recipe, name) for name in LIVE}
    changes = (sorted(preset.strip), preset.put) if preset is not None else None
    counts = msgspec.json.encode((recipe.id, launch, commit, told, changes), order="sorted")
    return hashlib.sha256(counts).hexdigest()[:32]


def hub_commit(recipe: Recipe, folders: Sequence[Path]) -> str:
    """The commit to which its branch points in the hub's cache; empty where there is none."""
    entry = "models--" + recipe.model.replace("/", "--")
    branch = recipe.revision or "main"
    if recipe.model.count("/") != 1 or ".." in branch:
        return ""
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):
            return (folder / entry / "refs" / branch).read_text(encoding="ascii").strip()
    return ""


class AnswerPolicies:
    """Asked by the cache for each request; only models with a cache cost more than a look-up."""

    def __init__(
        self,
        *,
        book: RecipeBook,
        launched_as: Callable[[Recipe], str],
        folders: Sequence[Path] = (),
        preset: Callable[[str], Filter | None] = lambda name: None,
    ) -> None:
        """`launched_as`: the fingerprint of what runs or would; empty: it could not start.

        `preset(name)`: what an alias changes in requests.
        """
        self._book = book
        self._launched_as = launched_as
        self._folders = tuple(folders)
        self._preset = preset

    def policy_of(self, name: str) -> CachePolicy | None:
        """What the recipe of that name says about its answers."""
        recipe = self._recipe(name)
        return policy_of(recipe) if recipe is not None else None

    def revision_of(self, name: str) -> str | None:
        """What would answer now; None when nothing could."""
        recipe = self._recipe(name)
        launch = self._launched_as(recipe) if recipe is not None else ""
        if recipe is None or not launch:
            return None
        return revision(recipe, launch, hub_commit(recipe, self._folders), self._preset(name))

    def _recipe(self, name: str) -> Recipe | None:
        recipe_id = self._book.resolve(name)
        entry = self._book.find(recipe_id) if recipe_id is not None else None
        return entry.recipe if entry is not None else None


def answer_cache(
    settings: Settings,
    live: LiveSettings,
    clock: Clock,
    book: RecipeBook,
    fleet: Fleet,
    choices: Choices,
    gate: KeyGate,
) -> Answers:
    """The cache of this studio: in Redis where there is one, else in memory."""
    policies = AnswerPolicies(
        book=book,
        launched_as=fleet.launched_as,
        folders=model_folders(settings.paths),
        preset=choices.preset,
    )
    url = settings.redis_url
    store: Store = (
        RedisStore(url, clock=clock)
        if url
        else MemoryStore(clock=clock, limit=lambda: live.current.cache_memory_mib << 20)
    )
    return Answers(
        policy_of=policies.policy_of,
        revision_of=policies.revision_of,
        may_answer=partial(may_answer, choices=choices, gate=gate),
        store=store,
        place="redis" if url else "memory",
    )
