"""An export: the very lines of the logs, and with them all that it takes to check them elsewhere.

    log.jsonl  usage-2026-11.jsonl     the canonical lines, one a line
    checkpoint.note  usage-….note      how long each log was and its root, signed
    verifier-key.txt                   who may have signed
    manifest.json                      what of which log this is, and the proofs of a part
    README.txt  check_proof.py         how to check all of it with nothing of ours

The lines are written page by page while the log goes on, so memory stays small. What a log held
is fixed before the first byte is written, by its size.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from events.audit import checkpoint, cloudevents, export_readme
from events.audit.bundles import COPIED_AT_ONCE, BundleWriter, Write, writing
from events.audit.canonical import LineInvalid
from events.audit.manifest import (
    FORMAT,
    KEYS,
    MANIFEST,
    README,
    VERSION,
    ExportedFile,
    ExportedLog,
    Lines,
    Manifest,
    encoded,
    to_base64,
)
from events.audit.merkle import Frontier, leaf_hash
from events.audit.note import NoteInvalid
from events.audit.proofs import consistency_proof
from events.audit.sources import LogSource
from events.audit.tree import whole_subtrees
from events.errors import LogDamaged


@dataclass(frozen=True, kw_only=True)
class LogToExport:
    """Which lines of a log, and the checkpoint that is to prove them."""

    source: LogSource
    first: int
    last: int
    note: str | None = None


class Export:
    """What is to be exported. `steps` does it; afterwards `manifest` says what it was."""

    def __init__(
        self,
        logs: Sequence[LogToExport],
        *,
        lines: Lines = "jsonl",
        keys: Sequence[str] = (),
        tools: Mapping[str, bytes] | None = None,
        files: Mapping[str, Path] | None = None,
        made_at: str,
        made_by: str,
        warnings: Sequence[str] = (),
    ) -> None:
        """`keys`: verifier keys, one for each log and signer.

        `tools` help to check it, `files` are put in as they are and only told of in the manifest.
        """
        self.logs = tuple(logs)
        self.events = sum(log.last - log.first + 1 for log in self.logs)
        self._lines: Lines = lines
        self._keys = tuple(keys)
        self._tools = dict(tools or {})
        self._others = dict(files or {})
        self._made_at = made_at
        self._made_by = made_by
        self._warnings = list(warnings)
        self._files: dict[str, ExportedFile] = {}
        self.manifest: Manifest | None = None

    def steps(self, bundle: BundleWriter) -> Generator[int, None, None]:
        """Write everything; yields how many events are written, after every page.

        Raises EventError when a log can not be read to its end.
        """
        if self.manifest is not None:
            raise ValueError("an export is carried out once")
        done = 0
        exported: list[ExportedLog] = []
        for log in self.logs:
            name = file_of(log.source.name, self._lines)
            frontier = Frontier(log.first - 1, before(log.source, log.first - 1))
            peaks = tuple(map(to_base64, frontier.peaks))
            with self._member(bundle, name) as write:
                for page in log.source.lines(log.first - 1, log.last):
                    write(self._written(page, log.source.log_id))
                    for line in page:
                        frontier.push(leaf_hash(line))
                    frontier.closed = []
                    done += len(page)
                    yield done
            exported.append(self._proved(bundle, log, name, frontier, peaks))
        self._finish(bundle, exported)

    def _written(self, page: Sequence[bytes], log_id: str) -> bytes:
        try:
            if self._lines == "cloudevents":
                page = [cloudevents.from_line(line, log_id) for line in page]
        except LineInvalid as error:
            raise LogDamaged(str(error)) from error
        text = b"\n".join(page) + b"\n"
        if text.count(b"\n") != len(page):
            raise LogDamaged("an event holds a line break, so it can not be written as one line")
        return text

    def _proved(
        self,
        bundle: BundleWriter,
        log: LogToExport,
        file: str,
        frontier: Frontier,
        peaks: tuple[str, ...],
    ) -> ExportedLog:
        """What proves these lines. A disagreement is said, not hidden: the lines go out as they
        stand, and whoever checks them will find it."""
        source, root = log.source, frontier.root()
        if root != source.root(0, log.last):
            self._warnings.append(f"the lines of {source.name} are not those that were written")
        note, signed, proof = None, 0, []
        if log.note is not None:
            note, signed = note_file_of(source.name), self._signed(log)
            proof = proof_between(source, log.first - 1, log.last, signed)
            with self._member(bundle, note) as write:
                write(log.note.encode())
        return ExportedLog(
            log=source.name,
            log_id=source.log_id,
            file=file,
            first=log.first,
            last=log.last,
            size=source.size,
            root=to_base64(root),
            before=peaks,
            checkpoint=note,
            signed=signed,
            proof=tuple(map(to_base64, proof)),
        )

    def _signed(self, log: LogToExport) -> int:
        try:
            found = checkpoint.peek(log.note or "")
        except NoteInvalid as error:
            self._warnings.append(f"the checkpoint of {log.source.name} can not be read: {error}")
            return 0
        if found.size > log.source.size:
            self._warnings.append(
                f"{log.source.name} has {log.source.size} events, but {found.size} were signed for"
            )
        elif found.root != log.source.root(0, found.size):
            self._warnings.append(f"{log.source.name} is not what its checkpoint signs for")
        return found.size

    def _finish(self, bundle: BundleWriter, exported: Sequence[ExportedLog]) -> None:
        files = {KEYS: "".join(f"{key}\n" for key in self._keys).encode(), **self._tools}
        for name, content in files.items():
            with self._member(bundle, name) as write:
                write(content)
        for name, path in self._others.items():
            with path.open("rb") as file, self._member(bundle, name) as write:
                while chunk := file.read(COPIED_AT_ONCE):
                    write(chunk)
        with self._member(bundle, README) as write:
            write(export_readme.text(exported, self._lines, sorted(self._tools)).encode())
        self.manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            lines=self._lines,
            made_at=self._made_at,
            made_by=self._made_by,
            logs=tuple(exported),
            files=self._files,
            warnings=tuple(self._warnings),
        )
        with bundle.member(MANIFEST) as write:
            write(encoded(self.manifest))

    @contextmanager
    def _member(self, bundle: BundleWriter, name: str) -> Iterator[Write]:
        """A file whose size and hash the manifest will tell."""
        digest, size = sha256(), 0
        with bundle.member(name) as write:

            def counted(data: bytes) -> None:
                nonlocal size
                digest.update(data)
                size += len(data)
                write(data)

            yield counted
        self._files[name] = ExportedFile(bytes=size, sha256=digest.hexdigest())


def write(
    export: Export, target: Path, *, told: Callable[[int], None] = lambda done: None
) -> Manifest:
    """Carry an export out; what is at `target` afterwards is whole, or nothing is.

    `told` hears how many events are written. Raises BundleInvalid, OSError or EventError.
    """
    with writing(target) as bundle, closing(export.steps(bundle)) as steps:
        for done in steps:
            told(done)
    if export.manifest is None:
        raise ValueError("an export without a manifest is none")
    return export.manifest


def before(source: LogSource, size: int) -> list[bytes]:
    """The frontier of the first `size` lines: what stands for them in the proof of later ones."""
    return [source.root(at, at + (1 << height)) for at, height in whole_subtrees(0, size)]


def proof_between(source: LogSource, before: int, last: int, signed: int) -> list[bytes]:
    """What ties the tree of `last` lines to the signed one; nothing where it is met on the way."""
    if not 0 < signed <= source.size or before <= signed <= last:
        return []
    return consistency_proof(source.root, min(signed, last), max(signed, last))


def file_of(log: str, lines: Lines) -> str:
    """Where a log's lines are."""
    name = "log" if log == "main" else log
    return f"{name}.jsonl" if lines == "jsonl" else f"{name}.cloudevents.jsonl"


def note_file_of(log: str) -> str:
    """Where a log's checkpoint is."""
    return "checkpoint.note" if log == "main" else f"{log}.note"


__all__ = ["Export", "LogToExport", "before", "file_of", "note_file_of", "write"]
