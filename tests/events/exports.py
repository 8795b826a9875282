"""Exports made and read in tests, of logs that are there."""

from collections.abc import Sequence
from pathlib import Path

from events.audit import checkpoint, exported
from events.audit.checkpoint import Checkpoint, origin_of, signer_for
from events.audit.claims import Claim
from events.audit.export import Export, LogToExport, write
from events.audit.importing import write_log
from events.audit.manifest import Lines, Manifest
from events.audit.note import Verifier
from events.audit.sources import LiveLog, LogSource
from events.store import EventStore

SEED = b"\7" * 32


def made(*logs: LogToExport, lines: Lines = "jsonl", keys: Sequence[str] = ()) -> Export:
    """An export that is still to be carried out."""
    return Export(
        logs, lines=lines, keys=keys, made_at="2026-11-30T12:00:00+00:00", made_by="a test"
    )


def note_of(source: LogSource, size: int | None = None, seed: bytes = SEED) -> str:
    """A checkpoint of a log as it is, or of its first `size` lines."""
    size = source.size if size is None else size
    told = Checkpoint(origin_of(source.log_id), size, source.root(0, size))
    return checkpoint.signed(told, signer_for(source.log_id, seed))


def key_of(log_id: str, seed: bytes = SEED) -> Verifier:
    """The key that such a checkpoint is signed with."""
    return signer_for(log_id, seed).verifier


def export_log(
    store: EventStore,
    target: Path,
    *,
    lines: Lines = "jsonl",
    first: int = 1,
    last: int | None = None,
    signed: int | None = -1,
) -> Manifest:
    """Export some lines. So many are `signed` for; -1: all there are, None: there is no note."""
    source = LiveLog(store.path, "main")
    try:
        size = source.size if signed == -1 else signed
        log = LogToExport(
            source=source,
            first=first,
            last=source.size if last is None else last,
            note=None if size is None else note_of(source, size),
        )
        return write(made(log, lines=lines, keys=[str(key_of(source.log_id))]), target)
    finally:
        source.close()


def claims_of(path: Path, *known: Verifier) -> list[Claim]:
    """What an export's check says."""
    with exported.opened(path) as export:
        return list(exported.verify(export, known))


def disproved(path: Path, *known: Verifier) -> list[str]:
    """What is wrong with an export, in sentences."""
    return [one.sentence for one in claims_of(path, *known) if one.verdict == "disproved"]


def proved_until(path: Path, name: str) -> int | None:
    """How far a claim about the main log is proved; None: it is not."""
    for one in claims_of(path):
        if (one.log, one.name, one.verdict) == ("main", name, "proved"):
            return one.until
    return None


def import_log(path: Path, target: Path) -> bytes:
    """Make a log of the main log's lines in an export; its root."""
    with exported.opened(path) as export:
        [log] = export.manifest.logs
        return write_log(target, export.lines(log)).root()
