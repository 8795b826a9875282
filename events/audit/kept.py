"""The checkpoints that were kept, in the log and outside it, beside the log as it is now.

A checkpoint in the log shows a change by whoever has no key. One outside shows in addition that
nothing was cut off, and a change by whoever has the key but not this copy.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from events.audit import checkpoint
from events.audit.checkpoint import Checkpoint, origin_of
from events.audit.claims import Claim, disproved, not_provable, proved, skipped
from events.audit.note import NoteInvalid, parted
from events.audit.told import MAIN, Keys, Placed

IN_THE_LOG, OUTSIDE, CUT_OFF = "checkpoints in the log", "checkpoints outside", "cut off"

WHOLE = 64  # bytes of a signature
Roots = Mapping[int, bytes]  # by size, of those that were asked for


class Outside(NamedTuple):
    """A note that is kept outside, and what it says."""

    note: str
    says: Checkpoint


def sorted_notes(notes: Iterable[str]) -> tuple[dict[str, list[Outside]], list[str]]:
    """Outside notes by the log they are about, smallest first; and why others can not be read."""
    found: dict[str, list[Outside]] = {}
    unreadable: list[str] = []
    for note in dict.fromkeys(notes):
        try:
            says, signatures = checkpoint.peek(note), parted(note)[1]
            if all(len(one.signature) < WHOLE for one in signatures):
                raise NoteInvalid("its signature was only half written")
        except NoteInvalid as error:
            unreadable.append(str(error))
            continue
        found.setdefault(says.log_id, []).append(Outside(note, says))
    for those in found.values():
        those.sort(key=lambda one: one.says.size)
    return found, unreadable


def sizes(placed: Iterable[Placed], outside: Iterable[Outside]) -> set[int]:
    """The sizes whose roots will be needed."""
    return {one.fact.size for one in placed} | {one.says.size for one in outside}


def in_the_log(
    log: str, log_id: str, placed: Sequence[Placed], roots: Roots, size: int, keys: Keys
) -> Claim:
    """Each checkpoint's fact is true of the lines it names, and signed."""
    if not placed:
        return skipped(log, IN_THE_LOG, "No checkpoint of this log was made yet.")
    whole = 0
    for position, fact in sorted(placed, key=lambda one: one.fact.size):
        where = f"The checkpoint at position {position} of the main log"
        if log == MAIN and fact.size >= position:
            return disproved(
                log, IN_THE_LOG, f"{where} is about lines after it.", position=position
            )
        at = position if log == MAIN else None
        if fact.log_id != log_id:
            other = (
                f"{where} is of the log {fact.log_id}: another one stands in its place, and nobody"
                " has acknowledged that."
            )
            return disproved(log, IN_THE_LOG, other, position=at)
        try:
            says = checkpoint.read(fact.note, keys.verifiers(origin_of(log_id), position))
        except NoteInvalid as error:
            return disproved(log, IN_THE_LOG, f"{where} does not hold: {error}.", position=at)
        if (says.size, says.root) != (fact.size, as_root(fact.root)):
            return disproved(log, IN_THE_LOG, f"{where} is not what was signed.", position=at)
        if roots.get(fact.size) != says.root:
            return _changed(log, IN_THE_LOG, where, whole, fact.size, size)
        whole = fact.size
    return proved(
        log,
        IN_THE_LOG,
        f"All {len(placed)} checkpoints in the log are true of the lines before them, and signed."
        if len(placed) > 1
        else "The checkpoint in the log is true of the lines before it, and signed.",
        until=whole,
    )


def outside(
    log: str, log_id: str, notes: Sequence[Outside], roots: Roots, size: int, keys: Keys
) -> list[Claim]:
    """The log begins with each checkpoint that is kept outside, and is no shorter."""
    if not notes:
        nothing = (
            "No checkpoint of it is kept outside: nobody can tell whether its end was cut off."
        )
        return [
            skipped(log, OUTSIDE, "No checkpoint of this log is kept outside of it."),
            not_provable(log, CUT_OFF, nothing),
        ]
    whole = 0
    for note, says in notes:
        where = f"The checkpoint of {says.size} events that is kept outside"
        try:
            at = says.size if log == MAIN else 0  # of a book nobody says when it was
            checkpoint.read(note, keys.verifiers(origin_of(log_id), at))
        except NoteInvalid as error:
            return [disproved(log, OUTSIDE, f"{where} does not hold: {error}.")]
        if roots.get(says.size) != says.root:
            return [_changed(log, OUTSIDE, where, whole, says.size, size)]
        whole = says.size
    many = f"each of the {len(notes)} checkpoints" if len(notes) > 1 else "the checkpoint"
    complete = f"The log begins with {many} kept outside: its first {whole} events are all there."
    after = f"Whether anything after position {whole} was cut off: no checkpoint outside says so."
    return [proved(log, OUTSIDE, complete, until=whole), not_provable(log, CUT_OFF, after)]


def _changed(log: str, name: str, where: str, whole: int, wanted: int, size: int) -> Claim:
    if wanted > size:
        says = f"{where} names {wanted} events, but the log has {size}: its end was cut off."
        return disproved(log, name, says, position=size + 1, until=whole)
    says = (
        f"{where} is of other lines: something from position {whole + 1} to {wanted} was changed."
    )
    return disproved(log, name, says, position=whole + 1, until=whole)


def as_root(text: str) -> bytes:
    """A root as a fact writes it; what is none is equal to none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
