"""Keeps requests that wait to be written where a killed process does not lose them.

    hold      a line is appended, without waiting for the disk: it survives the process
    written   the usage log has it; when nothing is held any more the file is emptied
    left      at the next start: what was held and may not have been written

A request is in the usage log exactly once: what is left over is first looked for there.
"""

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from events.facts import RequestFinished

log = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()

TOO_LONG = 1_000_000  # bytes; then the lines that are done with are left out


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and the day on which it is to be counted."""

    day: str
    request: RequestFinished


class Spool:
    """One file of lines; loop-bound."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._held: dict[str, Held] = {}
        self._size = 0
        self._kept = 0  # bytes that the last rewriting kept
        self._works = True

    def left(self) -> list[Held]:
        """What an earlier run held; it is held on until it is `written`."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            log.error("requests that an earlier run held can not be read: %s", error)
            return []
        for line in lines:
            with contextlib.suppress(msgspec.MsgspecError):  # the last may be torn
                held = msgspec.json.decode(line, type=Held)
                self._held[held.request.request_id] = held
        self._size = sum(map(len, lines))
        return list(self._held.values())

    def hold(self, *those: Held) -> None:
        """Keep them; when the file can not be written they are held in memory alone."""
        for held in those:
            self._held[held.request.request_id] = held
        try:
            self._append(those)
            self._works = True
        except OSError as error:
            if self._works:  # once, not for each request while a disk is full
                log.warning("requests that wait to be written are in memory alone: %s", error)
            self._works = False

    def day_of(self, request_id: str) -> str | None:
        """The day on which a request that is held counts."""
        held = self._held.get(request_id)
        return held.day if held else None

    def waiting(self) -> tuple[Held, ...]:
        """Those that are held now."""
        return tuple(self._held.values())

    def written(self, *request_ids: str) -> None:
        """The usage log has them."""
        for request_id in request_ids:
            self._held.pop(request_id, None)
        if self._size == 0:
            return
        if not self._held or self._size > max(TOO_LONG, 2 * self._kept):
            with contextlib.suppress(OSError):
                self._rewrite()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, those: Iterable[Held]) -> None:
        lines = _encoder.encode_lines(those)
        os.write(self._open(), lines)
        self._size += len(lines)

    def _rewrite(self) -> None:
        """First empty: a request that is lost on the way was lost with the machine."""
        os.ftruncate(self._open(), 0)
        self._size = 0
        self._append(self._held.values())
        self._kept = self._size

    def _open(self) -> int:
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._file = os.open(self._path, flags, 0o600)
        return self._file
