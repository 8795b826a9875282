"""A month's lines packed, read back and added up: the work of a sealing, in a process of its own.

    studio ──Job──► python -m core.sealing ──Step, Step, Step──► Packed, or Wrong

A million requests keep a core busy for minutes. In the studio's process every request beside it
would feel that; here it is done politely, and ends when the studio does. Nothing here decides or
records anything: it makes the two files under the names that it is given (`steps.py` goes on).
"""

import lzma
import queue
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import IO, Any, Literal

import msgspec

from core.errors import Refused, StudioError, Unavailable
from events import reading
from events.audit.merkle import Frontier, leaf_hash
from events.audit.segments import Entry, Segment, Written, file_hash, write_segment
from events.codec import canonical_line
from events.errors import EventError, LogDamaged, LogUnavailable
from events.facts import RequestFinished
from events.projections.rollup import write_rollup
from events.store import EventStore

COMMAND = (sys.executable, "-P", "-m", "core.sealing")
LOOK_EVERY_S = 0.2

Reached = Callable[[str], None]


class GivenUp(Exception):
    """The studio stops; the month is sealed another time."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to pack, and where to. The live log is whole, and nobody writes it."""

    month: str  # as in 2026-11
    live: str
    segment: str
    sums: str
    log_id: str
    root: bytes  # that its lines must give
    note: str


class Packed(msgspec.Struct, frozen=True, kw_only=True, tag="packed"):
    """What the two files became."""

    written: Written
    sums_sha256: str
    sums_bytes: int
    totals: dict[str, Any]


class Step(msgspec.Struct, frozen=True, kw_only=True, tag="step"):
    """One of `steps.py` is done."""

    name: str


class Wrong(msgspec.Struct, frozen=True, kw_only=True, tag="wrong"):
    """Why it came to no end."""

    kind: Literal["damaged", "unavailable", "machine", "refused", "other"]
    says: str
    position: int | None = None
    errno: int = 0
    file: str | None = None
    next_action: str = ""


Told = Packed | Step | Wrong


def pack(job: Job, reached: Reached) -> Packed:
    """Do it, in this process. Raises EventError, OSError, Refused; the scratch is the caller's."""
    segment, sums = Path(job.segment), Path(job.sums)
    live = EventStore.open(Path(job.live), read_only=True)
    try:
        written, requests = _write(job, live, segment)
    finally:
        live.close()
    reached("segment written")
    _read_back(segment, written)
    reached("segment read back")
    totals = write_rollup(Path(job.live), sums)
    if totals["requests"] != requests:
        raise Refused(
            f"this version can not add up all requests of {job.month}: {totals['requests']}"
            f" of {requests}",
            code="not-sealable",
            next_action="Start the newest version that this studio has run with.",
        )
    reached("sums written")
    return Packed(
        written=written,
        sums_sha256=file_hash(sums),
        sums_bytes=sums.stat().st_size,
        totals=totals,
    )


def packed_beside(job: Job, given_up: Event, reached: Reached) -> Packed:
    """Have it done by a child, which is gone when this returns.

    Raises what `pack` does, GivenUp, and Unavailable when the child says nothing.
    """
    child = subprocess.Popen(  # Ctrl-C and a closed terminal are for the studio, which ends it
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    said: queue.Queue[bytes] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(child.stdout, said), daemon=True)
    listener.start()
    try:
        try:
            child.stdin.write(msgspec.json.encode(job) + b"\n")
            child.stdin.flush()  # and left open: its end is how the child sees that we are gone
        except BrokenPipeError:
            pass  # it has ended, and has perhaps said why
        for told in _told(said, given_up):
            match told:
                case Step(name=name):
                    reached(name)
                case Packed():
                    return told
                case Wrong():
                    raise _raised(told, job.month)
    finally:
        child.kill()
        child.wait()
        listener.join()
        child.stdin.close()
        child.stdout.close()
    raise Unavailable(f"packing {job.month} ended with {child.returncode} and said nothing")


def wrong_of(error: Exception) -> Wrong:
    """What the child says of an error."""
    match error:
        case LogDamaged(position=position):
            return Wrong(kind="damaged", says=str(error), position=position)
        case EventError() | sqlite3.Error() | lzma.LZMAError():
            return Wrong(kind="unavailable", says=str(error))
        case OSError():
            return Wrong(
                kind="machine",
                says=error.strerror or str(error),
                errno=error.errno or 0,
                file=error.filename and str(error.filename),
            )
        case StudioError():
            return Wrong(kind="refused", says=str(error), next_action=error.next_action)
        case _:  # its message may hold anything
            return Wrong(kind="other", says=type(error).__name__)


def _raised(wrong: Wrong, month: str) -> Exception:
    match wrong.kind:
        case "damaged":
            return LogDamaged(wrong.says, wrong.position)
        case "unavailable":
            return LogUnavailable(wrong.says)
        case "machine":
            return OSError(wrong.errno, wrong.says, wrong.file)
        case "refused":
            return Refused(wrong.says, code="not-sealable", next_action=wrong.next_action)
        case "other":
            return Unavailable(f"{month} could not be packed: {wrong.says}")


def _listen(stdout: IO[bytes], said: "queue.Queue[bytes]") -> None:
    for line in stdout:
        said.put(line)
    said.put(b"")


def _told(said: "queue.Queue[bytes]", given_up: Event) -> Iterator[Told]:
    while not given_up.is_set():
        try:
            line = said.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            continue
        if not line:
            return
        yield msgspec.json.decode(line, type=Told)
    raise GivenUp


def _write(job: Job, live: EventStore, path: Path) -> tuple[Written, int]:
    """The segment, and how many requests there are."""
    requests = 0

    def entries() -> Iterator[Entry]:
        nonlocal requests
        for page in reading.pages(connection):
            for one in page:
                requests += one.type == "request-finished"
                named = one.event.request_id if isinstance(one.event, RequestFinished) else ""
                yield Entry(canonical_line(one), one.recorded_at, named)

    with live.reading() as connection:
        written = write_segment(
            path,
            entries(),
            log=f"usage-{job.month}",
            log_id=job.log_id,
            root=job.root,
            note=job.note,
        )
    return written, requests


def _read_back(path: Path, written: Written) -> None:
    """What is on the disk gives the root of the live log, or nothing is sealed."""
    frontier = Frontier()
    with Segment.open(path) as segment:
        for number in range(len(segment.blocks)):
            for line in segment.block_lines(number):
                frontier.push(leaf_hash(line))
    if (frontier.size, frontier.root()) != (written.size, written.root):
        raise LogDamaged(f"{path.name} does not hold what was written to it: the disk may be bad")
