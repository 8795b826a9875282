"""Is this log the one that was signed for? Asked of the newest note outside, at every start.

    the note says: 5000 events, root R        the log has 4200          rolled back
                                              root(0, 5000) is not R    replaced, or changed
                                              root(0, 5000) is R        goes on
    signed with this studio's own key         there is no log yet       gone

The root of so many events comes from tiles and a few hundred leaves. That these belong to the
newest lines is checked when the log is opened (`events/examining.py`); that they belong to all
lines is what a verification finds out.
"""

import sqlite3
from collections.abc import Callable

from core.auditing.key import read_seed, recorded_keys, verifiers_for
from core.auditing.notes import Kept, NotesFolder
from core.secrets import Secrets
from events import reading
from events.audit.merkle import Frontier
from events.audit.tree import LogTree
from events.errors import LogDamaged, LogRolledBack
from events.facts import AuditLogCreated


class OutsideCheck:
    """Called with an existing log before it is written; `notices` is what else was seen."""

    def __init__(
        self,
        folder: Callable[[sqlite3.Connection | None], NotesFolder],
        secrets: Secrets,
        *,
        may_begin: bool = False,
    ) -> None:
        """`folder` may look into the log for where its notes are.

        `may_begin`: there may be no such log yet, though this studio has signed for others.
        """
        self._folder = folder
        self._secrets = secrets
        self._may_begin = may_begin
        self.notices: list[str] = []

    def __call__(self, connection: sqlite3.Connection | None) -> None:
        """Raise LogDamaged when the log is not what was signed for, saying which note says what.

        None: there is no log yet.
        """
        if connection is None or (tree := LogTree(connection)).size == 0:
            if not self._may_begin:
                self._demand_first_start(self._folder(connection))
            return
        log_id = log_id_of(connection)
        kept = self._newest(connection, log_id)
        try:
            if kept is not None:
                _compare(tree, kept)
            whole = tree.root(0, tree.size)
        except KeyError as error:
            raise LogDamaged(f"the hashes of the log are not all there: {error.args[0]}") from error
        if whole != _frontier(connection).root():
            raise LogDamaged("the hashes of the log do not fit together")

    def _demand_first_start(self, notes: NotesFolder) -> None:
        """Raise LogRolledBack when there is no log, but this studio has signed for one."""
        seed = read_seed(self._secrets)
        if seed is None:
            return
        try:
            for log_id in notes.log_ids():
                kept = notes.newest(log_id, verifiers_for(log_id, (), seed))
                if kept is not None:
                    raise LogRolledBack(
                        f"there is no log, but a checkpoint in {kept.path} was signed here for "
                        f"one with {kept.checkpoint.size} events: all of them are gone"
                    )
        except OSError as error:
            self._not_readable(notes, error)

    def _newest(self, connection: sqlite3.Connection, log_id: str) -> Kept | None:
        notes, seed = self._folder(connection), read_seed(self._secrets)
        try:
            if not notes.path_of(log_id).exists():
                return None
            kept = notes.newest(log_id, verifiers_for(log_id, (), seed))
            if kept is None:  # an older key's, perhaps; looking for those takes longer
                keys = verifiers_for(log_id, recorded_keys(connection), seed)
                kept = notes.newest(log_id, keys)
            if kept is None:
                self.notices.append(
                    f"no checkpoint in {notes.path_of(log_id)} is signed with a key of this log"
                )
        except OSError as error:
            self._not_readable(notes, error)
            return None
        return kept

    def _not_readable(self, notes: NotesFolder, error: OSError) -> None:
        self.notices.append(f"the checkpoints in {notes.folder} can not be read: {error.strerror}")


def _compare(tree: LogTree, kept: Kept) -> None:
    told, size = kept.checkpoint, tree.size
    if size < told.size:
        raise LogRolledBack(
            f"the log ends with event {size}, but a checkpoint in {kept.path} was signed when it "
            f"had {told.size}: the newest {told.size - size} are gone"
        )
    if tree.root(0, told.size) != told.root:
        raise LogRolledBack(
            f"the first {told.size} events are not those that a checkpoint in {kept.path} was "
            "signed for: the log was changed or replaced"
        )


def log_id_of(connection: sqlite3.Connection) -> str:
    """Which log it is, from its first event."""
    match reading.read_all(connection, limit=1):
        case [first] if isinstance(first.event, AuditLogCreated):
            return first.event.log_id
    raise LogDamaged("the log does not begin with its creation", 1)


def _frontier(connection: sqlite3.Connection) -> Frontier:
    size, peaks = connection.execute("select size, peaks from log_frontier").fetchone()
    return Frontier.load(size, peaks)
