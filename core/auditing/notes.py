"""Signed checkpoints outside the log: a file per log, notes one after the other, only added to.

    <folder>/<log id>.notes

Whoever changes the log does not change these, above all when the folder is on another disk or
another machine. A note that was only half written is passed over: the one before it still holds.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from events.audit import checkpoint
from events.audit.checkpoint import ORIGIN, Checkpoint
from events.audit.note import NoteInvalid, Verifier

LOOKED_AT = 64 * 1024  # bytes at the end of a file, some 250 notes: the newest are there
_ORIGIN = re.escape(ORIGIN)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")  # leads to no other folder
_NOTE = re.compile(rf"^{_ORIGIN}\S+\n(?:(?!{_ORIGIN}).+\n)+\n(?:— .+\n)+", re.MULTILINE)


class Kept(NamedTuple):
    """A note that somebody known has signed."""

    checkpoint: Checkpoint
    note: str
    path: Path


class NotesFolder:
    """The outside files. Everything may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, log_id: str) -> Path:
        """Where a log's notes are."""
        return self.folder / f"{log_id}.notes"

    def append(self, note: str) -> Path:
        """Add a note to its log's file; it is on the disk when this returns. Raises NoteInvalid."""
        log_id = checkpoint.peek(note).log_id
        if not is_log_id(log_id):
            raise NoteInvalid(f"{log_id!r:.80} is no identity of a log")
        path = self.path_of(log_id)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            torn = not _ends_a_line(descriptor)
            _write_all(descriptor, (("\n" if torn else "") + note).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self.folder)
        return path

    def newest(self, log_id: str, verifiers: Iterable[Verifier]) -> Kept | None:
        """The note that tells most of a log, of those one of `verifiers` signed.

        None when there is none, or none at the end of its file, which is as far as it looks.
        """
        path = self.path_of(log_id)
        known = tuple(verifiers)
        told = ((_size(note), note) for note in notes_in(_end_of(path)))
        for _, note in sorted(told, reverse=True):
            try:
                return Kept(checkpoint.read(note, known), note, path)
            except NoteInvalid:
                continue
        return None

    def notes(self) -> list[str]:
        """Every whole note of every log, whoever signed it."""
        return [
            note
            for log_id in self.log_ids()
            for note in notes_in(self.path_of(log_id).read_text(errors="replace"))
        ]

    def log_ids(self) -> tuple[str, ...]:
        """Every log that something is kept of."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.notes")))


def notes_in(text: str) -> Iterator[str]:
    """The whole notes in a text, in order; whoever signed them, and whatever is between them."""
    for found in _NOTE.finditer(text):
        yield found[0]


def is_log_id(text: str) -> bool:
    """Whether a log of ours can have this identity: its notes' file is called by it."""
    return _NAME.fullmatch(text) is not None


def rest_of(text: str) -> str:
    """What stands in a text that is no whole note."""
    return _NOTE.sub("\n", text)


def sync_folder(folder: Path) -> None:
    """A new file is in its folder, also after a power cut; not a thing to ask for on Windows."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOOKED_AT))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _size(note: str) -> int:
    try:
        return checkpoint.peek(note).size
    except NoteInvalid:
        return -1


def _ends_a_line(descriptor: int) -> bool:
    length = os.lseek(descriptor, 0, os.SEEK_END)
    if length == 0:
        return True
    os.lseek(descriptor, length - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
