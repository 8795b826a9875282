"""The Merkle tree over the log (RFC 6962, 2.1), kept as its frontier while the log grows.

The frontier holds the roots of the largest whole subtrees, biggest first, one per bit that is
set in the size. Appending costs one hash on average, and the root of the whole log can be told
at any time:

    size 7 = 111b          root
                         ╱      ╲
       peaks[0] (4 leaves)     ╱ ╲
                     peaks[1] (2)  peaks[2] (1)

Whole subtrees of 256, 65,536, … lines are *tiles*; their roots are kept when they close, so that
a proof or a root of long ago needs a few hundred hashes and not all of them (`tree.py`).
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

TILE = 256  # leaves, or tiles of the level below, under one tile
TILE_HEIGHT = 8  # TILE is 2 to this power
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(line: bytes) -> bytes:
    """Hash one canonical line; the prefix keeps leaves and inner nodes apart."""
    return sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return sha256(b"\1" + left + right).digest()


class Tile(NamedTuple):
    """A whole subtree of 256 leaves (level 0), or of 256 tiles of the level below."""

    level: int
    number: int  # counted from 0 in its level
    root: bytes


class Frontier:
    """The growing edge of the tree: its size and the roots of its whole subtrees.

    `closed` collects the tiles that became whole since it was last emptied.
    """

    __slots__ = ("closed", "peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        self.closed: list[Tile] = []
        if len(self.peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks")

    @classmethod
    def of(cls, leaves: Iterable[bytes]) -> "Frontier":
        """Grow a frontier from leaf hashes."""
        frontier = cls()
        for leaf in leaves:
            frontier.push(leaf)
        return frontier

    @classmethod
    def load(cls, size: int, packed: bytes) -> "Frontier":
        """Read what `pack` wrote; ValueError when it does not fit the size."""
        if len(packed) % 32:
            raise ValueError("a frontier is made of 32-byte hashes")
        return cls(size, (packed[at : at + 32] for at in range(0, len(packed), 32)))

    def pack(self) -> bytes:
        """Write the peaks one after the other."""
        return b"".join(self.peaks)

    def push(self, leaf: bytes) -> None:
        """Append one leaf: as many whole subtrees close as the size has trailing ones."""
        size, peak, height = self.size, leaf, 0
        while size & 1:
            peak = node_hash(self.peaks.pop(), peak)
            size >>= 1
            height += 1
            if height % TILE_HEIGHT == 0:
                self.closed.append(Tile(height // TILE_HEIGHT - 1, size, peak))
        self.peaks.append(peak)
        self.size += 1

    def root(self) -> bytes:
        """Give the hash that stands for every line up to here."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def tail(self, limit: int) -> int:
        """Give how many of the newest leaves stand under the small peaks, at most `limit` - 1.

        Those leaves alone are enough to recompute these peaks.
        """
        return self.size % limit

    def holds_tail(self, leaves: list[bytes]) -> bool:
        """Tell whether the newest leaves, `tail(limit)` of them, give the smallest peaks."""
        small = Frontier.of(leaves)
        return not small.peaks or self.peaks[-len(small.peaks) :] == small.peaks
