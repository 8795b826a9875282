"""The log as an auditor sees it first: what it is, who signs for it, what was last found of it."""

import base64
import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.auditing.notes import NotesFolder
from events.audit.told import MAIN, told
from events.audit.tree import LogTree
from events.facts import AuditVerificationFailed, AuditVerified
from events.store import EventStore

VERDICTS = ("audit-verified", "audit-verification-failed")


class SignedFor(msgspec.Struct, frozen=True, kw_only=True):
    """The newest checkpoint of the main log."""

    size: int  # events it covers
    root: str
    note: str
    position: int  # where the log tells of it
    at: int  # µs since the epoch


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was last found of one log, and when."""

    log: str
    at: int  # µs since the epoch
    position: int  # where the main log tells of it
    holds: bool
    size: int | None = None
    root: str | None = None
    first_bad: int | None = None
    reason: str | None = None


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    log_id: str
    size: int
    root: str | None  # of all of it now, in base64; None: its tree is not whole
    verifier_key: str | None  # of who signs for it
    checkpoint: SignedFor | None
    checkpoints_folder: str  # where notes lie outside the log
    kept: str | None  # the file there with those of the main log
    verified: list[Verified]  # the newest word on each log
    notices: list[str]


def audit_view(store: EventStore, folder: Path, notices: Sequence[str] = ()) -> AuditView:
    """Look at an open log; `folder` is where notes lie outside. Raises EventError."""
    root, at = None, 0
    with store.reading() as connection:
        tree, about = LogTree(connection), told(connection)
        size = tree.size
        with contextlib.suppress(KeyError):  # a damaged log is shown too
            root = base64.b64encode(tree.root(0, size)).decode()
        placed = about.about(MAIN)
        newest = placed[-1] if placed else None
        if newest is not None:
            [(at,)] = connection.execute(
                "select recorded_at from events where position = ?", (newest.position,)
            ).fetchall()
    kept = NotesFolder(folder).path_of(about.log_id)
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
            at=at,
        ),
        checkpoints_folder=str(folder),
        kept=str(kept) if kept.exists() else None,
        verified=_verified(store),
        notices=list(notices),
    )


def _verified(store: EventStore) -> list[Verified]:
    """The newest word on each log."""
    found: dict[str, Verified] = {}
    for one in store.read_all(newest_first=True, limit=200, streams=("audit",), types=VERDICTS):
        match one.event:
            case AuditVerified(log=log, size=size, root=root):
                said = Verified(
                    log=log,
                    at=one.recorded_at,
                    position=one.position,
                    holds=True,
                    size=size,
                    root=root,
                )
            case AuditVerificationFailed(log=log, position=bad, reason=reason):
                said = Verified(
                    log=log,
                    at=one.recorded_at,
                    position=one.position,
                    holds=False,
                    first_bad=bad,
                    reason=reason,
                )
            case _:
                continue
        found.setdefault(log, said)
    return list(found.values())
