"""Unloads models that nobody has used for longer than their recipe allows, sleepers too."""

import asyncio

from core.application import Application
from core.ids import uuid7
from core.switching.commands import RequestEvict

LOOK_EVERY_S = 1.0


async def evict_idle(application: Application) -> None:
    """Look every second, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if application.log_watch.problem is not None:
            continue  # what can not be recorded is not begun
        for recipe_id in overdue(application):
            _evict(application, recipe_id, "it was idle for longer than its TTL", may_sleep=True)
        for recipe_id in overslept(application):
            _evict(application, recipe_id, "it slept for longer than its TTL", may_sleep=False)


def overdue(application: Application) -> list[str]:
    """Ready recipes without a request for their TTL, counted from the end of the last one.

    A request may have set another TTL than the recipe's; 0 means: never.
    """
    now, inflight = application.clock.now(), application.inflight
    ttls = {
        e.recipe.id: ttl if (ttl := inflight.ttl_of(e.recipe.id)) is not None else e.recipe.ttl_s
        for e in application.book.all()
    }
    found = []
    for view in application.fleet.views():
        ttl = ttls.get(view.recipe_id)
        if not ttl or view.state != "ready" or application.inflight.count(view.recipe_id):
            continue
        last_used = max(view.since, application.inflight.last_used(view.recipe_id))
        if now - last_used >= ttl * 1e6:
            found.append(view.recipe_id)
    return found


def overslept(application: Application) -> list[str]:
    """Sleepers that nobody has woken for `sleeper_ttl_s`."""
    now, found = application.clock.now(), []
    for sleeper in application.fleet.asleep():
        entry = application.book.find(sleeper.recipe_id)
        ttl = entry.recipe.sleeper_ttl_s if entry else 0
        if ttl and now - sleeper.since >= ttl * 1e6:
            found.append(sleeper.recipe_id)
    return found


def _evict(application: Application, recipe_id: str, reason: str, *, may_sleep: bool) -> None:
    application.switchboard.request(
        RequestEvict(target=recipe_id, reason=reason, only_idle=True, may_sleep=may_sleep),
        actor="system",
        correlation_id=uuid7(),
        manual=False,
    )
