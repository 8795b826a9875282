"""Reading an engine's log file: its end, what is new, and following it.

The file is written by the engine itself, so it is read as it grows. Progress bars rewrite a line
with a carriage return; each rewriting counts as a line.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import msgspec

LOOK_S = 0.2
TAIL_BLOCK = 64 * 1024
LONGEST_LINE = 16 * 1024
SEAM = 1024  # characters beside a cut that are not told: half a secret may stand there
MOST_BEHIND = 1024 * 1024  # bytes; a follower that is further behind skips what is between

Mask = Callable[[str], str]


def unmasked(text: str) -> str:
    """Leave the text as it is."""
    return text


def tail(
    path: Path,
    lines: int,
    *,
    mask: Mask = unmasked,
    after: int = 0,
    before: int | None = None,
) -> list[str]:
    """The last lines of a log, oldest first; empty when there is no file.

    `after` and `before` (bytes from the beginning) look only at that part of the file.
    """
    try:
        with path.open("rb") as file:
            at = file.seek(0, os.SEEK_END) if before is None else before
            data = b""
            while at > after and data.count(b"\n") <= lines and len(data) < lines * LONGEST_LINE:
                step = min(TAIL_BLOCK, at - after)
                at -= step
                file.seek(at)
                data = file.read(step) + data
    except OSError:
        return []
    return split(data, mask, torn=at > after)[-lines:] if lines > 0 else []


def split(data: bytes, mask: Mask = unmasked, *, torn: bool = False) -> list[str]:
    """Whole text lines; carriage returns end one as well, blank ones are dropped.

    A line is masked before it is cut. Where the first is `torn`, its remains are left out: a
    secret that was torn with it would not be known any more.
    """
    text = data.decode("utf-8", errors="replace").replace("\r", "\n")
    if torn:
        _, end, rest = text.partition("\n")
        text = rest if end else mask(text)[SEAM:]
    lines = mask(text).split("\n")  # at once: line by line takes many times as long
    return [line[:LONGEST_LINE] for line in lines if line.strip()]


class Reader:
    """Gives what was added since the last time, in whole lines, masked."""

    def __init__(self, path: Path, *, from_start: bool = True, mask: Mask = unmasked) -> None:
        self._path = path
        self._mask = mask
        self._at, self._torn = (0, False) if from_start else _end_of_lines(path)
        self._rest = b""

    @property
    def position(self) -> int:
        """How much of the file was read, in bytes."""
        return self._at

    def skip_ahead(self, most: int) -> int:
        """Leave out what is older than the newest `most` bytes; how many bytes were left out."""
        unread = size(self._path) - self._at
        if unread <= most:
            return 0
        self._at += unread - most
        self._rest = b""
        with self._path.open("rb") as file:
            file.seek(self._at)
            line = file.readline(LONGEST_LINE)  # the end of a line that began before
        self._torn = not line.endswith(b"\n")
        self._at += len(line)
        return unread - most + len(line)

    def new_lines(self) -> list[str]:
        """What is new; a truncated file is read again from its beginning."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._at:
                    self._at, self._rest, self._torn = 0, b"", False
                file.seek(self._at)
                data = file.read()
        except OSError:
            return []
        self._at += len(data)
        whole, rest = _whole_lines(self._rest + data)
        lines = split(self._untorn(whole), self._mask)
        if not self._torn and len(rest) > LONGEST_LINE + SEAM:
            lines += split(self._mask(rest.decode("utf-8", "replace"))[:-SEAM].encode())
            self._torn = True  # its beginning was told, the rest of it is not
        self._rest = b"" if self._torn else rest
        return lines

    def _untorn(self, whole: bytes) -> bytes:
        """Without the end of a line whose beginning is not there."""
        if not self._torn or not whole:
            return whole
        self._torn = False
        ends = [at for end in (b"\n", b"\r") if (at := whole.find(end)) >= 0]
        return whole[min(ends) + 1 :]


class Skipped(msgspec.Struct, frozen=True):
    """A follower was too slow for the log: so much of it was left out."""

    bytes: int


def follow(
    path: Path,
    *,
    history: int = 200,
    mask: Mask = unmasked,
    look_s: float = LOOK_S,
    most_behind: int = MOST_BEHIND,
) -> AsyncIterator[str | Skipped]:
    """The last `history` lines, then each new one as it is written; ends only when closed.

    New is what is written from this moment on, and not only once somebody asks for the first line.
    Who takes them more slowly than they are written is told what was skipped: the writer of the
    log waits for nobody, and nothing is piled up here.
    """
    reader = Reader(path, from_start=False, mask=mask)
    return _following(path, reader, history, mask, look_s, most_behind)


async def _following(
    path: Path, reader: Reader, history: int, mask: Mask, look_s: float, most_behind: int
) -> AsyncIterator[str | Skipped]:
    newest = partial(tail, path, history, mask=mask, before=reader.position)
    for line in await asyncio.to_thread(newest):
        yield line
    while True:
        if skipped := await asyncio.to_thread(reader.skip_ahead, most_behind):
            yield Skipped(skipped)
        for line in await asyncio.to_thread(reader.new_lines):
            yield line
        await asyncio.sleep(look_s)


def size(path: Path) -> int:
    """How long the log is, in bytes; 0 when there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _whole_lines(data: bytes) -> tuple[bytes, bytes]:
    """Up to the last line end, and the rest."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    return data[:end], data[end:]


def _end_of_lines(path: Path) -> tuple[int, bool]:
    """Where the last whole line ends; what follows is still being written.

    True: it began further back than is looked, and its beginning is not there.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(max(0, size - LONGEST_LINE))
            whole = _whole_lines(file.read(size - start))[0]
            return start + len(whole), start > 0 and not whole
    except OSError:
        return 0, False
