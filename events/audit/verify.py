"""Whether the logs are what was written: the main log, the books of requests, what was sealed.

    lines ──hash──► leaves ──tree──► root of any size ──► what was signed, in the log and outside

Read only, from the files, with or without a running studio beside it; what is appended while it
runs is not looked at. Nothing is mended. `python -m events.audit` is this as a program.

Read in this order: notes kept outside (by the caller), then the main log, then the books that it
speaks of. So each is at least as long as the one before says, also while all of them grow.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from events.audit import kept, replaced
from events.audit.checkpoint import origin_of, read
from events.audit.claims import (
    Claim,
    LogReport,
    Report,
    disproved,
    first_bad,
    not_provable,
    proved,
    skipped,
)
from events.audit.kept import Outside
from events.audit.note import NoteInvalid, Verifier
from events.audit.one_log import verify_log
from events.audit.segment_claims import verify_segment
from events.audit.segments import Segment
from events.audit.told import MAIN, Keys, Told, parsed, told, trusted
from events.connections import open_reader
from events.errors import EventError, LogDamaged
from events.facts import AuditLogContinued, AuditSegmentPruned, AuditSegmentSealed
from events.projections import ALL, USAGE

KEY, THERE, NOTES, FOLLOWS, REWRITTEN = (
    "signing key",
    "all logs there",
    "notes outside",
    "follows another log",
    "rewritten",
)

Notes = dict[str, list[Outside]]  # by log identity
Progress = Callable[[str, int, int], None]  # which log, lines done, lines in all


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to verify, and against what."""

    main: str  # the file
    books: dict[str, str] = {}  # files by log: {"usage-2026-11": "…/usage-2026-11.db"}
    notes: tuple[str, ...] = ()  # signed notes from where they are kept outside
    vouched: tuple[str, ...] = ()  # signed notes that somebody brought: they must be of logs here
    keys: tuple[str, ...] = ()  # verifier keys; none: the one that the log itself names is taken
    deep: bool = False  # fold the read models anew


def books_in(home: Path) -> dict[str, str]:
    """The books of requests in a data directory."""
    return {path.stem: str(path) for path in sorted(home.glob("usage-????-??.db"))}


def verify(wanted: Wanted, progress: Progress | None = None) -> Report:
    """Verify all of it. What is wrong stands in the claims; nothing is raised for it."""
    begun = time.monotonic()
    main = Path(wanted.main)
    notes, unreadable = kept.sorted_notes((*wanted.notes, *wanted.vouched))
    given = [key for key in map(parsed, wanted.keys) if key is not None]
    about = _told(main)
    keys = trusted(given or _named(about), about)
    logs = [_verified(MAIN, main, wanted, about, notes, keys, progress)]
    for log, path in wanted.books.items():
        if not _is_moved(Path(path)):
            logs.append(_verified(log, Path(path), wanted, about, notes, keys, progress))
        elif log.removeprefix("usage-") not in about.sealed:
            says = "It was sealed while this was verified: the next verification looks at it."
            logs.append(LogReport(log=log, claims=(skipped(log, THERE, says),)))
    logs += [_sealed(main, fact, about, notes, keys) for fact in about.sealed.values()]
    whole = [
        _key_claim(given, about, notes),
        _all_there(wanted, about, notes, {log.log_id for log in logs}, keys),
        *([_unreadable(wanted, unreadable)] if unreadable else ()),
        *(_follows(fact, notes.get(fact.previous_log_id, [])) for fact in about.follows),
        _rewritten(),
    ]
    logs[0] = msgspec.structs.replace(logs[0], claims=(*logs[0].claims, *whole))
    return Report(logs=tuple(logs), seconds=time.monotonic() - begun)


def _verified(
    log: str,
    path: Path,
    wanted: Wanted,
    about: Told,
    notes: Notes,
    keys: Keys,
    progress: Progress | None,
) -> LogReport:
    return verify_log(
        path,
        log,
        placed=about.about(log),
        words=about.words_on(log),
        notes=notes,
        keys=keys,
        projections=(ALL if log == MAIN else USAGE) if wanted.deep else None,
        progress=partial(progress, log) if progress is not None else None,
    )


def _is_moved(book: Path) -> bool:
    """Whether a month's live log became a segment since its name was read."""
    return not book.exists() and book.with_suffix(".segment").exists()


def _sealed(
    main: Path, fact: AuditSegmentSealed, about: Told, notes: Notes, keys: Keys
) -> LogReport:
    """A month as a file of its own, which must be what the main log says of it."""
    begun, log, path = time.monotonic(), f"usage-{fact.month}", main.parent / Path(fact.file).name
    verifiers = keys.verifiers(origin_of(fact.log_id))
    pruned = _erased(fact, about)
    if pruned is None and not path.exists():  # perhaps erased since: that is recorded first
        pruned = _erased(fact, _told(main))
    try:
        claims = verify_segment(path, fact, pruned, verifiers=verifiers)
    except (OSError, ValueError, OverflowError, MemoryError, LookupError) as error:
        claims = [disproved(log, "file", f"{path.name} can not be read: {error}.")]
    words, outside = about.words_on(log), notes.get(fact.log_id, [])
    own, old = replaced.parted(about.about(log), fact.log_id, words)
    here = path.exists() and not path.with_suffix(".db").exists()
    if here and first_bad(claims) is None:
        try:
            with Segment.open(path) as segment:
                wanted = kept.sizes(own, outside) | replaced.sizes(words)
                roots = {n: segment.tree.root(0, n) for n in wanted if n <= segment.size}
        except (LogDamaged, KeyError) as damage:
            claims.append(disproved(log, "lines", f"{damage}."))
        else:
            claims.append(kept.in_the_log(log, fact.log_id, own, roots, fact.size, keys))
            claims += replaced.claims(log, fact.log_id, old, words, roots, keys)
            claims += kept.outside(log, fact.log_id, outside, roots, fact.size, keys)
    return LogReport(
        log=log,
        log_id=fact.log_id,
        size=fact.size,
        root=fact.root,
        claims=tuple(claims),
        seconds=time.monotonic() - begun,
    )


def _erased(sealed: AuditSegmentSealed, about: Told) -> AuditSegmentPruned | None:
    """That its requests were erased, and not those of another log of the same month."""
    pruned = about.pruned.get(sealed.month)
    return pruned if pruned is not None and pruned.log_id == sealed.log_id else None


def _told(main: Path) -> Told:
    """What the main log tells; nothing where it can not be read, which its own claims say."""
    try:
        connection = open_reader(main)
    except (sqlite3.Error, EventError, ValueError):
        return Told()
    try:
        return told(connection)
    except (sqlite3.Error, ValueError, TypeError):
        return Told()
    finally:
        connection.close()


def _named(about: Told) -> Iterator[Verifier]:
    key = parsed(about.key)
    if key is not None:
        yield key


def _key_claim(given: list[Verifier], about: Told, notes: Notes) -> Claim:
    named = parsed(about.key)
    if named is None:
        says = "The log names no key yet: nothing in it was ever signed"
        if given:  # a log that was written anew would look like that
            return not_provable(MAIN, KEY, f"{says}, by the key given or by another.")
        return skipped(MAIN, KEY, f"{says}.")
    if not given:
        return not_provable(
            MAIN,
            KEY,
            "Signatures were checked with the key that the log itself names. Compare it with one"
            f" that you noted, or give that one: {about.key}",
        )
    if all(named.public_key != key.public_key for key in given):
        return disproved(
            MAIN, KEY, f"The log says that another key signs for it than the one given: {about.key}"
        )
    if about.replaced and about.replaced[-1][0] > _signed_until(given, about, notes):
        return not_provable(
            MAIN,
            KEY,
            f"The key given is the one that the log names: {about.key}. That another signed before"
            " it says the log alone, for nothing that the key given signed covers that yet.",
        )
    replaced = "; it replaced another" if about.replaced else ""
    return proved(MAIN, KEY, f"The key given is the one that the log names{replaced}: {about.key}")


def _signed_until(given: list[Verifier], about: Told, notes: Notes) -> int:
    """How much of the main log the keys given signed for, in the log or outside of it."""
    name = origin_of(about.log_id)
    own = [Verifier(name, key.public_key) for key in given]
    until = 0
    outside = (one.note for one in notes.get(about.log_id, ()))
    for note in (*(placed.fact.note for placed in about.about(MAIN)), *outside):
        with suppress(NoteInvalid):
            until = max(until, read(note, own).size)
    return until


def _all_there(
    wanted: Wanted, about: Told, notes: Notes, identities: set[str], keys: Keys
) -> Claim:
    """Every log that something is told of, in the main log or outside, is here or was erased."""
    if not about.log_id:
        return skipped(MAIN, THERE, "The main log could not be asked which logs there must be.")
    here = wanted.books.keys() | {f"usage-{month}" for month in about.sealed}  # or erased since
    for log in sorted(about.months() - here):
        return disproved(MAIN, THERE, f"The log {log} is gone: checkpoints of it were signed.")
    known = {placed.fact.log_id for placed in about.checkpoints}
    known |= {about.log_id, *identities, *(fact.previous_log_id for fact in about.follows)}
    known |= {fact.log_id for fact in about.sealed.values()}
    known |= {fact.log_id for fact in about.pruned.values()}
    others = 0
    for log_id in notes.keys() - known:
        says = f"A checkpoint is kept outside of a log that is not here: {log_id}"
        if about.log_id not in notes or _is_meant(notes[log_id], log_id, wanted, keys):
            return disproved(MAIN, THERE, f"{says}. The log was replaced, or taken away.")
        others += 1
    beside = f" {others} others, by other keys, have checkpoints in the same place." * bool(others)
    return proved(MAIN, THERE, f"Every log that the main log speaks of is here.{beside}")


def _is_meant(outside: list[Outside], log_id: str, wanted: Wanted, keys: Keys) -> bool:
    """Whether one of these notes was brought by somebody, or signed by a key of this studio."""
    for one in outside:
        if one.note in wanted.vouched:
            return True
        try:
            read(one.note, keys.verifiers(origin_of(log_id)))
        except NoteInvalid:
            continue
        return True
    return False


def _follows(fact: AuditLogContinued, outside: list[Outside]) -> Claim:
    """A log begun after damage: what is known of the one before it."""
    says = (
        f"This log follows the log {fact.previous_log_id}, of which {fact.previous_size} events"
        f" could be read ({fact.reason})."
    )
    if not outside:
        return not_provable(MAIN, FOLLOWS, f"{says} How many it had, no checkpoint outside says.")
    newest = outside[-1].says
    if newest.size > fact.previous_size:
        lost = newest.size - fact.previous_size
        signed = f"A checkpoint was signed for {newest.size}: at least {lost} were lost."
        return not_provable(MAIN, FOLLOWS, f"{says} {signed}")
    if newest.size == fact.previous_size and newest.root != kept.as_root(fact.previous_root):
        other = "They are not those that its checkpoint outside was signed for."
        return disproved(MAIN, FOLLOWS, f"{says} {other}")
    return not_provable(MAIN, FOLLOWS, f"{says} Its newest checkpoint was of {newest.size}.")


def _unreadable(wanted: Wanted, reasons: list[str]) -> Claim:
    """A note that a power cut left half written is nobody's fault; one that was brought is."""
    says = f"{len(reasons)} notes kept outside are not whole, the first: {reasons[0]}."
    if wanted.vouched:
        return disproved(MAIN, NOTES, says)
    return skipped(MAIN, NOTES, f"{says} They were passed over.")


def _rewritten() -> Claim:
    """The limit of all this, said every time."""
    return not_provable(
        MAIN,
        REWRITTEN,
        "Whoever holds the signing key and every copy of the checkpoints can write another history"
        " that proves as well as this one. A checkpoint kept where they do not reach ends that.",
    )
