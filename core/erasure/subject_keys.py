"""A key for each subject (a conversation), in a database of its own that forgets.

    secrets/erasure-key ──wraps──► keys.db: one key a subject ──encrypts──► the log, for ever
                                        │
                                     destroy: overwritten with zeroes, in its place

The log keeps every ciphertext; who has destroyed the key has erased what it says. SQLite leaves
two remains where a key was, and both are dealt with:

1. a freed cell or page. Rows are only added and overwritten with as many bytes, so no key ever
   moves; `secure_delete` zeroes what would be freed all the same.
2. the rollback journal, which holds the page as it was. It is kept until the change is on the
   disk, then overwritten with zeroes and cut. There is no WAL.

Everything here blocks, and is called in a thread.
"""

import base64
import contextlib
import hmac
import os
import secrets as chance
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Refused
from core.secrets import Secrets

ERASURE_KEY = "erasure-key"
OVERHEAD = 1 + 12 + 16  # bytes that a ciphertext is longer than what it says
_FORM = b"\x01"  # AES-256-GCM: this byte, the nonce, ciphertext and tag
_NONCE = 12
_WRAPPED = _NONCE + 32 + 16
_DESTROYED = bytes(_WRAPPED)


class Unreadable(Enum):
    """Why a ciphertext says nothing any more."""

    ERASED = "erased"  # its key was destroyed
    LOST = "lost"  # its key is not here: keys.db or secrets/ is missing, or another
    ALTERED = "altered"  # it is not what was encrypted, or not where it was


class KeyGone(Refused):
    """Nothing can be encrypted for a subject that has no key, or has it no more."""


class SubjectKeys:
    """The database of keys; made with the first of them. Safe to use from several threads."""

    def __init__(self, path: Path, secrets: Secrets) -> None:
        self._path = path
        self._secrets = secrets
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def create(self, subject: str) -> None:
        """Make a key; on the disk when this returns. A second call changes nothing.

        Raises sqlite3.Error or OSError when it can not be written.
        """
        key, nonce = AESGCM.generate_key(256), chance.token_bytes(_NONCE)
        wrapping = AESGCM(base64.b64decode(self._secrets.ensure(ERASURE_KEY, _new_wrapping_key)))
        wrapped = nonce + wrapping.encrypt(nonce, key, _key_of(subject))
        with self._lock, self._changing() as connection:
            connection.execute(
                "insert or ignore into subject_keys (subject, wrapped) values (?, ?)",
                (subject, wrapped),
            )

    def encrypt(self, subject: str, item: str, plaintext: bytes) -> bytes:
        """Readable as this item of this subject and as nothing else. Raises KeyGone."""
        key = self._key(subject)
        if isinstance(key, Unreadable):
            raise _gone(subject, key)
        nonce = chance.token_bytes(_NONCE)
        return _FORM + nonce + key.encrypt(nonce, plaintext, _bound_to(subject, item))

    def decrypt(self, subject: str, item: str, sealed: bytes) -> bytes | Unreadable:
        """What it says, or why it says nothing. Raises only when keys.db can not be read."""
        key = self._key(subject)
        return (
            key if isinstance(key, Unreadable) else _opened(key, _bound_to(subject, item), sealed)
        )

    def decrypt_each(
        self, subject: str, items: Iterable[tuple[str, bytes]]
    ) -> Iterator[bytes | Unreadable]:
        """Many of one subject, its key read once and forgotten with the last. Raises as above."""
        key = self._key(subject)
        for item, sealed in items:
            yield (
                key
                if isinstance(key, Unreadable)
                else _opened(key, _bound_to(subject, item), sealed)
            )

    def missing(self, subject: str) -> Unreadable | None:
        """Why nothing of a subject can be read; None when it can."""
        key = self._raw(subject)
        return key if isinstance(key, Unreadable) else None

    def name(self, subject: str, item: str) -> str:
        """A name for it that tells nobody without the key what it is. Raises KeyGone."""
        key = self._raw(subject)
        if isinstance(key, Unreadable):
            raise _gone(subject, key)
        return hmac.digest(key, b"name\0" + _bound_to(subject, item), "sha256").hex()

    def destroy(self, subject: str) -> bool:
        """From now on nobody can read it; whether there was a key. Raises sqlite3.Error, OSError.

        When it raises, the key may still be there: it is to be called again.
        """
        if not self._path.exists():
            return False
        with self._lock, self._changing() as connection:
            found = connection.execute(
                "update subject_keys set wrapped = ? where subject = ? and wrapped != ?",
                (_DESTROYED, subject, _DESTROYED),
            )
            return found.rowcount > 0

    def living(self) -> frozenset[str]:
        """The subjects that have a key."""
        if not self._path.exists():
            return frozenset()
        with self._lock:
            rows = self._opened().execute(
                "select subject from subject_keys where wrapped != ?", (_DESTROYED,)
            )
            return frozenset(subject for (subject,) in rows.fetchall())

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _key(self, subject: str) -> AESGCM | Unreadable:
        key = self._raw(subject)
        return key if isinstance(key, Unreadable) else AESGCM(key)

    def _raw(self, subject: str) -> bytes | Unreadable:
        """Read and unwrapped each time: no copy in memory has to be found when it is destroyed."""
        if not self._path.exists():
            return Unreadable.LOST
        with self._lock:
            row = (
                self._opened()
                .execute("select wrapped from subject_keys where subject = ?", (subject,))
                .fetchone()
            )
        if row is None:
            return Unreadable.LOST
        wrapped = bytes(row[0])
        if wrapped == _DESTROYED:
            return Unreadable.ERASED
        return self._unwrapped(subject, wrapped)

    def _unwrapped(self, subject: str, wrapped: bytes) -> bytes | Unreadable:
        try:
            wrapping = AESGCM(base64.b64decode(self._secrets.get(ERASURE_KEY) or ""))
            return wrapping.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _key_of(subject))
        except (InvalidTag, ValueError):  # another erasure-key or none, or another row
            return Unreadable.LOST

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One change, on the disk at the end; the caller holds the lock."""
        connection = self._opened()
        connection.execute("begin immediate")
        try:
            yield connection
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        _wipe(self._journal)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self._path)
            _wipe(self._journal)  # a crash may have come between a change and this
        return self._connection

    @property
    def _journal(self) -> Path:
        return self._path.with_name(self._path.name + "-journal")


def _opened(key: AESGCM, bound: bytes, sealed: bytes) -> bytes | Unreadable:
    nonce = sealed[len(_FORM) : len(_FORM) + _NONCE]
    if sealed[: len(_FORM)] != _FORM or len(sealed) < OVERHEAD:
        return Unreadable.ALTERED
    try:
        return key.decrypt(nonce, sealed[len(_FORM) + _NONCE :], bound)
    except InvalidTag:
        return Unreadable.ALTERED


def _open(path: Path) -> sqlite3.Connection:
    """For the owner's eyes only from birth; a journal takes its rights from the file."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (
            "journal_mode = persist",  # stays where it is, so that it can be overwritten
            "synchronous = extra",
            "secure_delete = on",
            "temp_store = memory",
            "trusted_schema = off",
        ):
            connection.execute(f"pragma {pragma}")
        connection.execute(
            "create table if not exists subject_keys ("
            " id integer primary key,"  # in order of birth: a key is added at the end, never moved
            " subject text not null unique,"
            " wrapped blob not null"  # nonce, key, tag; all zeroes: destroyed
            ") strict"
        )
        connection.execute("select count(*) from subject_keys").fetchone()  # rolls back a crash
    except BaseException:
        connection.close()
        raise
    return connection


def _wipe(journal: Path) -> None:
    """Overwrite what a change left in the journal, which is over by now."""
    try:
        size = journal.stat().st_size
    except FileNotFoundError:
        return
    if size:
        with journal.open("r+b") as file:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
            file.truncate(0)


def _new_wrapping_key() -> str:
    return base64.b64encode(chance.token_bytes(32)).decode()


def _gone(subject: str, why: Unreadable) -> KeyGone:
    return KeyGone(f"{subject} can take nothing in: its key is {why.value}", code="key-gone")


def _key_of(subject: str) -> bytes:
    return b"key\0" + subject.encode()


def _bound_to(subject: str, item: str) -> bytes:
    """Neither may hold a zero byte: ids and the words of this program do not."""
    return b"item\0" + subject.encode() + b"\0" + item.encode()
