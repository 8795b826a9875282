"""Another log in the place of one that was signed for: known, once somebody has acknowledged it.

    checkpoint of A ──► checkpoint of A ──► "B took the place of A, and I know why" ──► B goes on

Without that word, or where it is of other logs, a checkpoint of A beside the log B is a failure.
The word names the end that A was last signed for and the lines that B had then, so it covers no
third log and no other beginning of B. What stood in A it does not prove. It bears a signature of
its own: whoever can write the file could add the word, and the next checkpoint would cover it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from events.audit import checkpoint, kept
from events.audit.checkpoint import origin_of
from events.audit.claims import Claim, disproved, not_provable
from events.audit.kept import Roots
from events.audit.note import NoteInvalid, opened
from events.audit.told import Acknowledged, Keys, Placed
from events.facts import AuditReplacementAcknowledged

REPLACED = "replaced"


def text(fact: AuditReplacementAcknowledged) -> str:
    """What is signed: a checkpoint of the new log, with the end of the old one as its extension."""
    return (
        f"{origin_of(fact.log_id)}\n{fact.size}\n{fact.root}\n"
        f"replaces {fact.previous_log_id} {fact.previous_size} {fact.previous_root}\n"
    )


def parted(
    placed: Iterable[Placed], log_id: str, words: Sequence[Acknowledged]
) -> tuple[list[Placed], list[Placed]]:
    """Checkpoints that must be true of the log as it is, and those of logs known to be replaced."""
    own: list[Placed] = []
    old: list[Placed] = []
    for one in placed:
        known = any(
            word.fact.log_id == log_id
            and word.fact.previous_log_id == one.fact.log_id != log_id
            and word.position > one.position
            for word in words
        )
        (old if known else own).append(one)
    return own, old


def sizes(words: Iterable[Acknowledged]) -> set[int]:
    """The sizes whose roots will be needed."""
    return {word.fact.size for word in words}


def claims(
    log: str,
    log_id: str,
    old: Sequence[Placed],
    words: Sequence[Acknowledged],
    roots: Roots,
    keys: Keys,
) -> list[Claim]:
    """What the main log knows of the logs that this one took the place of."""
    return [_claim(log, old, word, roots, keys) for word in words if word.fact.log_id == log_id]


def _claim(log: str, old: Sequence[Placed], word: Acknowledged, roots: Roots, keys: Keys) -> Claim:
    fact = word.fact
    signed = [one for one in old if one.fact.log_id == fact.previous_log_id]
    for one in signed:
        if not _is_signed(one, keys):
            says = f"The checkpoint at position {one.position} of the main log does not hold."
            return disproved(log, REPLACED, says)
    if not _is_said(word, keys):
        says = (
            f"The acknowledgement at position {word.position} of the main log is not signed by a"
            " key of this log: anybody could have written it."
        )
        return disproved(log, REPLACED, says)
    newest = max(signed, key=lambda one: one.fact.size, default=None)
    if newest is None or (newest.fact.size, newest.fact.root) != (
        fact.previous_size,
        fact.previous_root,
    ):
        says = (
            f"The acknowledgement at position {word.position} of the main log names another end"
            f" of the log {fact.previous_log_id} than was signed for."
        )
        return disproved(log, REPLACED, says)
    if roots.get(fact.size) != kept.as_root(fact.root):
        says = (
            f"The acknowledgement at position {word.position} of the main log is of other lines"
            f" than the first {fact.size} that are here."
        )
        return disproved(log, REPLACED, says, position=1)
    return not_provable(
        log,
        REPLACED,
        f"The log {fact.previous_log_id}, signed for up to {fact.previous_size} events, was"
        f" replaced at {_moment(fact.replaced_at)}, acknowledged by {word.actor} at"
        f" {_moment(word.recorded_at)}: {fact.reason.rstrip('.')}."
        " What stood in it is not shown here.",
    )


def _is_said(word: Acknowledged, keys: Keys) -> bool:
    fact = word.fact
    try:
        said = opened(fact.note, keys.verifiers(origin_of(fact.log_id), word.position))
    except NoteInvalid:
        return False
    return said == text(fact)


def _is_signed(placed: Placed, keys: Keys) -> bool:
    fact = placed.fact
    try:
        says = checkpoint.read(fact.note, keys.verifiers(origin_of(fact.log_id), placed.position))
    except NoteInvalid:
        return False
    return (says.size, says.root) == (fact.size, kept.as_root(fact.root))


def _moment(at: int) -> str:
    """µs since the epoch, in the same words everywhere."""
    try:
        return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "a time that no clock has"
