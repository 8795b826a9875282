"""Whether the books of an export are those that its main log signed for, or known to be replaced.

The main log of an export tells which log was a month's at which time. Where another came after it,
the main log also has to say that somebody acknowledged it (`replaced.py`).
"""

from collections.abc import Iterator, Mapping

from events.audit import replaced
from events.audit.canonical import Line
from events.audit.claims import Claim, disproved, not_provable
from events.audit.manifest import ExportedLog
from events.audit.told import MAIN, Acknowledged, Keys, Placed, Told
from events.codec import decode
from events.facts import AuditCheckpointed, AuditReplacementAcknowledged


class MonthsTold:
    """What the lines of a main log say of the books of requests. `take` them first."""

    def __init__(self) -> None:
        self._told = Told()
        self.whole = False  # to be set: the lines were all there are

    def take(self, line: Line) -> None:
        """One line of the main log."""
        if line.stream != "audit":
            return
        match decode(line.type, line.schema, bytes(line.data)):
            case AuditCheckpointed() as fact:
                self._told.checkpoints.append(Placed(line.position, fact))
            case AuditReplacementAcknowledged() as fact:
                word = Acknowledged(line.position, line.recorded_at, line.actor, fact)
                self._told.acknowledged.append(word)

    def sizes(self, log: str) -> set[int]:
        """The sizes of a book whose roots will be needed."""
        return replaced.sizes(self._told.words_on(log))

    def claims(self, log: ExportedLog, roots: Mapping[int, bytes], keys: Keys) -> Iterator[Claim]:
        """About one book; nothing where it is the only one that was ever signed for."""
        if log.log == MAIN:
            return
        words = [
            word
            for word in self._told.words_on(log.log)
            if log.first - 1 <= word.fact.size <= log.last  # else of lines that are not here
        ]
        own, old = replaced.parted(self._told.about(log.log), log.log_id, words)
        yield from replaced.claims(log.log, log.log_id, old, words, roots, keys)
        for placed in own:
            if placed.fact.log_id != log.log_id:
                yield self._another(log, placed)
                return

    def _another(self, log: ExportedLog, placed: Placed) -> Claim:
        if self.whole and log.first == 1:
            says = (
                f"The checkpoint at position {placed.position} of the main log is of the log"
                f" {placed.fact.log_id}: another one stands in its place, and nobody has"
                " acknowledged that."
            )
            return disproved(log.log, replaced.REPLACED, says)
        says = (
            f"The checkpoint at position {placed.position} of the main log is of the log"
            f" {placed.fact.log_id}: another one stands in its place. Whether that was"
            " acknowledged is not shown here."
        )
        return not_provable(log.log, replaced.REPLACED, says)
