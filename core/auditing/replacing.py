"""A month's log that took another's place: found, and acknowledged once its owner knows why.

`audit recover --log usage-2026-11` begins a new log where a damaged one was. The main log has
checkpoints of the old one, so every verification fails there, as it has to: whoever replaces a log
leaves the same behind. The owner's word, recorded in the main log, is what tells the two apart.
"""

import base64
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing

import msgspec

from core.errors import NotFound
from core.settings import Paths
from events.audit.canonical import parse
from events.audit.note import Signer
from events.audit.replaced import parted, text
from events.audit.sources import LiveLog, LogSource, SealedLog
from events.audit.told import MAIN, Placed, Told, told
from events.codec import decode
from events.connections import open_reader
from events.errors import from_sqlite
from events.facts import AuditLogContinued, AuditReplacementAcknowledged


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """A log that was signed for and is not there any more, at its newest checkpoint."""

    log_id: str
    size: int  # events
    root: str  # in base64


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """A log in another's place, which nobody has acknowledged."""

    log: str  # as in usage-2026-11
    log_id: str
    size: int  # events it has now
    root: str  # of these, in base64
    replaced_at: int  # µs since the epoch: when it was begun, as its first event says
    former: tuple[Former, ...]  # whose place it took
    follows: str | None = None  # the log that it says it goes on from; None: it names none
    why: str | None = None  # as it says


def replacements(paths: Paths) -> tuple[Replacement, ...]:
    """Every one that nobody has acknowledged. Raises EventError when a log can not be read."""
    try:
        with closing(open_reader(paths.main_db)) as connection:
            about = told(connection)
    except sqlite3.Error as error:
        raise from_sqlite(error) from error
    names = sorted({placed.fact.log for placed in about.checkpoints} - {MAIN})
    return tuple(found for log in names for found in _of_book(paths, log, about))


def replacement_of(found: Iterable[Replacement], log: str) -> Replacement:
    """That of one log. Raises NotFound when there is nothing to acknowledge."""
    for one in found:
        if one.log == log:
            return one
    raise NotFound(
        f"no log that nobody knows of stands in the place of {log!r:.80}",
        code="nothing-to-acknowledge",
        next_action="`vllm-studio audit acknowledge` lists what there is to acknowledge",
    )


def acknowledged(
    one: Replacement, reason: str, signer: Signer
) -> list[AuditReplacementAcknowledged]:
    """What the main log is told: a fact for each log that is not there any more, signed.

    `signer` signs for the log that stands there now.
    """
    unsigned = [
        AuditReplacementAcknowledged(
            log=one.log,
            previous_log_id=former.log_id,
            previous_size=former.size,
            previous_root=former.root,
            log_id=one.log_id,
            size=one.size,
            root=one.root,
            replaced_at=one.replaced_at,
            reason=reason,
            note="",
        )
        for former in one.former
    ]
    return [msgspec.structs.replace(word, note=signer.sign(text(word))) for word in unsigned]


def _of_book(paths: Paths, log: str, about: Told) -> Iterator[Replacement]:
    live, sealed = paths.home / f"{log}.db", paths.home / f"{log}.segment"
    if not live.exists() and not sealed.exists():
        return  # erased, or gone, which is another matter
    source = LiveLog(live, log) if live.exists() else SealedLog(sealed)
    with closing(source):
        own, _ = parted(about.about(log), source.log_id, about.words_on(log))
        strangers = [placed for placed in own if placed.fact.log_id != source.log_id]
        if strangers:
            yield _replacement(source, log, _former(strangers))


def _replacement(source: LogSource, log: str, former: tuple[Former, ...]) -> Replacement:
    first, *rest = [parse(line) for page in source.lines(0, min(2, source.size)) for line in page]
    second = decode(rest[0].type, rest[0].schema, bytes(rest[0].data)) if rest else None
    continued = second if isinstance(second, AuditLogContinued) else None
    return Replacement(
        log=log,
        log_id=source.log_id,
        size=source.size,
        root=base64.b64encode(source.root(0, source.size)).decode(),
        replaced_at=first.recorded_at,
        former=former,
        follows=None if continued is None else continued.previous_log_id,
        why=None if continued is None else continued.reason,
    )


def _former(strangers: list[Placed]) -> tuple[Former, ...]:
    """The newest checkpoint of each."""
    found: dict[str, Former] = {}
    for _, fact in sorted(strangers, key=lambda placed: placed.fact.size):
        found[fact.log_id] = Former(log_id=fact.log_id, size=fact.size, root=fact.root)
    return tuple(found.values())
