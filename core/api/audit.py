"""`/api/audit`: what the log is signed for, whether it is what was written, and proofs of it."""

import asyncio
import base64
import contextlib
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from core.api.asking import Asking
from core.application import Application
from core.auditing.proving import prover
from core.auditing.verification import VerificationView
from core.errors import Invalid, StudioError
from events.audit.note import NoteInvalid, parted
from events.audit.proof_file import Consistency, Inclusion
from events.audit.told import MAIN, told
from events.audit.tree import LogTree
from events.errors import EventError
from events.facts import AuditVerificationFailed, AuditVerified


class SignedFor(msgspec.Struct, frozen=True, kw_only=True):
    """The newest checkpoint of the main log."""

    size: int  # events it covers
    root: str
    note: str
    position: int  # where the log tells of it


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was last found of one log, and when."""

    log: str
    at: int  # µs since the epoch
    position: int  # where the log tells of it
    holds: bool
    size: int | None = None
    root: str | None = None
    first_bad: int | None = None
    reason: str | None = None


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """The log as an auditor sees it first."""

    log_id: str
    size: int
    root: str | None  # of all of it now, in base64; None: its tree is not whole
    verifier_key: str | None  # of who signs for it
    checkpoint: SignedFor | None
    checkpoints_folder: str  # where notes lie outside the log
    kept: str | None  # the file with those of the main log; None: the newest could not be written
    verified: list[Verified]  # the newest of each log
    notices: list[str]


class VerifyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a verification."""

    deep: bool = False  # fold the read models anew too
    notes: list[str] = []  # signed notes that somebody kept: the logs must begin with them


@get("/audit")
async def show_audit(application: Application) -> AuditView:
    """What the log is, who signs for it and what was last found of it."""
    return await asyncio.to_thread(_view, application)


@post("/audit/verify", status_code=202)
async def begin_verification(
    application: Application, asking: Asking, data: VerifyWish | None = None
) -> VerificationView:
    """Verify every log, in a process of its own; `GET` tells how far that is and what it found.

    What is found is recorded, log by log.
    """
    wish = data or VerifyWish()
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


def _view(application: Application) -> AuditView:
    root = None
    with application.store.reading() as connection:
        tree, about = LogTree(connection), told(connection)
        size = tree.size
        with contextlib.suppress(KeyError):  # a damaged log is still shown
            root = base64.b64encode(tree.root(0, size)).decode()
    placed = about.about(MAIN)
    newest = placed[-1] if placed else None
    return AuditView(
        log_id=about.log_id,
        size=size,
        root=root,
        verifier_key=about.key or None,
        checkpoint=newest
        and SignedFor(
            size=newest.fact.size,
            root=newest.fact.root,
            note=newest.fact.note,
            position=newest.position,
        ),
        checkpoints_folder=str(application.settings.current.checkpoints),
        kept=application.checkpointer.kept_in(about.log_id),
        verified=_verified(application),
        notices=list(application.checkpointer.notices),
    )


def _verified(application: Application) -> list[Verified]:
    """The newest word on each log."""
    facts = application.store.read_all(
        newest_first=True,
        limit=100,
        streams=("audit",),
        types=("audit-verified", "audit-verification-failed"),
    )
    found: dict[str, Verified] = {}
    for one in facts:
        match one.event:
            case AuditVerified(log=log, size=size, root=root):
                said = Verified(
                    log=log, at=one.recorded_at, position=one.position, holds=True,
                    size=size, root=root,
                )  # fmt: skip
            case AuditVerificationFailed(log=log, position=bad, reason=reason):
                said = Verified(
                    log=log, at=one.recorded_at, position=one.position, holds=False,
                    first_bad=bad, reason=reason,
                )  # fmt: skip
            case _:
                continue
        found.setdefault(log, said)
    return list(found.values())


HANDLERS = (show_audit, begin_verification, show_verification, prove)
