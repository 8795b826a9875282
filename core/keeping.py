"""Brings back what should always be there: pinned and preloaded models that crashed.

Only what ended by itself comes back; what somebody evicted stays away until it is asked for. The
budget for failures (start_budget.py) decides how long is waited between two tries.
"""

import asyncio
import logging
import sqlite3

from core.application import Application
from core.ids import uuid7
from core.recipes.book import Entry
from core.switching.commands import RequestLoad
from events.envelope import Event
from events.errors import EventError
from events.projections.failed_starts import FailedStarts, failed_starts
from events.store import EventStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
LOOKED_BACK = 1000  # events in which the crash is looked for
TRY_EVERY_S = 30.0  # when the last try was refused, as for want of room


async def keep_alive(application: Application) -> None:
    """Look every two seconds, until cancelled."""
    tried: dict[str, float] = {}
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if application.log_watch.problem is not None:
            continue  # what can not be recorded is not begun
        now = application.clock.monotonic()
        try:
            missed = to_bring_back(application)
        except (EventError, sqlite3.Error) as problem:
            log.warning("what is to be brought back can not be read now: %s", problem)
            continue
        for recipe_id in missed:
            if now - tried.get(recipe_id, -TRY_EVERY_S) < TRY_EVERY_S:
                continue
            tried[recipe_id] = now
            application.switchboard.request(
                RequestLoad(target=recipe_id),
                actor="system",
                correlation_id=uuid7(),
                manual=False,
                causation_id=_crash_of(application.store, recipe_id),
            )


def _crash_of(store: EventStore, recipe_id: str) -> str | None:
    """The event that is answered: how its last run ended, as far as that is not long ago."""
    ends = store.read_all(
        max(0, store.head - LOOKED_BACK), types=("engine-crashed", "engine-start-failed")
    )
    return next((e.id for e in reversed(ends) if _is_of(e.event, recipe_id)), None)


def _is_of(event: Event, recipe_id: str) -> bool:
    return getattr(event, "recipe_id", None) == recipe_id


def to_bring_back(application: Application) -> list[str]:
    """Recipes that should be there, ended by themselves, and may be tried again."""
    with application.store.reading() as connection:
        failed = failed_starts(connection)
    left_alone = application.budget.all_blocked()
    return [
        entry.recipe.id
        for entry in application.book.all()
        if _is_missed(entry, failed.get(entry.recipe.id)) and entry.recipe.id not in left_alone
    ]


def _is_missed(entry: Entry, failures: FailedStarts | None) -> bool:
    always = entry.recipe.pinned or entry.recipe.preload
    return always and failures is not None and failures.ready_at is None
