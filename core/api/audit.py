"""`/api/audit`: what the log is signed for, whether it is what was written, and proofs of it."""

import asyncio
import contextlib
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from core.api.asking import Asking
from core.api.control import demand_trusted
from core.application import Application
from core.auditing.proving import prover
from core.auditing.verification import VerificationView
from core.auditing.view import AuditView, audit_view
from core.errors import Invalid, StudioError
from events.audit.note import NoteInvalid, parted
from events.audit.proof_file import Consistency, Inclusion
from events.audit.told import MAIN
from events.errors import EventError


class VerifyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a verification."""

    deep: bool = False  # fold the read models anew too
    notes: list[str] = []  # signed notes that somebody kept: the logs must begin with them


@get("/audit")
async def show_audit(application: Application) -> AuditView:
    """What the log is, who signs for it and what was last found of it."""
    return await asyncio.to_thread(
        audit_view,
        application.store,
        application.settings.current.checkpoints,
        application.checkpointer.notices,
    )


@post("/audit/verify", status_code=202)
async def begin_verification(
    application: Application, asking: Asking, data: VerifyWish | None = None
) -> VerificationView:
    """Verify every log, in a process of its own; `GET` tells how far that is and what it found.

    What is found is recorded, log by log. Notes come only from who is trusted: one of another log
    would have a good log told as broken.
    """
    wish = data or VerifyWish()
    if wish.notes:
        demand_trusted(asking, "give notes", "use `vllm-studio audit verify --note FILE`")
    for note in wish.notes:
        try:
            parted(note)
        except NoteInvalid as error:
            raise Invalid(f"this is no signed note: {error}", field="notes") from error
    return application.verification.begin(
        actor=asking.actor, deep=wish.deep, vouched=tuple(wish.notes)
    )


@get("/audit/verify")
async def show_verification(application: Application) -> VerificationView:
    """The verification that runs, or the last one since the studio was started."""
    return application.verification.view


@get("/audit/prove")
async def prove(
    application: Application,
    asking: Asking,
    position: int | None = None,
    earlier: Annotated[int | None, QueryParameter(name="from")] = None,
    later: Annotated[int | None, QueryParameter(name="to")] = None,
    log: str = MAIN,
    fresh: bool = True,
) -> Inclusion | Consistency:
    """A proof that a line stands at a position, or that the log `from` so many lines grew `to`.

    What no checkpoint covers yet is signed for first, unless `fresh` is false.
    """
    if (position is None) == (earlier is None):
        raise Invalid("give `position`, or `from` and `to`", field="position")

    def covered() -> bool:
        with prover(application.settings.current, application.secrets, log) as known:
            if position is not None and not 1 <= position <= known.size:
                return True  # there is nothing to sign for
            return known.covering(position or (earlier or 0) + 1) is not None

    def made() -> Inclusion | Consistency:
        with prover(application.settings.current, application.secrets, log) as known:
            if position is not None:
                return known.line(position)
            return known.growth(earlier or 0, later)

    if fresh and later is None and not await asyncio.to_thread(covered):
        await _sign(application, asking)
    return await asyncio.to_thread(made)


async def _sign(application: Application, asking: Asking) -> None:
    """As far as it goes: the proof says when nobody has signed."""
    with contextlib.suppress(EventError, StudioError):
        await application.checkpointer.checkpoint("asked", actor=asking.actor)


HANDLERS = (show_audit, begin_verification, show_verification, prove)
