"""One log beside what it should be: its file, its lines, its tree, and what was signed for it."""

import base64
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from events.audit import kept, replaced
from events.audit.claims import (
    Claim,
    LogReport,
    disproved,
    first_bad,
    not_provable,
    proved,
    skipped,
)
from events.audit.kept import Outside
from events.audit.lines import Progress, Walk
from events.audit.merkle import TILE
from events.audit.models import READ_MODELS, models_claim
from events.audit.structure import STRUCTURE, TABLES, has_tiles, structure_claim, tables_claim
from events.audit.told import Acknowledged, Keys, Placed, log_id
from events.connections import open_reader
from events.errors import EventError
from events.projections.projector import Projection

ORDER, LINES, TREE, TIMES = "order", "lines", "tree", "times"
UNREADABLE = (sqlite3.Error, ValueError, TypeError)  # of columns that hold what they never should


class Picture(msgspec.Struct, frozen=True):
    """What the log's file says beside the lines, all at one moment."""

    log_id: str
    head: int
    size: int  # lines the tree was made of
    peaks: bytes
    tiles: Mapping[tuple[int, int], bytes] | None  # None: it was never told to keep any


def verify_log(
    path: Path,
    log: str,
    *,
    placed: Sequence[Placed] = (),
    words: Sequence[Acknowledged] = (),
    notes: Mapping[str, Sequence[Outside]] | None = None,
    keys: Keys,
    projections: Sequence[Projection] | None = None,
    progress: Progress | None = None,
) -> LogReport:
    """Verify one file. `placed` and `words` are what the main log tells of it: checkpoints, and
    that it took another's place. `notes` are by log identity.

    `projections`: read models to be folded anew; None leaves them alone.
    """
    begun = time.monotonic()
    try:
        connection = open_reader(path)
    except (sqlite3.Error, EventError, ValueError) as error:
        missing = "The file is not there." if not path.exists() else f"It can not be read: {error}."
        return LogReport(log=log, claims=(disproved(log, STRUCTURE, missing),))
    try:
        verification = Verification(path, connection, log, placed, words, notes or {}, keys)
        claims = verification.claims(projections, progress)
    finally:
        connection.close()
    return LogReport(
        log=log,
        log_id=verification.log_id,
        size=verification.walk.size,
        root=base64.b64encode(verification.walk.tree.root()).decode(),
        claims=tuple(claims),
        seconds=time.monotonic() - begun,
    )


class Verification:
    """One run over one open file."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        log: str,
        placed: Sequence[Placed],
        words: Sequence[Acknowledged],
        notes: Mapping[str, Sequence[Outside]],
        keys: Keys,
    ) -> None:
        self._path = path
        self._connection = connection
        self._log = log
        self._placed = placed
        self._words = words
        self._notes = notes
        self._keys = keys
        self.log_id = ""
        self.walk = Walk()

    def claims(
        self, projections: Sequence[Projection] | None, progress: Progress | None
    ) -> list[Claim]:
        """Everything that can be said; where the file can not be read on, that is said."""
        connection, log = self._connection, self._log
        with ThreadPoolExecutor(1) as beside:  # SQLite's own look needs none of Python's time
            structure = beside.submit(self._said, STRUCTURE, self._structure)
            claims = [self._said(TABLES, lambda: tables_claim(connection, log))]
            try:
                claims += self._of_lines(progress)
            except UNREADABLE as error:
                claims.append(self._unreadable(LINES, error))
            claims.insert(0, structure.result())
        return [*claims, self._models(projections, first_bad(claims) is None)]

    def _structure(self) -> Claim:
        connection = open_reader(self._path)
        try:
            return structure_claim(connection, self._log)
        finally:
            connection.close()

    def _models(self, projections: Sequence[Projection] | None, lines_hold: bool) -> Claim:
        connection, log = self._connection, self._log
        if projections is None:
            return skipped(log, READ_MODELS, "They were not folded anew: nobody asked.")
        if not lines_hold:
            return skipped(
                log, READ_MODELS, "They were not folded anew from lines that do not hold."
            )
        return self._said(READ_MODELS, lambda: models_claim(connection, log, projections))

    def _said(self, name: str, look: Callable[[], Claim]) -> Claim:
        try:
            return look()
        except UNREADABLE as error:
            return self._unreadable(name, error)

    def _unreadable(self, name: str, error: Exception) -> Claim:
        at = self.walk.last_position + 1 if name == LINES else None
        return disproved(self._log, name, f"The file can not be read: {error}.", position=at)

    def _of_lines(self, progress: Progress | None) -> list[Claim]:
        log, picture = self._log, _picture(self._connection)
        self.log_id = picture.log_id
        outside = self._notes.get(picture.log_id, ())
        wanted = kept.sizes(self._placed, outside) | replaced.sizes(self._words)
        self.walk = walk = Walk(wanted)
        walk.over(self._connection, picture.head, progress)
        size, roots, keys = walk.size, walk.tree.roots, self._keys
        own, old = replaced.parted(self._placed, picture.log_id, self._words)
        return [
            self._order(picture),
            self._lines(),
            self._tree(picture),
            kept.in_the_log(log, picture.log_id, own, roots, size, keys),
            *replaced.claims(log, picture.log_id, old, self._words, roots, keys),
            *kept.outside(log, picture.log_id, outside, roots, size, keys),
            self._times(),
        ]

    def _order(self, picture: Picture) -> Claim:
        log, walk = self._log, self.walk
        if not picture.log_id:
            return disproved(log, ORDER, "It does not begin with its creation.", position=1)
        if walk.order.count:
            says = f"The order is broken: {walk.order.sentence}."
            return disproved(log, ORDER, says, position=walk.order.position)
        says = f"Positions 1 to {walk.size} are all there once, and so is every stream's version."
        return proved(log, ORDER, says, until=walk.size)

    def _lines(self) -> Claim:
        bad = self.walk.lines
        if bad.count:
            more = f", and {bad.count - 1} after it" if bad.count > 1 else ""
            says = f"The line at position {bad.position} is not the one that was written{more}."
            return disproved(self._log, LINES, says, position=bad.position)
        says = f"All {self.walk.size} lines hash to the leaf that was written with them."
        return proved(self._log, LINES, says, until=self.walk.size)

    def _tree(self, picture: Picture) -> Claim:
        log, walk = self._log, self.walk
        if picture.size != walk.size:
            says = f"{picture.size} lines were written, and {walk.size} are there."
            at = min(picture.size, walk.size) + 1
            return disproved(log, TREE, says, position=at)
        if picture.tiles is not None:
            for (level, number), tile in sorted(walk.tree.tiles.items()):
                if picture.tiles.get((level, number)) != tile:
                    span = TILE ** (level + 1)
                    first, last = number * span + 1, (number + 1) * span
                    says = f"The tile over lines {first} to {last} is not that of these lines."
                    return disproved(log, TREE, says, position=first)
            for level, number in sorted(picture.tiles.keys() - walk.tree.tiles.keys()):
                says = f"There is a tile {number} of level {level} over lines that are not there."
                return disproved(log, TREE, says, position=walk.size + 1)
        if b"".join(walk.tree.peaks) != picture.peaks:
            return disproved(log, TREE, "The tree's edge is not that of these lines.")
        tiles = "tiles, edge" if picture.tiles is not None else "edge"
        root = base64.b64encode(walk.tree.root()).decode()
        return proved(log, TREE, f"The lines give {tiles} and root: {root}.", until=walk.size)

    def _times(self) -> Claim:
        back, says = self.walk.clock, "Times are what this machine's clock said"
        if back.count:
            times = "once" if back.count == 1 else f"{back.count} times"
            says += f"; it stepped back {times}, first at position {back.position}"
        return not_provable(self._log, TIMES, f"{says}.")


def _picture(connection: sqlite3.Connection) -> Picture:
    """Read in one transaction, which is over when this returns."""
    connection.execute("begin")
    try:
        row = connection.execute("select size, peaks from log_frontier").fetchone()
        if row is None:
            raise ValueError("the tree's edge is gone")
        head = connection.execute("select coalesce(max(position), 0) from events").fetchone()[0]
        tiles = None
        if has_tiles(connection):
            rows = connection.execute("select level, number, root from log_tiles").fetchall()
            tiles = {(level, number): root for level, number, root in rows}
        return Picture(log_id(connection), head, row[0], row[1], tiles)
    finally:
        connection.rollback()
