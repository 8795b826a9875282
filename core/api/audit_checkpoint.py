"""`/api/audit/checkpoint`: sign for the log now."""

import msgspec
from litestar import post

from core.api.asking import Asking
from core.application import Application


class Checkpointed(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed. Whoever keeps `note` can tell later whether the log still says it."""

    log_id: str
    size: int  # events it covers
    root: str  # base64
    note: str  # the signed note (C2SP)
    verifier_key: str  # whose signature it is
    kept: str | None  # the file outside; None when it could not be written


@post("/audit/checkpoint", status_code=200)
async def make_checkpoint(application: Application, asking: Asking) -> Checkpointed:
    """Sign for the main log, and for the month's requests when some are new."""
    checkpointer = application.checkpointer
    fact = await checkpointer.checkpoint("asked", actor=asking.actor)
    return Checkpointed(
        log_id=fact.log_id,
        size=fact.size,
        root=fact.root,
        note=fact.note,
        verifier_key=str(checkpointer.signer(fact.log_id).verifier),
        kept=checkpointer.kept_in(fact.log_id),
    )


HANDLERS = (make_checkpoint,)
