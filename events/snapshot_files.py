"""One snapshot as a file: a line that says of what, then the read models, compressed.

The name tells what can be told without opening it:

    <position>-<position of the one before>-<earliest moment since then>-<leaf>-<key>.snapshot

A file is written beside its place and moved there, and is believed only when its checksum holds, it
was folded by the code that runs now (`key`), and its leaf is that of the log's event there.
"""

import hashlib
import os
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from events.replay import in_memory

SUFFIX = ".snapshot"
HALF = ".half"  # being written
LARGEST = 256 * 2**20  # bytes of read models; a file that claims more is not one of ours
_NAME = re.compile(r"(\d{12})-(\d{12})-(-?\d+)-([0-9a-f]{16})-([0-9a-f]{16})\.snapshot")


class NotSound(Exception):
    """The file is not what it should be."""


class Name(NamedTuple):
    """What a file's name tells."""

    position: int
    previous: int  # the position of the snapshot before it; 0: the log's beginning
    earliest: int  # µs since the epoch: the earliest moment of the events since then
    leaf: str  # the first letters of the leaf of the event at `position`
    key: str  # the first letters of what tells the code that folded, and the log

    def __str__(self) -> str:
        """As the file is called."""
        return (
            f"{self.position:012d}-{self.previous:012d}-{self.earliest}-{self.leaf}-{self.key}"
            f"{SUFFIX}"
        )


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line."""

    key: str
    position: int
    leaf: str
    size: int  # bytes of the read models
    sha256: str  # of what follows, as it lies in the file


def short(digest: str) -> str:
    """As much of a hash as stands in a name."""
    return digest[:16]


def names_in(folder: Path) -> Iterator[tuple[Name, int]]:
    """The snapshots of a folder with their sizes, in no order; none where it cannot be read."""
    with suppress(OSError), os.scandir(folder) as files:
        for file in files:
            if found := _NAME.fullmatch(file.name):
                position, previous, earliest, leaf, key = found.groups()
                name = Name(int(position), int(previous), int(earliest), leaf, key)
                yield name, file.stat().st_size


def write(folder: Path, name: Name, connection: sqlite3.Connection, *, key: str, leaf: str) -> int:
    """Write the read models in their place, whole or not at all; the file's size in bytes.

    Raises OSError. Not synced: what a power cut leaves half done has a wrong checksum.
    """
    state = connection.serialize()
    packed = zlib.compress(state, 1)
    head = _Head(
        key=key,
        position=name.position,
        leaf=leaf,
        size=len(state),
        sha256=hashlib.sha256(packed).hexdigest(),
    )
    content = msgspec.json.encode(head) + b"\n" + packed
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = folder / f"{name.position}{HALF}"
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    half.replace(folder / str(name))
    return len(content)


def read(folder: Path, name: Name, *, key: str, leaf: str) -> sqlite3.Connection:
    """Open the read models in memory, to be folded on and closed by the caller.

    Raises NotSound when the file is broken, was folded by other code or belongs to another log.
    """
    try:
        line, _, packed = (folder / str(name)).read_bytes().partition(b"\n")
        head = msgspec.json.decode(line, type=_Head)
    except (OSError, msgspec.MsgspecError) as error:
        raise NotSound(f"it cannot be read: {type(error).__name__}") from error
    if (head.key, head.position, head.leaf) != (key, name.position, leaf):
        raise NotSound("it was folded by other code, or from another log")
    if hashlib.sha256(packed).hexdigest() != head.sha256 or not 0 < head.size <= LARGEST:
        raise NotSound("its checksum does not hold")
    connection = in_memory()
    try:
        connection.deserialize(zlib.decompress(packed, bufsize=head.size))
        connection.execute("pragma trusted_schema = off")
        connection.execute("select count(*) from sqlite_master").fetchone()
    except (sqlite3.Error, zlib.error) as error:
        connection.close()
        raise NotSound(f"it is damaged: {error}") from error
    return connection


def remove(folder: Path, name: Name) -> None:
    """Let it go; gone already is gone."""
    (folder / str(name)).unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what a crash left half written, as far as it can be removed."""
    with suppress(OSError):
        for half in folder.glob(f"*{HALF}"):
            half.unlink(missing_ok=True)
