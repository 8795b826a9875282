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
        if application.switchboard.view() is not None:
            continue  # judged again when nothing is under way: by then it may be in use
        for recipe_id in overdue(application):
            application.switchboard.request(
                RequestEvict(target=recipe_id, reason="it was idle for longer than its TTL"),
                actor="system",
                correlation_id=recipe_id,
                manual=False,
            )


def overdue(application: Application) -> list[str]:
    """Ready recipes without a request for `ttl_s`, counted from the end of the last one."""
    now = application.clock.now()
    ttls = {e.recipe.id: e.recipe.ttl_s for e in application.book.all() if e.recipe.ttl_s}
    found = []
    for view in application.fleet.views():
        ttl = ttls.get(view.recipe_id)
        if ttl is None or view.state != "ready" or application.inflight.count(view.recipe_id):
            continue
        last_used = max(view.since, application.inflight.last_used(view.recipe_id))
        if now - last_used >= ttl * 1e6:
            found.append(view.recipe_id)
    return found
