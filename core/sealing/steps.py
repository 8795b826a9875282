"""How a month is sealed, step by step, so that a stop at any of them loses nothing.

    1 write      segment and sums, beside, and on the disk
    2 read back  every line of the segment, to the root that the live log has
    3 rename     both, and the folder is on the disk
    4 record     `AuditSegmentSealed` in the main log
    5 remove     the live log

Until 4 the live log is all that counts, and what else is there is thrown away at the next start;
after 4 the segment is, and the next start removes the live log (`settling.py`). 1 and 2 are done by
a child (`packing.py`); this waits for it in a thread, and holds the live log meanwhile.
"""

import base64
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from core.auditing.notes import sync_folder
from core.errors import Refused
from core.sealing.packing import GivenUp, Job, Reached, packed_beside
from core.settings import Paths
from core.usage.months import Months
from events.audit.checkpoint import Checkpoint, origin_of
from events.audit.segments import Written
from events.audit.tree import LogTree
from events.errors import LogDamaged
from events.facts import AuditCheckpointed, AuditSegmentSealed
from events.facts.base import Fact
from events.projections import USAGE
from events.store import EventStore

STREAM = "audit"
SCRATCH = ".new"  # behind the name of a file that is being written

Sign = Callable[[Checkpoint], str]

__all__ = ["GivenUp", "Reached", "Sign", "scratch_of", "seal_month"]


def scratch_of(path: Path) -> Path:
    """Where a file is written before it has its name."""
    return path.with_name(path.name + SCRATCH)


def seal_month(
    month: str,
    *,
    paths: Paths,
    months: Months,
    store: EventStore,
    now: Callable[[], int],
    sign: Sign | None,
    actor: str,
    given_up: Event,
    reached: Reached = lambda step: None,
) -> AuditSegmentSealed:
    """Seal a month that is over. `reached` hears of every step that is done.

    Raises EventError when the live log can not be read or is not what was written, OSError when
    there is no room, Refused when this version does not know all that stands in it, GivenUp.
    """
    segment, sums = paths.usage_segment(month), paths.usage_rollup(month)
    live = EventStore.open(paths.usage_db(f"{month}-01"), projections=USAGE, now=now)
    with closing(live):
        reached("opened")
        try:
            job, note = _job(month, live, segment, sums, sign)
            packed = packed_beside(job, given_up, reached)
            if live.broken_projections:
                raise Refused(
                    f"this version can not add up the requests of {month}",
                    code="not-sealable",
                    next_action="Start the newest version that this studio has run with.",
                )
            told = {
                "file": sums.name,
                "sha256": packed.sums_sha256,
                "bytes": packed.sums_bytes,
                **packed.totals,
            }
        except BaseException:
            for left in paths.home.glob(f"usage-{month}.*{SCRATCH}*"):
                left.unlink(missing_ok=True)
            raise
        scratch_of(sums).replace(sums)
        reached("sums renamed")
        scratch_of(segment).replace(segment)
        reached("segment renamed")
        sync_folder(paths.home)
        reached("on the disk")
        facts = _facts(month, live.log_id, segment.name, packed.written, note, told)
        store.append_now(STREAM, facts, actor=actor)
        reached("recorded")
    reached("live log closed")
    months.drop_live(month)
    reached("live log removed")
    sync_folder(paths.home)
    sealed = facts[-1]
    assert isinstance(sealed, AuditSegmentSealed)
    return sealed


def _job(
    month: str, live: EventStore, segment: Path, sums: Path, sign: Sign | None
) -> tuple[Job, str]:
    """What is to be packed, and what was signed for it."""
    with live.reading() as connection:
        tree = LogTree(connection)
        try:
            root = tree.root(0, tree.size)
        except KeyError as error:
            raise LogDamaged(f"the hashes of {month} are not all there: {error.args[0]}") from error
        size = tree.size
    note = sign(Checkpoint(origin_of(live.log_id), size, root)) if sign else ""
    job = Job(
        month=month,
        live=str(live.path),
        segment=str(scratch_of(segment)),
        sums=str(scratch_of(sums)),
        log_id=live.log_id,
        root=root,
        note=note,
    )
    return job, note


def _facts(
    month: str, log_id: str, file: str, written: Written, note: str, told: dict[str, Any]
) -> list[Fact]:
    root = base64.b64encode(written.root).decode()
    sealed = AuditSegmentSealed(
        month=month,
        log_id=log_id,
        file=file,
        events=written.size,
        size=written.size,
        root=root,
        sha256=written.sha256,
        bytes=written.bytes,
        first_at=written.first_at,
        last_at=written.last_at,
        rollup=told,
    )
    if not note:
        return [sealed]
    signed = AuditCheckpointed(
        log=f"usage-{month}",
        log_id=log_id,
        size=written.size,
        root=root,
        note=note,
        reason="sealing",
    )
    return [signed, sealed]
