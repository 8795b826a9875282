"""Captured bodies on disk: a folder for each day, with a key of its own; who erases the key erases
the day.

    <home>/captures/2026-11-24/key              the day's key, encrypted with `capture-key`
                              /<request id>     one request: nonce, then AES-256-GCM

A day is erased in this order: its key, then the fact that says so, then its files. What a crash
leaves behind can not be read any more, and is cleared away by the next look.
Everything here blocks, and is called in a thread.
"""

import base64
import contextlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.captures.record import CaptureRecord, unpacked
from core.secrets import Secrets

CAPTURE_KEY = "capture-key"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_NONCE = 12
_KEY = "key"


class Vault:
    """The folder of captured bodies. Safe to use from several threads."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        self._folder = folder
        self._secrets = secrets
        self._keys: dict[str, bytes] = {}  # by day
        self._lock = threading.Lock()

    def write(self, day: str, record: CaptureRecord) -> int:
        """Keep it; returns how many bytes that takes. Raises OSError."""
        with self._lock:
            if not (self._folder / day / _KEY).exists():
                self._keys.pop(day, None)  # somebody cleared it away behind our back
            key = self._key(day) or self._new_key(day)
            target = self._folder / day / _named(record.request_id)
            nonce = secrets.token_bytes(_NONCE)
            sealed = AESGCM(key).encrypt(nonce, record.packed(), _bound_to(day, target.name))
            _put(target, nonce + sealed)
            return _NONCE + len(sealed)

    def read(self, request_id: str) -> CaptureRecord | None:
        """What was kept of a request; None: nothing, or its day was erased."""
        if _ID.fullmatch(request_id) is None or request_id == _KEY:
            return None
        with self._lock:
            for day in reversed(self.days()):
                with contextlib.suppress(FileNotFoundError, InvalidTag):
                    data = (self._folder / day / request_id).read_bytes()
                    key = self._key(day)
                    if key is not None:
                        return unpacked(
                            AESGCM(key).decrypt(
                                data[:_NONCE], data[_NONCE:], _bound_to(day, request_id)
                            )
                        )
        return None

    def days(self) -> list[str]:
        """The days of which there is anything, oldest first."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(p.name for p in self._folder.iterdir() if _DAY.fullmatch(p.name))
        return []

    def count(self, day: str) -> tuple[int, int]:
        """How many requests of a day are kept, and their bytes."""
        sizes = [size for name, size in self._files(day) if name != _KEY]
        return len(sizes), sum(sizes)

    def forget_key(self, day: str) -> None:
        """From now on nobody can read that day."""
        with self._lock:
            self._keys.pop(day, None)
            (self._folder / day / _KEY).unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                _sync(self._folder / day)

    def clear(self, day: str) -> None:
        """Remove what is left of a day whose key was forgotten."""
        with self._lock:
            self._keys.pop(day, None)
            shutil.rmtree(self._folder / day, ignore_errors=True)

    def _key(self, day: str) -> bytes | None:
        """The day's key; None when it has none."""
        if day not in self._keys:
            try:
                wrapped = (self._folder / day / _KEY).read_bytes()
                opened = self._wrapping().decrypt(
                    wrapped[:_NONCE], wrapped[_NONCE:], _bound_to(day, _KEY)
                )
            except (FileNotFoundError, InvalidTag):
                return None
            self._keys[day] = opened
        return self._keys[day]

    def _new_key(self, day: str) -> bytes:
        """A key for a day that has none, or whose key can not be opened (another `capture-key`)."""
        folder = self._folder / day
        shutil.rmtree(folder, ignore_errors=True)  # nobody could read it
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        key, nonce = AESGCM.generate_key(256), secrets.token_bytes(_NONCE)
        _put(folder / _KEY, nonce + self._wrapping().encrypt(nonce, key, _bound_to(day, _KEY)))
        _sync(folder)
        self._keys[day] = key
        return key

    def _wrapping(self) -> AESGCM:
        return AESGCM(base64.b64decode(self._secrets.ensure(CAPTURE_KEY, _new_wrapping_key)))

    def _files(self, day: str) -> Iterator[tuple[str, int]]:
        with contextlib.suppress(OSError):
            for file in os.scandir(self._folder / day):
                if not file.name.startswith("."):
                    yield file.name, file.stat().st_size


def _new_wrapping_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _bound_to(day: str, name: str) -> bytes:
    return f"{day}/{name}".encode()  # a file that is moved or renamed does not open


def _named(request_id: str) -> str:
    if _ID.fullmatch(request_id) is None or request_id == _KEY:
        raise OSError(f"{request_id!r} can not be the name of a file")
    return request_id


def _put(target: Path, data: bytes) -> None:
    """Whole or not at all, for the owner's eyes only."""
    scratch = target.with_name(f".{target.name}")
    descriptor = os.open(scratch, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        if target.name == _KEY:
            file.flush()
            os.fsync(file.fileno())
    scratch.replace(target)


def _sync(folder: Path) -> None:
    """The folder's own entries reach the disk (POSIX; elsewhere the system sees to it)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
