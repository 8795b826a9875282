"""Replies under way, kept beside the log so that a crash loses at most a second of each.

    drafts/<reply id>   what has come so far, sealed under its conversation's key, like a message

A draft is replaced in one step, and deleted once its message is in the log. Who starts after a
crash finds the rest and records each as an answer that was cut. Blocks; called in a thread.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.conversations.items import stream_of
from core.conversations.views import NewMessage
from core.erasure import KeyGone, SubjectKeys, Unreadable

_HALF = ".new"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as far as it has come."""

    conversation_id: str
    actor: str
    message: NewMessage
    more: tuple[NewMessage, ...] = ()  # that follow it

    @property
    def messages(self) -> tuple[NewMessage, ...]:
        """All of them, in the order in which they are to be added."""
        return (self.message, *self.more)


class _NotToday(Exception):
    """Its key is not here; a backup may bring it back."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    conversation_id: str
    sealed: bytes


class Drafts:
    """The drafts in one folder."""

    def __init__(self, folder: Path, keys: SubjectKeys) -> None:
        self._folder = folder
        self._keys = keys
        self._lock = threading.Lock()  # who is cancelled while it keeps is followed by who drops

    def keep(self, reply_id: str, draft: Draft) -> bool:
        """Keep it, instead of the one before; False: it may not be kept, or there is no room."""
        subject, plain = stream_of(draft.conversation_id), msgspec.json.encode(draft)
        try:
            sealed = self._keys.encrypt(subject, _item(reply_id), plain)
            kept = _Kept(conversation_id=draft.conversation_id, sealed=sealed)
            with self._lock:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                half = self._folder / (reply_id + _HALF)
                half.write_bytes(msgspec.msgpack.encode(kept))
                os.replace(half, self._folder / reply_id)
        except (OSError, sqlite3.Error, KeyGone):
            return False
        return True

    def drop(self, reply_id: str) -> None:
        """It is in the log, or nobody wants it."""
        for name in (reply_id, reply_id + _HALF):
            with self._lock, contextlib.suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)

    def left(self) -> Iterator[tuple[str, Draft | None]]:
        """What a crash left, by reply id; None where nobody can ever read it, as after an erasure.

        What can not be read today, as while its key is missing, is passed over and stays.
        """
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.iterdir()):
                if path.suffix != _HALF:
                    with contextlib.suppress(OSError, sqlite3.Error, _NotToday):
                        yield path.name, self._read(path)

    def tidy(self) -> None:
        """Throw away what was being written when a crash came. Nobody may be writing now."""
        for path in self._folder.glob(f"*{_HALF}"):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Draft | None:
        try:
            kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
            subject = stream_of(kept.conversation_id)
            plain = self._keys.decrypt(subject, _item(path.name), kept.sealed)
            if plain is Unreadable.LOST:
                raise _NotToday
            if isinstance(plain, Unreadable):
                return None
            return msgspec.json.decode(plain, type=Draft)
        except msgspec.MsgspecError:
            return None


def _item(reply_id: str) -> str:
    return f"draft/{reply_id}"
