"""One walk over a log's lines: their order, their hashes, and the tree that these hashes give.

Nothing is decoded: a row's columns are put together to its canonical line and hashed. The roots
are those of the lines themselves, not of the leaf hashes that stand beside them; so whoever
changes a line, its leaf hash and the tree's edge still gets another root than was signed.

Pages are read in transactions of their own. What is appended meanwhile is not looked at, and the
write-ahead file never waits for a verification.
"""

import sqlite3
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

import msgspec

from events.audit.merkle import EMPTY_ROOT, TILE, Frontier, leaf_hash, node_hash
from events.codec import envelope_line

PAGE = 4096
FIRST = -(2**63)  # a row may stand where none should
_ROWS = (
    "select position, id, stream, version, type, schema, recorded_at, actor,"
    " correlation_id, causation_id, cast(data as blob), leaf"
    " from events where position >= ? and position <= ? order by position limit ?"
)

Row = tuple[Any, ...]  # as they stand in the file, which may be anything
Progress = Callable[[int, int], None]  # lines done, lines in all


class Finding(msgspec.Struct):
    """How often something was seen, and where first."""

    count: int = 0
    position: int | None = None
    sentence: str = ""

    def at(self, position: int, sentence: str = "") -> None:
        """See it once more."""
        if self.count == 0:
            self.position, self.sentence = position, sentence
        self.count += 1


class Walk:
    """What was found on the way. `wanted` are the sizes whose roots are asked for."""

    def __init__(self, wanted: Iterable[int] = ()) -> None:
        self.order = Finding()
        self.lines = Finding()
        self.clock = Finding()  # steps back
        self.last_position = 0
        self.tree = Growth(wanted)
        self._versions: dict[str, int] = {}
        self._time = 0

    @property
    def size(self) -> int:
        """How many lines there were."""
        return self.tree.size

    def over(
        self, connection: sqlite3.Connection, until: int, progress: Progress | None = None
    ) -> None:
        """Walk over the rows up to a position. Raises sqlite3.Error where the file ends it."""
        start = FIRST
        while rows := _page(connection, start, until):
            self._take(rows)
            start = rows[-1][0] + 1
            if progress is not None:
                progress(self.size, until)
        self.tree.finish()

    def _take(self, rows: list[Row]) -> None:
        versions, leaves = self._versions, []
        for row in rows:
            position, _, stream, version, _, _, at, _, _, _, _, leaf = row
            try:
                found = leaf_hash(envelope_line(*row[:-1]))
            except (TypeError, ValueError, msgspec.MsgspecError):
                found = b""  # it has no line
            leaves.append(found)
            if found != leaf:
                self.lines.at(position)
            if position != self.last_position + 1:
                self.order.at(position, _gap(self.last_position, position))
            before = versions.get(stream, 0)
            if version != before + 1:
                self.order.at(position, f"it is version {version} of its stream, after {before}")
            self.last_position = position
            versions[stream] = version if type(version) is int else before + 1
            if type(at) is int:
                if at < self._time:
                    self.clock.at(position)
                self._time = at
        self.tree.extend(leaves)


class Growth:
    """A tree that grows tile by tile; keeps every tile, and the roots of the wanted sizes."""

    def __init__(self, wanted: Iterable[int] = ()) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}  # by level and number
        self.roots: dict[int, bytes] = {}
        self._over = Frontier()  # the tree over the tiles of level 0
        self._leaves: list[bytes] = []  # after the last whole tile
        self._wanted = sorted(set(wanted), reverse=True)

    @property
    def size(self) -> int:
        """How many leaves."""
        return self._over.size * TILE + len(self._leaves)

    @property
    def peaks(self) -> list[bytes]:
        """Its growing edge."""
        return self._over.peaks + Frontier.of(self._leaves).peaks

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Take leaves in."""
        waiting = [*self._leaves, *leaves]
        whole = len(waiting) - len(waiting) % TILE
        for at in range(0, whole, TILE):
            self._close(waiting[at : at + TILE])
        self._leaves = waiting[whole:]

    def finish(self) -> None:
        """Answer what is wanted of the newest leaves too."""
        self._answer(self._leaves)

    def root(self) -> bytes:
        """The hash of all of it."""
        return _joined(self.peaks)

    def _close(self, leaves: list[bytes]) -> None:
        self._answer(leaves[:-1])
        root = _whole(leaves)
        self.tiles[0, self._over.size] = root
        self._over.push(root)
        for level, number, above in self._over.closed:
            self.tiles[level + 1, number] = above
        self._over.closed.clear()

    def _answer(self, leaves: list[bytes]) -> None:
        """The wanted roots of everything before these leaves, and of some of these."""
        before = self._over.size * TILE
        while self._wanted and self._wanted[-1] <= before + len(leaves):
            size = self._wanted.pop()
            some = Frontier.of(leaves[: size - before])
            self.roots[size] = _joined(self._over.peaks + some.peaks)


def _page(connection: sqlite3.Connection, start: int, until: int) -> list[Row]:
    """Rows from a position on; text that is no text comes as bytes, and hashes to nothing true."""
    try:
        return connection.execute(_ROWS, (start, until, PAGE)).fetchall()
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" not in str(error):
            raise
    before, connection.text_factory = connection.text_factory, _text
    try:
        return connection.execute(_ROWS, (start, until, PAGE)).fetchall()
    finally:
        connection.text_factory = before


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _whole(leaves: list[bytes]) -> bytes:
    """The root of a power of two of leaves, level by level."""
    while len(leaves) > 1:
        pairs = zip(leaves[::2], leaves[1::2], strict=True)
        leaves = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    return leaves[0]


def _joined(peaks: list[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def _gap(before: int, position: int) -> str:
    return f"position {position} stands where {before + 1} should"
