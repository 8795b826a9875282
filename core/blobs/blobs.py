"""Files that belong to a subject (a conversation, a research), sealed under its key.

    <home>/blobs/<subject>/<name>    one file: encrypted, bound to its subject and its contents

A name is a keyed hash of the contents: the same bytes are kept once, and who has no key can not
even tell whether a file they know is among them. What a message names stays as long as its
subject; what was written and never named is an orphan, and goes after a while.
Everything here blocks, and is called in a thread.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from core.erasure import KeyGone, SubjectKeys, Unreadable
from core.errors import Unavailable

_SUBJECT = re.compile(r"[a-z]+(?:-[0-9A-Za-z]+)+")
_NAME = re.compile(r"[0-9a-f]{64}")
_HALF = ".new"


class BlobRef(msgspec.Struct, frozen=True, kw_only=True):
    """What was put: the hash by which it is got back, and how many bytes it has."""

    sha256: str
    size: int


class Blobs:
    """The sealed files in one folder. Safe to use from several threads."""

    def __init__(self, folder: Path, keys: SubjectKeys) -> None:
        self._folder = folder
        self._keys = keys
        self._lock = threading.Lock()

    def put(self, subject: str, data: bytes) -> BlobRef:
        """Keep it; on the disk, whole, when this returns. The same bytes are kept once.

        Raises KeyGone when the subject can take nothing in, Unavailable when the disk can not.
        """
        ref = BlobRef(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        with self._writing():
            target = self._file(subject, ref.sha256)
            with self._lock:
                if not self._kept(subject, ref.sha256, target):
                    sealed = self._keys.encrypt(subject, _item(ref.sha256), data)
                    _put(target, sealed)
        return ref

    def get(self, subject: str, sha256: str) -> bytes | Unreadable:
        """The very bytes that were put, or why they can not be had any more.

        Raises Unavailable when the disk or keys.db can not be read.
        """
        missing = self._missing(subject)
        if missing is not None:
            return missing
        try:
            return self._opened(subject, sha256, self._file(subject, sha256).read_bytes())
        except FileNotFoundError:
            return Unreadable.LOST
        except KeyGone:
            return Unreadable.ERASED  # just now
        except (sqlite3.Error, OSError) as problem:
            raise _unavailable("read", problem) from problem

    def touch(self, subject: str, sha256: str) -> bool:
        """Something is about to name it: it is no orphan for a while. False when it is not here."""
        if self._missing(subject) is not None:
            return False
        with self._lock, self._writing():
            try:
                os.utime(self._file(subject, sha256))
            except FileNotFoundError:
                return False
        return True

    def size(self, subject: str) -> int:
        """Bytes that its files take on the disk."""
        return sum(_size(file) for file in self._files(subject))

    # ---- what goes -----------------------------------------------------------------------------

    def drop(self, subject: str) -> None:
        """Remove all of a subject's files; its key is, or is about to be, destroyed.

        What can not be removed now is unreadable without the key, and goes with the next `tidy`.
        """
        with self._lock:
            shutil.rmtree(self._folder / _safe(subject), ignore_errors=True)

    def subjects(self) -> tuple[str, ...]:
        """Those that have files."""
        with contextlib.suppress(OSError):
            return tuple(sorted(p.name for p in self._folder.iterdir() if p.is_dir()))
        return ()

    def tidy(self, subject: str, named: Collection[str], *, before: float) -> int:
        """Remove orphans: last written or touched before this time (s since the epoch), and not
        among the hashes that are `named`. How many went; all, when the subject was erased.

        `named` is to be looked up after the choice of `before`.
        """
        missing = self._missing(subject)
        if missing is Unreadable.ERASED:
            gone = sum(1 for _ in self._files(subject))
            self.drop(subject)
            return gone
        if missing is not None:  # a backup may bring its key back
            return 0
        kept = {self._keys.name(subject, _item(sha256)) for sha256 in named}
        return sum(self._removed(file, before) for file in self._files(subject, kept))

    def _removed(self, file: Path, before: float) -> bool:
        with self._lock, contextlib.suppress(OSError):
            if file.stat().st_mtime < before:
                file.unlink()
                return True
        return False

    # ---- parts ---------------------------------------------------------------------------------

    def _kept(self, subject: str, sha256: str, target: Path) -> bool:
        """Whether it is there already, whole; then it is young again."""
        try:
            whole = not isinstance(self._opened(subject, sha256, target.read_bytes()), Unreadable)
            if whole:
                os.utime(target)
            return whole
        except FileNotFoundError:
            return False

    def _opened(self, subject: str, sha256: str, sealed: bytes) -> bytes | Unreadable:
        plain = self._keys.decrypt(subject, _item(sha256), sealed)
        if not isinstance(plain, Unreadable) and hashlib.sha256(plain).hexdigest() != sha256:
            return Unreadable.ALTERED
        return plain

    def _missing(self, subject: str) -> Unreadable | None:
        try:
            return self._keys.missing(subject)
        except (sqlite3.Error, OSError) as problem:
            raise _unavailable("read", problem) from problem

    def _file(self, subject: str, sha256: str) -> Path:
        return self._folder / _safe(subject) / self._keys.name(subject, _item(sha256))

    def _files(self, subject: str, but: Collection[str] = ()) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for path in list((self._folder / _safe(subject)).iterdir()):
                ours = _NAME.fullmatch(path.name) or path.name.endswith(_HALF)
                if ours and path.name not in but:
                    yield path

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise _unavailable("kept", problem) from problem


def _put(target: Path, data: bytes) -> None:
    """Whole or not at all, on the disk, for the owner's eyes only."""
    for folder in (target.parent.parent, target.parent):  # parents alone would be open to all
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = target.with_name(target.name + _HALF)
    try:
        descriptor = os.open(half, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)  # a full disk gets its room back
        raise
    for folder in (target.parent, target.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    """The folder's own entries reach the disk (POSIX; elsewhere the system sees to it)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _safe(subject: str) -> str:
    if _SUBJECT.fullmatch(subject) is None:
        raise ValueError(f"{subject!r} is no subject of files")
    return subject


def _item(sha256: str) -> str:
    if _NAME.fullmatch(sha256) is None:
        raise ValueError("a file is known by the SHA-256 of its contents, in hex")
    return f"blob/{sha256}"


def _unavailable(what: str, problem: Exception) -> Unavailable:
    said = getattr(problem, "strerror", None) or str(problem)
    return Unavailable(
        f"the file can not be {what} now: {said}",
        code="blobs-unavailable",
        next_action="see that the disk of the data directory has room and can be written",
    )
