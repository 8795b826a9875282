"""What a stop in the middle of sealing or pruning left is finished or undone, at the next start.

    the main log says        there is                       then
    nothing                  live log and segment           the segment goes; it is made again
    sealed                   live log and whole segment     the live log goes
    sealed                   live log, segment damaged      the segment goes; it is made again
    pruned                   segment                        the segment goes

Whatever else is found is left as it is, and said. Everything here blocks.
"""

import logging
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from core.auditing.notes import sync_folder
from core.sealing.steps import SCRATCH
from core.settings import Paths
from core.usage.months import Months
from events.audit.segments import Segment, file_hash
from events.errors import EventError
from events.projections.sealed_months import SealedMonth
from events.store import EventStore

log = logging.getLogger(__name__)


def settle(paths: Paths, months: Months, known: Iterable[SealedMonth]) -> None:
    """Bring the files to what the main log says of them. `known`: the months that were sealed."""
    facts = {one.month: one for one in known}
    for scratch in (*paths.home.glob(f"usage-*{SCRATCH}"), *paths.home.glob("usage-*-image")):
        scratch.unlink(missing_ok=True)
    for month in months.names():
        if is_live(paths, month) and month in months.sealed.names():
            _settle_both(month, paths, months, facts.get(month))
    for month, fact in facts.items():
        if not is_live(paths, month):
            _settle_sealed(month, paths, months, fact)
    sync_folder(paths.home)


def is_live(paths: Paths, month: str) -> bool:
    """Whether the live log of a month is there."""
    return paths.usage_db(f"{month}-01").exists()


def is_whole(paths: Paths, fact: SealedMonth) -> bool:
    """Whether segment and sums are those that were recorded."""
    files = {
        paths.usage_segment(fact.month): fact.sha256,
        paths.usage_rollup(fact.month): fact.rollup.get("sha256"),
    }
    return all(path.exists() and file_hash(path) == expected for path, expected in files.items())


def _settle_both(month: str, paths: Paths, months: Months, fact: SealedMonth | None) -> None:
    """Live log and segment: the one or the other."""
    if fact is not None and fact.pruned_at is not None:
        log.error("%s: its live log is there, though its requests were erased; left alone", month)
        return
    live = _read(paths.usage_db(f"{month}-01"))
    if fact is not None:
        expected = (fact.log_id, fact.size)
    else:
        expected = (_segment_id(paths.usage_segment(month)) or live[0], live[1])
    if live[0] and live != expected:
        log.error("%s: the live log is not the one that was sealed; left alone", month)
    elif fact is not None and is_whole(paths, fact):
        log.info("%s was sealed; its live log is removed now", month)
        months.drop_live(month)
    elif live[0]:
        log.info("%s was not sealed to the end; it will be sealed anew", month)
        paths.usage_segment(month).unlink(missing_ok=True)
        paths.usage_rollup(month).unlink(missing_ok=True)
    else:
        log.error("%s: neither its live log nor its segment is whole; left alone", month)


def _settle_sealed(month: str, paths: Paths, months: Months, fact: SealedMonth) -> None:
    months.drop_live(month)  # what is left beside a log that is gone
    segment = paths.usage_segment(month)
    if fact.pruned_at is not None:
        segment.unlink(missing_ok=True)
    elif not segment.exists():
        log.error("%s is lost: the requests of %s, and nobody recorded why", segment.name, month)


def _read(path: Path) -> tuple[str, int]:
    """Identity and size of a live log; an empty one when it can not be read."""
    try:
        with closing(EventStore.open(path, read_only=True)) as store:
            return store.log_id, store.head
    except EventError:
        return "", 0


def _segment_id(path: Path) -> str | None:
    try:
        with Segment.open(path) as segment:
            return segment.log_id
    except (EventError, OSError):
        return None
