"""The tree of an open log: roots of any size it ever had, from leaves and tiles.

    root(0, 70_000)      65,536 leaves        4,096         256     112
                        ╰─ 1 tile, level 1 ╯╰ 16 tiles ╯╰ 1 tile ╯╰ leaves ╯

Leaves stand in `events.leaf`, tiles in `log_tiles`; both are trusted here. Whether they belong to
the lines is what `verify.py` finds out.
"""

import sqlite3
from collections.abc import Iterator

from events.audit.merkle import EMPTY_ROOT, TILE, TILE_HEIGHT, Frontier, node_hash


class LogTree:
    """Reads one consistent picture of a log; keep the transaction of `connection` short."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def size(self) -> int:
        """How many lines the log has."""
        found = self._connection.execute("select size from log_frontier").fetchone()
        return int(found[0])

    def leaf(self, number: int) -> bytes:
        """The hash of one line; the line at position 1 is leaf 0. KeyError when there is none."""
        found = self._connection.execute(
            "select leaf from events where position = ?", (number + 1,)
        ).fetchone()
        if found is None:
            raise KeyError(number)
        return bytes(found[0])

    def root(self, start: int, end: int) -> bytes:
        """RFC 6962's hash of the leaves from `start` up to but without `end`.

        `start` must be where a subtree begins (a multiple of the largest power of two that is
        below or at the number of leaves), as it is in every root and every proof.
        """
        parts = [self._whole(at, height) for at, height in whole_subtrees(start, end)]
        if not parts:
            return EMPTY_ROOT
        root = parts.pop()
        while parts:
            root = node_hash(parts.pop(), root)
        return root

    def _whole(self, start: int, height: int) -> bytes:
        """The root of 2^height leaves: from the biggest tiles that it is made of, or leaves."""
        levels = height // TILE_HEIGHT
        count = 1 << (height - levels * TILE_HEIGHT)
        first = start >> (levels * TILE_HEIGHT)
        if levels == 0:
            rows = self._connection.execute(
                "select leaf from events where position > ? and position <= ? order by position",
                (first, first + count),
            ).fetchall()
        else:
            rows = self._connection.execute(
                "select root from log_tiles where level = ? and number >= ? and number < ?"
                " order by number",
                (levels - 1, first, first + count),
            ).fetchall()
        if len(rows) != count:
            what = "leaves" if levels == 0 else f"tiles of level {levels - 1}"
            raise KeyError(f"{what} from {first} to {first + count - 1} are not all there")
        return Frontier.of(root for (root,) in rows).root()


def whole_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a range into the largest whole subtrees, biggest first, as (first leaf, height)."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield start, height
        start += 1 << height


__all__ = ["TILE", "LogTree", "whole_subtrees"]
