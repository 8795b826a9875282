"""A log that is over, as one small file: its canonical lines in order, and the tree over them.

    xz  1,024 lines, each with its line break     ╮
    xz  the next 1,024                            ├ `xz -dc FILE` prints them all
    xz  …                                         ╯
    xz  a line: three bytes of each line's name hashed, by which it is found
    xz  a line: the index, with where each block lies, its root and its span of time

A file of xz streams, one after the other, so that anybody's `xz` opens it. One line costs one
block, a proof two. The index carries the root of the whole and the signed note that stands for it;
what the file must be says `AuditSegmentSealed` in the main log.
"""

import base64
import lzma
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from events.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash
from events.audit.tree import whole_subtrees
from events.errors import LogDamaged

HEIGHT = 10
BLOCK = 1 << HEIGHT  # lines in a block: a whole subtree, so that blocks have roots of their own
NAME_BYTES = 3  # one name in sixteen million is taken for another, and looked at in vain
COMPRESSION = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]
FORMAT = "vllm-studio segment 1"


class Entry(NamedTuple):
    """One line of the log, and a name under which it may be looked for."""

    line: bytes
    at: int  # when it was recorded, in µs since the epoch
    name: str = ""  # empty: nobody looks for it


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines that follow each other."""

    offset: int  # in the file
    bytes: int
    first: int  # the position of its first line
    lines: int
    since: int  # the earliest and the latest moment in it, in µs since the epoch
    until: int
    root: str  # of its lines, in base64


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the last line."""

    format: str
    log: str  # as in usage-2026-11
    log_id: str
    size: int  # lines
    root: str  # of all of them, in base64
    note: str  # a signed checkpoint of exactly these lines; empty: nobody signed
    names: tuple[int, int]  # where they lie: offset and bytes
    blocks: tuple[Block, ...]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment became."""

    size: int
    root: bytes
    sha256: str  # of the file
    bytes: int
    first_at: int
    last_at: int


class Segment:
    """A sealed log that is open for reading, in one thread at a time."""

    def __init__(self, file: BinaryIO, index: Index) -> None:
        self._file = file
        self._index = index
        self._unpacked: tuple[int, list[bytes]] | None = None  # the block that was read last
        self.tree = SegmentTree(self)

    @classmethod
    def open(cls, path: Path) -> "Segment":
        """Raises LogDamaged when the file is not whole, OSError when it is not there."""
        file = path.open("rb")
        try:
            start, size = _last_stream(file)
            index = msgspec.json.decode(_unpack(file, start, size), type=Index)
            if index.format != FORMAT:
                raise ValueError(f"its format is {index.format!r}")
            return cls(file, index)
        except (lzma.LZMAError, EOFError, ValueError) as error:
            file.close()
            raise LogDamaged(f"{path.name} is no whole segment: {error}") from error

    def __enter__(self) -> "Segment":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def log(self) -> str:
        """Which log it is: usage-2026-11."""
        return self._index.log

    @property
    def log_id(self) -> str:
        """The identity that the log was begun with."""
        return self._index.log_id

    @property
    def size(self) -> int:
        """How many lines it holds: positions 1 to this one."""
        return self._index.size

    @property
    def root(self) -> bytes:
        """The root that it says it has."""
        return base64.b64decode(self._index.root)

    @property
    def note(self) -> str:
        """The signed checkpoint of all its lines; empty when nobody signed."""
        return self._index.note

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, oldest first."""
        return self._index.blocks

    def lines(self, after: int = 0, until: int | None = None) -> Iterator[bytes]:
        """The canonical lines of after < position ≤ until, in order, without line breaks."""
        until = self.size if until is None else min(until, self.size)
        for number in range(max(0, after) // BLOCK, len(self.blocks)):
            first = self.blocks[number].first
            if first > until:
                return
            lines = self.block_lines(number)
            yield from lines[max(0, after + 1 - first) : until + 1 - first]

    def line(self, position: int) -> bytes:
        """One line. KeyError when there is none."""
        if not 1 <= position <= self.size:
            raise KeyError(position)
        number, place = divmod(position - 1, BLOCK)
        return self.block_lines(number)[place]

    def positions_of(self, name: str) -> list[int]:
        """Where lines of that name may stand, oldest first; each is to be looked at."""
        hashes = base64.b64decode(_unpack(self._file, *self._index.names))
        wanted, found, at = name_hash(name), [], -1
        while (at := hashes.find(wanted, at + 1)) >= 0:
            if at % NAME_BYTES == 0:
                found.append(at // NAME_BYTES + 1)
        return found

    def block_lines(self, number: int) -> list[bytes]:
        """The lines of one block; LogDamaged when it can not be unpacked."""
        if self._unpacked is None or self._unpacked[0] != number:
            block = self.blocks[number]
            try:
                lines = _unpack(self._file, block.offset, block.bytes).split(b"\n")[:-1]
            except (lzma.LZMAError, EOFError) as error:
                raise LogDamaged(f"block {number} of {self.log}: {error}") from error
            if len(lines) != block.lines:
                raise LogDamaged(f"block {number} of {self.log} lacks lines")
            self._unpacked = (number, lines)
        return self._unpacked[1]


class SegmentTree:
    """The tree over a segment, asked as that of an open log (`tree.LogTree`)."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    @property
    def size(self) -> int:
        """How many lines the log has."""
        return self._segment.size

    def leaf(self, number: int) -> bytes:
        """The hash of one line; the line at position 1 is leaf 0. KeyError when there is none."""
        return leaf_hash(self._segment.line(number + 1))

    def root(self, start: int, end: int) -> bytes:
        """RFC 6962's hash of the leaves from `start` up to but without `end`.

        `start` must be where a subtree begins, as it is in every root and every proof. What is
        told of blocks is what the index says; `verify_segment` finds out whether it is so.
        """
        parts = [self._whole(at, height) for at, height in whole_subtrees(start, end)]
        if not parts:
            return EMPTY_ROOT
        root = parts.pop()
        while parts:
            root = node_hash(parts.pop(), root)
        return root

    def _whole(self, start: int, height: int) -> bytes:
        number, place = divmod(start, BLOCK)
        if height >= HEIGHT:
            blocks = self._segment.blocks[number : number + (1 << (height - HEIGHT))]
            return Frontier.of(base64.b64decode(block.root) for block in blocks).root()
        lines = self._segment.block_lines(number)[place : place + (1 << height)]
        return Frontier.of(map(leaf_hash, lines)).root()


def write_segment(
    path: Path, entries: Iterable[Entry], *, log: str, log_id: str, root: bytes, note: str
) -> Written:
    """Write a segment, and return when the disk has it. `root` is what its lines must give.

    Raises LogDamaged when they give another: then they are not what was written to the log.
    """
    frontier = Frontier()
    blocks: list[Block] = []
    names: list[bytes] = []
    with path.open("wb") as file:
        for several in _in_blocks(entries):
            leaves = [leaf_hash(entry.line) for entry in several]
            for leaf in leaves:
                frontier.push(leaf)
            names += (name_hash(entry.name) for entry in several)
            offset, size = _pack(file, b"".join(entry.line + b"\n" for entry in several))
            blocks.append(
                Block(
                    offset=offset,
                    bytes=size,
                    first=frontier.size - len(several) + 1,
                    lines=len(several),
                    since=min(entry.at for entry in several),
                    until=max(entry.at for entry in several),
                    root=_text(Frontier.of(leaves).root()),
                )
            )
        if frontier.root() != root:
            raise LogDamaged(f"the lines of {log} are not what was written to it")
        index = Index(
            format=FORMAT,
            log=log,
            log_id=log_id,
            size=frontier.size,
            root=_text(root),
            note=note,
            names=_pack(file, base64.b64encode(b"".join(names)) + b"\n"),
            blocks=tuple(blocks),
        )
        _pack(file, msgspec.json.encode(index) + b"\n")
        file.flush()
        os.fsync(file.fileno())
        length = file.tell()
    return Written(
        size=frontier.size,
        root=root,
        sha256=file_hash(path),
        bytes=length,
        first_at=min((block.since for block in blocks), default=0),
        last_at=max((block.until for block in blocks), default=0),
    )


def lines_of(path: Path) -> Iterator[bytes]:
    """Every canonical line of a segment, in order. Raises LogDamaged where it ends too early."""
    with Segment.open(path) as segment:
        yield from segment.lines()


def name_hash(name: str) -> bytes:
    """The few bytes by which a line is found; those of no name are never looked for."""
    return sha256(name.encode(errors="surrogatepass")).digest()[:NAME_BYTES] if name else bytes(3)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex, as `sha256sum` tells it."""
    found = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def _in_blocks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    several: list[Entry] = []
    for entry in entries:
        several.append(entry)
        if len(several) == BLOCK:
            yield several
            several = []
    if several:
        yield several


def _pack(file: BinaryIO, data: bytes) -> tuple[int, int]:
    """Append one xz stream; where it lies and how long it is."""
    offset = file.tell()
    packed = lzma.compress(data, check=lzma.CHECK_CRC64, filters=COMPRESSION)
    file.write(packed)
    return offset, len(packed)


def _unpack(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return lzma.decompress(file.read(size), format=lzma.FORMAT_XZ)


def _last_stream(file: BinaryIO) -> tuple[int, int]:
    """Where the last xz stream lies: its footer tells its index, and that its only block.

    The format: https://tukaani.org/xz/xz-file-format.txt, 2.1.2 and 4.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 12))
    footer = file.read(12)
    if len(footer) < 12 or footer[10:] != b"YZ":
        raise ValueError("it does not end as an xz file does")
    index_size = (int.from_bytes(footer[4:8], "little") + 1) * 4
    file.seek(max(0, end - 12 - index_size))
    index = file.read(index_size)
    if index[:2] != b"\0\1":
        raise ValueError("its last stream is not of one block")
    block = shift = 0
    for byte in index[2:]:
        block |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    size = 12 + -(-block // 4) * 4 + index_size + 12
    if size > end:
        raise ValueError("its last stream begins before the file")
    return end - size, size


def _text(root: bytes) -> str:
    return base64.b64encode(root).decode()
