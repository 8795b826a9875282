"""`/api/audit/replaced`, `…/acknowledge`: months whose log took the place of another."""

import asyncio

import msgspec
from litestar import get, post

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.auditing.replacing import (
    Replacement,
    acknowledged,
    replacement_of,
    replacements,
)
from core.errors import Invalid, Unavailable
from core.settings import Paths
from events.errors import EventError

LONGEST_REASON = 500  # characters
STREAM = "audit"


class Replacements(msgspec.Struct, frozen=True, kw_only=True):
    """Logs in the place of others, which nobody has acknowledged."""

    replaced: tuple[Replacement, ...]


class AcknowledgeWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an acknowledgement."""

    log: str  # as in usage-2026-11
    log_id: str | None = None  # the one that was looked at; refused where another stands by now
    reason: str


@get("/audit/replaced")
async def list_replacements(application: Application) -> Replacements:
    """Logs of months in the place of others that were signed for, and unknown to the main log."""
    paths = application.settings.current.paths
    return Replacements(replaced=await asyncio.to_thread(_found, paths))


@post("/audit/acknowledge", status_code=200)
async def acknowledge(
    application: Application, asking: Asking, data: AcknowledgeWish
) -> Replacement:
    """Record that a log's replacement is known, and why: a verification no longer fails for it.

    Only the owner may. It covers this log and those whose place it took, and no other.
    """
    demand_owner(asking, "acknowledge that a log was replaced")
    reason = data.reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Invalid("say why the log was replaced", field="reason")
    application.log_watch.demand_change()
    paths = application.settings.current.paths
    found = replacement_of(await asyncio.to_thread(_found, paths), data.log)
    if data.log_id not in (None, found.log_id):
        raise Invalid(
            f"the log in that place is {found.log_id} by now, which nobody has looked at",
            field="log_id",
        )
    signer = application.checkpointer.signer(found.log_id)
    await application.store.append(STREAM, acknowledged(found, reason, signer), actor=asking.actor)
    return found


def _found(paths: Paths) -> tuple[Replacement, ...]:
    try:
        return replacements(paths)
    except EventError as error:
        raise Unavailable(
            f"which logs were replaced can not be told: {error}",
            code="log-unavailable",
            next_action="see what is wrong with `vllm-studio audit verify`",
        ) from error


HANDLERS = (list_replacements, acknowledge)
