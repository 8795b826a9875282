"""An export read and checked: are these lines the ones that were signed for?

Nothing in an export is believed. Its lines are hashed anew, the tree they make is compared with
the checkpoint, and the checkpoint's signature with keys, best those that came another way.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

import msgspec

from events.audit import bundles, checkpoint, cloudevents
from events.audit.bundles import COPIED_AT_ONCE, Bundle, BundleInvalid
from events.audit.canonical import Line, LineInvalid, parse
from events.audit.checkpoint import Checkpoint
from events.audit.claims import Claim, disproved, not_provable, proved
from events.audit.export_readme import counted, positions
from events.audit.exported_months import MonthsTold
from events.audit.manifest import (
    FORMAT,
    KEYS,
    MANIFEST,
    VERSION,
    ExportedLog,
    Manifest,
    from_base64,
)
from events.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash
from events.audit.note import NoteInvalid, Verifier
from events.audit.proofs import is_consistent
from events.audit.told import MAIN, Keys
from events.codec import plain

LARGEST_TEXT = 64 * 2**20  # bytes of a file that is read whole
LONGEST_LINE = 256 * 2**20


class Exported:
    """An export that is open; `manifest` is what it says of itself."""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleInvalid when it is not one of ours."""
        self._bundle = bundle
        try:
            self.manifest = msgspec.json.decode(self.read(MANIFEST), type=Manifest)
        except msgspec.MsgspecError as error:
            raise BundleInvalid(f"its {MANIFEST} can not be understood: {error}") from error
        if (self.manifest.format, self.manifest.version) != (FORMAT, VERSION):
            raise BundleInvalid(
                f"it is {self.manifest.format} {self.manifest.version},"
                f" and this version reads {FORMAT} {VERSION}"
            )

    def read(self, name: str) -> bytes:
        """A small file. Raises BundleInvalid when it is not there."""
        with self._opened(name) as file:
            content = file.read(LARGEST_TEXT + 1)
        if len(content) > LARGEST_TEXT:
            raise BundleInvalid(f"its {name} is larger than such a file ever is")
        return content

    def keys(self) -> list[Verifier]:
        """The verifier keys that came with it, for what that is worth."""
        return verifiers(self.read(KEYS).decode("utf-8", "replace"))

    def lines(self, log: ExportedLog) -> Iterator[tuple[bytes, Line]]:
        """A log's canonical lines, without line breaks. Raises BundleInvalid at a wrong one."""
        convert = self.manifest.lines == "cloudevents"
        with self._opened(log.file) as file:
            number = 0
            while read := file.readline(LONGEST_LINE):
                number += 1
                try:
                    if not read.endswith(b"\n"):
                        raise LineInvalid("it is cut off in the middle of a line")
                    line = cloudevents.to_line(read[:-1]) if convert else read[:-1]
                    yield line, parse(line)
                except LineInvalid as error:
                    raise BundleInvalid(f"{log.file}, line {number}: {error}") from error

    def hash(self, name: str) -> tuple[int, str]:
        """Size and SHA-256, in hex, of one of its files."""
        digest, size = sha256(), 0
        with self._opened(name) as file:
            while chunk := file.read(COPIED_AT_ONCE):
                digest.update(chunk)
                size += len(chunk)
        return size, digest.hexdigest()

    def copy(self, name: str, target: IO[bytes]) -> None:
        """Write one of its files elsewhere."""
        with self._opened(name) as file:
            while chunk := file.read(COPIED_AT_ONCE):
                target.write(chunk)

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._bundle.open(name) as file:
                yield file
        except KeyError:
            raise BundleInvalid(f"it has no {name}") from None
        except OSError as error:
            raise BundleInvalid(f"its {name} can not be read: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[Exported]:
    """Read an export. Raises BundleInvalid when it is none."""
    with bundles.reading(path) as bundle:
        yield Exported(bundle)


def verify(exported: Exported, known: Sequence[Verifier] = ()) -> Iterator[Claim]:
    """Check everything there is to check, claim by claim.

    `known` are keys that came another way than with the export; without them its own are taken,
    and the claim says what that is worth.
    """
    yield from _files(exported)
    months = MonthsTold()
    for log in sorted(exported.manifest.logs, key=lambda one: one.log != MAIN):
        try:
            yield from _log(exported, log, known, months)
        except (BundleInvalid, ValueError) as error:
            yield disproved(log.log, "lines", f"{log.file} does not hold a log's lines: {error}")
    yield from (not_provable("main", "warning", text) for text in exported.manifest.warnings)


def verifiers(text: str) -> list[Verifier]:
    """The keys in a text, one a line. Raises NoteInvalid."""
    return [Verifier.parse(line) for line in text.splitlines() if line.strip()]


def keys_for(log_id: str, known: Iterable[Verifier]) -> list[Verifier]:
    """Whoever signs one log of a studio signs the others with the same key, under their names."""
    origin = checkpoint.origin_of(log_id)
    return [Verifier(origin, key) for key in dict.fromkeys(one.public_key for one in known)]


def _files(exported: Exported) -> Iterator[Claim]:
    """Before the lines: a torn copy is told as what it is."""
    whole = 0
    for name, file in exported.manifest.files.items():
        try:
            found = exported.hash(name)
        except BundleInvalid as error:
            yield disproved("main", "files", f"The export is not whole: {error}.")
            continue
        if found == (file.bytes, file.sha256):
            whole += 1
        else:
            yield disproved("main", "files", f"{name} is not the file that was exported.")
    yield proved("main", "files", f"{whole} files are as they were written.")


class _Seen:
    """What the lines of one log came to."""

    def __init__(self, log: ExportedLog) -> None:
        self.frontier = Frontier(log.first - 1, [from_base64(peak) for peak in log.before])
        self.roots = {log.first - 1: self.frontier.root(), 0: EMPTY_ROOT}
        self.first: Line | None = None


def _walk(exported: Exported, log: ExportedLog, months: MonthsTold) -> _Seen:
    """Hash every line; BundleInvalid at one that does not stand where it belongs."""
    seen = _Seen(log)
    frontier = seen.frontier
    wanted = {log.signed, *months.sizes(log.log)}
    for line, parts in exported.lines(log):
        if parts.position != frontier.size + 1:
            raise BundleInvalid(
                f"position {parts.position} stands where {frontier.size + 1} belongs"
            )
        seen.first = seen.first or parts
        frontier.push(leaf_hash(line))
        frontier.closed = []
        if frontier.size in wanted:
            seen.roots[frontier.size] = frontier.root()
        if log.log == MAIN:
            months.take(parts)
    if frontier.size != log.last:
        raise BundleInvalid(f"it ends at position {frontier.size} and not at {log.last}")
    seen.roots[log.last] = frontier.root()
    return seen


def _log(
    exported: Exported, log: ExportedLog, known: Sequence[Verifier], months: MonthsTold
) -> Iterator[Claim]:
    seen = _walk(exported, log, months)
    if log.log == MAIN:
        months.whole = log.first == 1 and log.last in (log.size, log.signed)
    root = seen.roots[log.last]
    if root != from_base64(log.root):
        yield disproved(log.log, "lines", f"The lines of {log.file} do not give its root.")
        return
    if log.first == 1 and not _begins(seen.first, log.log_id):
        yield disproved(log.log, "identity", f"{log.file} does not begin the log {log.log_id}.")
        return
    yield proved(
        log.log,
        "lines",
        f"The lines of {log.log}, {positions(log.first, log.last)}, give the root"
        f" {base64.b64encode(root).decode()}.",
        until=log.last,
    )
    yield from _signature(exported, log, seen, known)
    keys = known or exported.keys()
    yield from months.claims(log, seen.roots, Keys({key.public_key: None for key in keys}))


def _begins(line: Line | None, log_id: str) -> bool:
    if line is None or line.type != "audit-log-created":
        return False
    return plain(bytes(line.data)).get("log_id") == log_id


def _signature(
    exported: Exported, log: ExportedLog, seen: _Seen, known: Sequence[Verifier]
) -> Iterator[Claim]:
    if log.checkpoint is None:
        yield not_provable(log.log, "signature", f"Nobody has signed for {log.log}.")
        return
    try:
        note = exported.read(log.checkpoint).decode()
        found = checkpoint.read(note, keys_for(log.log_id, known or exported.keys()))
    except (NoteInvalid, UnicodeDecodeError) as error:
        yield disproved(log.log, "signature", f"{log.checkpoint}: {error}.")
        return
    if found.log_id != log.log_id or found.size != log.signed or not _ties(found, log, seen):
        yield disproved(
            log.log, "signature", f"{log.checkpoint} does not sign for these lines of {log.log}."
        )
        return
    yield proved(
        log.log,
        "signature",
        f"The first {counted(found.size)} of {log.log} {_are(found.size)} signed for by"
        f" {_whose(known)}.",
        until=min(found.size, log.last),
    )
    if found.size < log.last:
        yield not_provable(
            log.log,
            "rest",
            f"Nobody has signed for {positions(found.size + 1, log.last)} of {log.log}.",
        )


def _ties(found: Checkpoint, log: ExportedLog, seen: _Seen) -> bool:
    """Whether the lines and the signed tree are one: met on the way, or by the proof."""
    if found.size in seen.roots:
        return seen.roots[found.size] == found.root
    proof = [from_base64(hash) for hash in log.proof]
    trees = sorted([(found.size, found.root), (log.last, seen.roots[log.last])])
    (first, first_root), (second, second_root) = trees
    return is_consistent(first, first_root, second, second_root, proof)


def _are(lines: int) -> str:
    return "is" if lines == 1 else "are"


def _whose(known: Sequence[Verifier]) -> str:
    return "a key you gave" if known else "the key that came with the export"
