"""`/api/switch`, `/api/load`, `/api/evict`, `/api/cancel`: changing what is resident."""

import asyncio

from litestar import Response, post

from core.api.asking import Asking
from core.api.usage import name_of
from core.api.views import Cancelled, CancelWish, ChangeAccepted, ChangeWish
from core.application import Application
from core.errors import Invalid, NotFound, Refused
from core.switching.commands import (
    CancelChange,
    Change,
    RequestEvict,
    RequestLoad,
    RequestSwitch,
    kind_of,
)

SOON_S = 1.0  # what can not be done, such as a model that does not fit, is refused by then


@post("/switch", status_code=202)
async def switch(
    application: Application, asking: Asking, data: ChangeWish
) -> Response[ChangeAccepted]:
    """Make a model the resident one; with `wait`, answer when it is ready."""
    change = RequestSwitch(target=target_of(data), force=data.force, exclusive=data.exclusive)
    return await ask_for(application, asking, change, wait=data.wait)


@post("/load", status_code=202)
async def load(
    application: Application, asking: Asking, data: ChangeWish
) -> Response[ChangeAccepted]:
    """Make a model resident beside what is there."""
    change = RequestLoad(target=target_of(data), force=data.force)
    return await ask_for(application, asking, change, wait=data.wait)


@post("/evict", status_code=202)
async def evict(
    application: Application, asking: Asking, data: ChangeWish
) -> Response[ChangeAccepted]:
    """Take a model, or everything, out of memory."""
    change = RequestEvict(target=data.target, force=data.force, reason=_asked(application, asking))
    return await ask_for(application, asking, change, wait=data.wait)


@post("/sleep", status_code=202)
async def sleep(
    application: Application, asking: Asking, data: ChangeWish
) -> Response[ChangeAccepted]:
    """Put a model to sleep, after its running requests; asking for it wakes it."""
    recipe = application.book.named(target_of(data)).recipe
    if not application.fleet.can_sleep(recipe.id):
        why = "its recipe says so" if recipe.sleep == "off" else "it is not ready, or slept badly"
        raise Refused(
            f"{recipe.id} can not sleep now: {why}",
            code="can-not-sleep",
            next_action=f"set sleep in the recipe and start it anew, or evict {recipe.id}",
        )
    reason = _asked(application, asking)
    change = RequestEvict(target=recipe.id, force=data.force, reason=reason, may_sleep=True)
    return await ask_for(application, asking, change, wait=data.wait)


@post("/cancel", status_code=200)
async def cancel(application: Application, asking: Asking, data: CancelWish) -> Cancelled:
    """Give up a change, or one request that waits or runs."""
    if data.request_id is not None:
        if not application.proxy.calls.cancel(data.request_id):
            raise NotFound(
                f"no request {data.request_id!r} waits or runs", code="request_not_found"
            )
        return Cancelled(cancelled=1)
    command = CancelChange(target=data.target)
    return Cancelled(cancelled=await application.studio.handle(command, actor=asking.actor))


async def ask_for(
    application: Application, asking: Asking, change: Change, *, wait: bool
) -> Response[ChangeAccepted]:
    """202 when it has begun or waits; with `wait`, 200 when it is done; or its refusal."""
    pending = await application.studio.handle(change, actor=asking.actor)
    begun = None
    if wait:
        await pending.done
    await asyncio.wait((pending.begun,), timeout=SOON_S)
    if pending.begun.done():
        begun = await pending.begun
    return Response(
        ChangeAccepted(
            switch_id=begun.switch_id if begun else None,
            kind=kind_of(pending.change),
            target=pending.change.target,
            evict=begun.evict if begun else (),
        ),
        status_code=200 if wait else 202,
    )


def target_of(wish: ChangeWish) -> str:
    """The target, or the sentence that asks for it."""
    if not wish.target:
        raise Invalid("`target` says which recipe; it is missing", field="target")
    return wish.target


def _asked(application: Application, asking: Asking) -> str:
    """Who asked, for the log; a key by its name."""
    name = name_of(application, asking.key_id) if asking.key_id else None
    return f"the {f'key {name}' if name else asking.actor} asked"


HANDLERS = (switch, load, evict, sleep, cancel)
