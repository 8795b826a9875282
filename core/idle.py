"""Unloads models that nobody has used for longer than their recipe allows."""

import asyncio

from core.application import Application
from core.switching.commands import RequestEvict

LOOK_EVERY_S = 1.0


async def evict_idle(application: Application) -> None:
    """Look every second, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if application.log_watch.problem is not None:
            continue  # what can not be recorded is not begun
        for recipe_id in overdue(application):
            application.switchboard.request(
                RequestEvict(
                    target=recipe_id,
                    reason="it was idle for longer than its TTL",
                    only_idle=True,
                    may_sleep=True,
                ),
                actor="system",
                correlation_id=recipe_id,
                manual=False,
            )


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
