"""`/api/timeline` and `/api/state`: what happened, and how it stood at any moment."""

from typing import Any

import msgspec
from litestar import get

from core.application import Application
from core.errors import Invalid
from events.projections.engine_runs import EngineRun, engine_runs
from events.projections.saved_recipes import SavedRecipe, saved_recipes
from events.projections.settings_in_force import settings_in_force
from events.projections.timeline import TimelineEntry, timeline
from events.replay import state_at

MOST = 1000


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A page of facts, newest first; `head` is the newest position there is."""

    entries: list[TimelineEntry]
    head: int


class StateAt(msgspec.Struct, frozen=True, kw_only=True):
    """The studio as the facts up to `position` tell it."""

    position: int
    recipes: list[SavedRecipe]
    engines: list[EngineRun]
    settings: dict[str, Any]


@get("/timeline")
async def show_timeline(
    application: Application, after: int = 0, before: int | None = None, limit: int = 100
) -> Timeline:
    """Facts between two positions (both exclusive), newest first."""
    entries = timeline(application.store, before=before, after=after, limit=min(limit, MOST))
    return Timeline(entries=entries, head=application.store.head)


@get("/state")
async def show_state(application: Application, at: int) -> StateAt:
    """The read models folded up to a position, apart from the living ones."""
    if not 0 <= at <= application.store.head:
        raise Invalid(f"`at` is a position from 0 to {application.store.head}", field="at")
    connection = state_at(application.store, at)
    try:
        return StateAt(
            position=at,
            recipes=saved_recipes(connection),
            engines=engine_runs(connection, alive_only=True),
            settings=settings_in_force(connection),
        )
    finally:
        connection.close()


HANDLERS = (show_timeline, show_state)
