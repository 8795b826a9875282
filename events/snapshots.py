"""Any moment of a long log at once: copies of the folded read models, and the tail after them.

Snapshots are a cache beside the log. They are keyed by the code that folds, so that a new version
starts anew; without any of them everything is the same, and takes longer. A thread that has time
calls `step` now and then (`core/time_travel.py`); the append path knows nothing of it.

    state at a position  =  the nearest snapshot at or before it  +  at most `SPACING` events
"""

import hashlib
import logging
import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from events import codec, replay, snapshot_files
from events.code_hash import code_hash
from events.projections.present import PRESENT
from events.projections.projector import Projection
from events.snapshot_files import Name, NotSound

if TYPE_CHECKING:
    from events.store import EventStore

log = logging.getLogger(__name__)

SPACING = 1000  # events between two snapshots: what is folded at most
LIMIT = 64 * 2**20  # bytes on the disk; beyond it, every other one goes where they are densest
STEP = 100  # events folded in one go, about a millisecond


class Snapshots:
    """The snapshots of one log, for one set of read models. Safe to use from any thread."""

    def __init__(
        self,
        store: "EventStore",
        folder: Path,
        *,
        projections: Sequence[Projection] = PRESENT,
        spacing: int = SPACING,
        limit: int = LIMIT,
        read_only: bool = False,
    ) -> None:
        """`read_only`: nothing in the folder is written or removed."""
        self._store = store
        self._folder = folder
        self._projections = tuple(projections)
        self._spacing = spacing
        self._limit = limit
        self._read_only = read_only
        self._key = key_of(store.log_id, self._projections)
        self._lock = threading.Lock()  # of the list
        self._building = threading.Lock()
        self._names: list[Name] = []  # by position
        self._sizes: dict[int, int] = {}
        self._builder: _Builder | None = None
        self._stopped = False
        self._list()

    def state_at(self, position: int) -> sqlite3.Connection:
        """Give the read models as of a position, in a database of their own that the caller closes.

        What `replay.state_at` gives for the same read models, sooner.
        """
        connection, reached = self._nearest(position)
        try:
            replay.fold_log(
                connection, replay.Fold(self._projections), self._store, reached, position
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def position_at(self, moment: int) -> int:
        """Give what `replay.position_at` gives: the newest position at or before a moment.

        Only that part of the log is looked through in which it must be.
        """
        for after, until, earliest in self._spans():
            if earliest is not None and earliest > moment:
                continue
            if found := replay.position_at(self._store, moment, after, until):
                return found
        return 0

    def step(self, most: int = STEP) -> bool:
        """Fold a little further, and write a snapshot where one is due; False: nothing to do now.

        Never raises for a disk that is full: that snapshot is left out.
        """
        with self._building:
            if self._read_only or self._stopped:
                return False
            builder = self._builder = self._builder or self._begin()
            head, due = self._store.head, builder.due(self._spacing)
            if head < due:
                return False
            builder.go_on(self._store, min(due, builder.position + most))
            if not builder.fold.whole:
                self._stop("a read model broke")
            elif builder.position == due:
                self._keep(builder)
            return not self._stopped and head >= builder.due(self._spacing)

    def clear(self) -> None:
        """Drop every snapshot; they are made again from the beginning."""
        with self._building, self._lock:
            for name in self._names:
                snapshot_files.remove(self._folder, name)
            self._names, self._sizes = [], {}
            self._close_builder()

    def close(self) -> None:
        """Let go of what is being folded."""
        with self._building:
            self._close_builder()
            self._stopped = True

    @property
    def positions(self) -> tuple[int, ...]:
        """Where there are snapshots, oldest first."""
        with self._lock:
            return tuple(name.position for name in self._names)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        with self._lock:
            return sum(self._sizes.values())

    # ---- finding --------------------------------------------------------------------------------

    def _list(self) -> None:
        """Take stock; what other code folded, or what is not this log's, is removed."""
        if not self._read_only:
            snapshot_files.sweep(self._folder)
        head = self._store.head
        for name, size in sorted(snapshot_files.names_in(self._folder)):
            if name.key == snapshot_files.short(self._key) and name.position <= head:
                self._names.append(name)
                self._sizes[name.position] = size
            else:
                self._remove(name)
        # Where a log was put back to an older copy and went on differently, the newest are wrong.
        while self._names and self._leaf(self._names[-1])[:16] != self._names[-1].leaf:
            self._drop(self._names[-1], "the log went another way")

    def _nearest(self, position: int) -> tuple[sqlite3.Connection, int]:
        """The newest sound snapshot at or before a position, or the empty beginning."""
        while True:
            with self._lock:
                number = bisect_right(self._names, position, key=lambda name: name.position)
                name = self._names[number - 1] if number else None
            if name is None:
                return replay.empty(self._projections), 0
            try:
                return self._read(name), name.position
            except NotSound as problem:
                with self._lock:
                    self._drop(name, str(problem))

    def _read(self, name: Name) -> sqlite3.Connection:
        return snapshot_files.read(self._folder, name, key=self._key, leaf=self._leaf(name))

    def _leaf(self, name: Name) -> str:
        """The leaf of the log's event at the position, in hex; empty when there is none."""
        with self._store.reading() as connection:
            row = connection.execute(
                "select leaf from events where position = ?", (name.position,)
            ).fetchone()
        return str(row[0].hex()) if row else ""

    def _spans(self) -> list[tuple[int, int | None, int | None]]:
        """What lies between snapshots, newest first: after, until, and its earliest moment."""
        with self._lock:
            names = list(self._names)
        starts = [0, *(name.position for name in names)]
        spans: list[tuple[int, int | None, int | None]] = [(starts[-1], None, None)]
        for start, name in zip(reversed(starts[:-1]), reversed(names), strict=True):
            known = name.earliest if name.previous == start else None
            spans.append((start, name.position, known))
        return spans

    # ---- building -------------------------------------------------------------------------------

    def _begin(self) -> "_Builder":
        with self._lock:
            newest = self._names[-1].position if self._names else 0
        connection, reached = self._nearest(newest)
        return _Builder(connection, replay.Fold(self._projections), reached)

    def _keep(self, builder: "_Builder") -> None:
        name = Name(
            builder.position,
            builder.previous,
            builder.earliest,
            snapshot_files.short(builder.leaf),
            snapshot_files.short(self._key),
        )
        try:
            size = snapshot_files.write(
                self._folder, name, builder.connection, key=self._key, leaf=builder.leaf
            )
        except OSError as error:
            log.warning("a snapshot at position %d was left out: %s", name.position, error)
            builder.skip()
            return
        with self._lock:
            self._names.append(name)
            self._sizes[name.position] = size
            self._thin()
        builder.kept()

    def _thin(self) -> None:
        """Below the limit again: those go that leave the shortest tails; the newest stays."""
        while sum(self._sizes.values()) > self._limit and len(self._names) > 1:
            gaps = [
                after.position - (self._names[number - 1].position if number else 0)
                for number, after in enumerate(self._names[1:])
            ]
            number = gaps.index(min(gaps))
            gone, after = self._names[number], self._names[number + 1]
            self._drop(gone, "")
            if after.previous == gone.position:
                joined = after._replace(
                    previous=gone.previous, earliest=min(after.earliest, gone.earliest)
                )
                try:
                    (self._folder / str(after)).replace(self._folder / str(joined))
                except OSError as error:
                    log.warning("a snapshot keeps its name: %s", error)
                else:
                    self._names[number] = joined

    def _drop(self, name: Name, why: str) -> None:
        if why:
            log.warning("the snapshot at position %d is not used: %s", name.position, why)
        if name in self._names:
            self._names.remove(name)
            self._sizes.pop(name.position, None)
        self._remove(name)

    def _remove(self, name: Name) -> None:
        if self._read_only:
            return
        try:
            snapshot_files.remove(self._folder, name)
        except OSError as error:
            log.warning("a snapshot cannot be removed: %s", error)

    def _stop(self, why: str) -> None:
        log.warning("no more snapshots are made until the next start: %s", why)
        self._stopped = True
        self._close_builder()

    def _close_builder(self) -> None:
        if self._builder is not None:
            self._builder.connection.close()
            self._builder = None


class _Builder:
    """The read models on their way from one snapshot to the next."""

    def __init__(self, connection: sqlite3.Connection, fold: replay.Fold, position: int) -> None:
        self.connection = connection
        self.fold = fold
        self.position = position
        self.previous = position
        self.earliest = _NEVER
        self.leaf = ""
        self._from = position

    def due(self, spacing: int) -> int:
        """Where the next one is to be written."""
        return self._from + spacing

    def go_on(self, store: "EventStore", until: int) -> None:
        """Fold up to and with a position."""
        page = store.read_all(self.position, until - self.position, before=until + 1)
        self.fold.what_can_be(self.connection, page)
        if page:
            self.position, self.leaf = page[-1].position, page[-1].leaf.hex()
            self.earliest = min(self.earliest, *(one.recorded_at for one in page))

    def kept(self) -> None:
        """It was written: the next one comes after it."""
        self.skip()
        self.previous, self.earliest = self.position, _NEVER

    def skip(self) -> None:
        """It was not written: the next one tells of its events too."""
        self._from = self.position


_NEVER = 2**62  # µs since the epoch


def key_of(log_id: str, projections: Sequence[Projection]) -> str:
    """What tells a snapshot of one log and one version of the code from any other."""
    told = [(p.name, p.version, p.tables) for p in projections]
    modules = {type(p).__module__ for p in projections} | {codec.__name__, replay.__name__}
    modules |= {kind.__module__ for kind in codec.FACT_TYPES}
    return hashlib.sha256(
        repr((_FORMAT, log_id, told, code_hash(frozenset(modules)))).encode()
    ).hexdigest()


_FORMAT = 1  # raised when files are written differently

__all__ = ["SPACING", "Snapshots", "key_of"]
