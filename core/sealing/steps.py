"""How a month is sealed, step by step, so that a stop at any of them loses nothing.

    1 write      segment and sums, beside, and on the disk
    2 read back  every line of the segment, to the root that the live log has
    3 rename     both, and the folder is on the disk
    4 record     `AuditSegmentSealed` in the main log
    5 remove     the live log

Until 4 the live log is all that counts, and what else is there is thrown away at the next start;
after 4 the segment is, and the next start removes the live log (`settling.py`). Everything here
blocks.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from core.auditing.notes import sync_folder
from core.errors import Refused
from core.settings import Paths
from core.usage.months import Months
from events import reading
from events.audit.checkpoint import Checkpoint, origin_of
from events.audit.merkle import Frontier, leaf_hash
from events.audit.segments import Entry, Segment, Written, file_hash, write_segment
from events.audit.tree import LogTree
from events.codec import canonical_line
from events.errors import LogDamaged
from events.facts import AuditCheckpointed, AuditSegmentSealed, RequestFinished
from events.facts.base import Fact
from events.projections import USAGE
from events.projections.rollup import write_rollup
from events.store import EventStore

STREAM = "audit"
SCRATCH = ".new"  # behind the name of a file that is being written

Sign = Callable[[Checkpoint], str]
Reached = Callable[[str], None]


class GivenUp(Exception):
    """The studio stops; the month is sealed another time."""


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
            written, note, requests = _write(month, live, scratch_of(segment), sign, given_up)
            reached("segment written")
            _read_back(scratch_of(segment), written, given_up)
            reached("segment read back")
            totals = write_rollup(live.path, scratch_of(sums))
            if totals["requests"] != requests or live.broken_projections:
                raise Refused(
                    f"this version can not add up all requests of {month}: {totals['requests']}"
                    f" of {requests}",
                    code="not-sealable",
                    next_action="Start the newest version that this studio has run with.",
                )
            reached("sums written")
            told = {
                "file": sums.name,
                "sha256": file_hash(scratch_of(sums)),
                "bytes": scratch_of(sums).stat().st_size,
                **totals,
            }
        except BaseException:
            scratch_of(segment).unlink(missing_ok=True)
            scratch_of(sums).unlink(missing_ok=True)
            raise
        scratch_of(sums).replace(sums)
        reached("sums renamed")
        scratch_of(segment).replace(segment)
        reached("segment renamed")
        sync_folder(paths.home)
        reached("on the disk")
        facts = _facts(month, live.log_id, segment.name, written, note, told)
        store.append_now(STREAM, facts, actor=actor)
        reached("recorded")
    reached("live log closed")
    months.drop_live(month)
    reached("live log removed")
    sync_folder(paths.home)
    sealed = facts[-1]
    assert isinstance(sealed, AuditSegmentSealed)
    return sealed


def _write(
    month: str, live: EventStore, path: Path, sign: Sign | None, given_up: Event
) -> tuple[Written, str, int]:
    """The segment; what was signed, and how many requests there are."""
    requests = 0

    def entries() -> Iterator[Entry]:
        nonlocal requests
        for page in reading.pages(connection):
            if given_up.is_set():
                raise GivenUp
            for one in page:
                requests += one.type == "request-finished"
                named = one.event.request_id if isinstance(one.event, RequestFinished) else ""
                yield Entry(canonical_line(one), one.recorded_at, named)

    with live.reading() as connection:
        tree = LogTree(connection)
        try:
            root = tree.root(0, tree.size)
        except KeyError as error:
            raise LogDamaged(f"the hashes of {month} are not all there: {error.args[0]}") from error
        note = sign(Checkpoint(origin_of(live.log_id), tree.size, root)) if sign else ""
        written = write_segment(
            path,
            entries(),
            log=f"usage-{month}",
            log_id=live.log_id,
            root=root,
            note=note,
        )
    return written, note, requests


def _read_back(path: Path, written: Written, given_up: Event) -> None:
    """What is on the disk gives the root of the live log, or nothing is sealed."""
    frontier = Frontier()
    with Segment.open(path) as segment:
        for number in range(len(segment.blocks)):
            if given_up.is_set():
                raise GivenUp
            for line in segment.block_lines(number):
                frontier.push(leaf_hash(line))
    if (frontier.size, frontier.root()) != (written.size, written.root):
        raise LogDamaged(f"{path.name} does not hold what was written to it: the disk may be bad")


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
