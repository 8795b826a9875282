"""What can be read when nobody is at home: the log itself, without writing to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from core.settings import Settings
from desktop.problems import NotRunning
from events.envelope import Recorded
from events.projections.saved_recipes import SavedRecipe, saved_recipes
from events.projections.timeline import entry
from events.store import EventStore


@contextmanager
def recorded_log(settings: Settings) -> Iterator[EventStore]:
    """The log of this data directory, read-only; raises NotRunning when there is none yet."""
    if not settings.paths.main_db.exists():
        raise NotRunning("vLLM Studio is not running and nothing is recorded yet")
    store = EventStore.open(settings.paths.main_db, read_only=True)
    try:
        yield store
    finally:
        store.close()


def recorded_recipes(settings: Settings, *, archived: bool = False) -> list[dict[str, Any]]:
    """The saved recipes in the shape /api/recipes gives them."""
    with recorded_log(settings) as store, store.reading() as connection:
        return [_as_answered(saved) for saved in saved_recipes(connection, archived=archived)]


def _as_answered(saved: SavedRecipe) -> dict[str, Any]:
    return {
        "recipe": saved.recipe,
        "revision": saved.revision,
        "archived": saved.archived,
        "updated_at": saved.updated_at,
        "updated_by": saved.updated_by,
    }


def timeline_entry(recorded: Recorded) -> dict[str, Any]:
    """One recorded event in the shape /api/timeline gives it."""
    told: dict[str, Any] = msgspec.to_builtins(entry(recorded))
    return told
