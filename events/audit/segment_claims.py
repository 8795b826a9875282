"""Whether a sealed month is what the main log says of it: claim by claim."""

import base64
from collections.abc import Iterable
from pathlib import Path

from events.audit.checkpoint import origin_of, read
from events.audit.claims import Claim, disproved, not_provable, proved, skipped
from events.audit.merkle import Frontier, leaf_hash
from events.audit.note import NoteInvalid, Verifier
from events.audit.segments import Segment, file_hash
from events.errors import LogDamaged
from events.facts import AuditSegmentPruned, AuditSegmentSealed


def verify_segment(
    path: Path,
    sealed: AuditSegmentSealed,
    pruned: AuditSegmentPruned | None = None,
    *,
    verifiers: Iterable[Verifier] | None = None,
) -> list[Claim]:
    """Compare a segment, and the sums beside it, with the fact of its sealing.

    `pruned` is the fact of its pruning, where there is one; without it a file that is missing is
    lost. `verifiers`: who may have signed for it; None: the signature is not looked at.
    """
    log = f"usage-{sealed.month}"
    if path.with_suffix(".db").exists():
        there = f"The live log of {sealed.month} is there and counts, whatever lies beside it."
        return [skipped(log, "file", there)]
    claims = [_sums(path.parent, log, sealed)]
    if not path.exists():
        return [_missing(path, log, sealed, pruned), *claims]
    if file_hash(path) != sealed.sha256:
        claims.append(
            disproved(log, "file", f"{path.name} is not the file that was sealed: another SHA-256.")
        )
    else:
        claims.append(
            proved(log, "file", f"{path.name} is the file that was sealed.", until=sealed.size)
        )
    try:
        with Segment.open(path) as segment:
            claims.append(_lines(segment, log, sealed))
            claims.append(_signed(segment, log, sealed, verifiers))
    except LogDamaged as damage:
        claims.append(disproved(log, "lines", f"{damage}."))
    return claims


def _missing(
    path: Path, log: str, sealed: AuditSegmentSealed, pruned: AuditSegmentPruned | None
) -> Claim:
    if pruned is None:
        return disproved(
            log,
            "file",
            f"{path.name} is lost: it was sealed with {sealed.events} events, and nobody recorded"
            " that it was erased.",
        )
    return not_provable(
        log,
        "file",
        f"The {pruned.requests} requests of {sealed.month} were erased ({pruned.reason}); what"
        f" was signed for stays: {sealed.size} events with the root {sealed.root}.",
    )


def _lines(segment: Segment, log: str, sealed: AuditSegmentSealed) -> Claim:
    """Every line hashed anew, block by block, so that a bad one is found near its place."""
    if segment.log_id != sealed.log_id:
        return disproved(log, "lines", f"It is the log {segment.log_id}, not {sealed.log_id}.")
    whole = Frontier()
    for number, block in enumerate(segment.blocks):
        try:
            leaves = [leaf_hash(line) for line in segment.block_lines(number)]
        except LogDamaged as damage:
            return disproved(log, "lines", f"{damage}.", position=block.first)
        if block.first != whole.size + 1 or Frontier.of(leaves).root() != _bytes(block.root):
            last = block.first + block.lines - 1
            return disproved(
                log,
                "lines",
                f"Of the lines {block.first} to {last} one is not what was written.",
                position=block.first,
            )
        for leaf in leaves:
            whole.push(leaf)
    if (whole.size, whole.root()) != (sealed.size, _bytes(sealed.root)):
        return disproved(
            log, "lines", f"Its {whole.size} lines do not give the root that was recorded for it."
        )
    return proved(
        log, "lines", f"All {whole.size} lines are those that were written.", until=whole.size
    )


def _signed(
    segment: Segment, log: str, sealed: AuditSegmentSealed, verifiers: Iterable[Verifier] | None
) -> Claim:
    if not segment.note:
        return not_provable(log, "signature", "Nobody signed for this month when it was sealed.")
    if verifiers is None:
        return skipped(log, "signature", "No key was given to check the signature with.")
    own = [Verifier(origin_of(sealed.log_id), one.public_key) for one in verifiers]
    try:
        told = read(segment.note, own)
    except NoteInvalid as wrong:
        return disproved(log, "signature", f"The note in {segment.log}: {wrong}.")
    if (told.log_id, told.size, told.root) != (sealed.log_id, sealed.size, _bytes(sealed.root)):
        return disproved(log, "signature", "The note was signed for something else.")
    return proved(log, "signature", "The whole month was signed for.", until=sealed.size)


def _sums(folder: Path, log: str, sealed: AuditSegmentSealed) -> Claim:
    name, expected = str(sealed.rollup.get("file", "")), sealed.rollup.get("sha256")
    path = folder / Path(name).name
    if not name:
        return skipped(log, "sums", "No sums were kept beside it.")
    if not path.exists():
        return disproved(log, "sums", f"{name} is lost: the sums of {sealed.month}.")
    if file_hash(path) != expected:
        return disproved(log, "sums", f"{name} does not hold the sums that were recorded.")
    return proved(log, "sums", f"{name} holds the sums that were recorded.")


def _bytes(root: str) -> bytes:
    return base64.b64decode(root)
