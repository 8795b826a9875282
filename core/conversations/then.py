"""The list of conversations at earlier positions of the log: folded once, and onwards from there.

What a log holds never changes, so the list at a position is right for good. Only the facts that it
goes by are read. Titles and folders stay sealed in it: an erasure takes them from here too.
"""

import contextlib
import sqlite3
import threading
from collections import OrderedDict

from events.projections.conversations import ConversationRow, Conversations, conversations
from events.reading import pages
from events.replay import Fold, empty
from events.store import EventStore

MODEL = (Conversations(),)
TYPES = tuple(str(kind.__struct_config__.tag) for kind in Conversations.reads)
MOST = 32  # positions whose lists are at hand: a person goes to and fro between a few


class Then:
    """Blocks; safe to use from any thread."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: OrderedDict[int, list[ConversationRow]] = OrderedDict()
        self._folded: tuple[int, sqlite3.Connection, Fold] | None = None

    def rows(self, position: int) -> list[ConversationRow]:
        """Every conversation as of a position that there is, the last used first."""
        with self._lock:
            rows = self._known.pop(position, None)
            if rows is None:
                rows = conversations(self._fold(position))
            self._known[position] = rows
            if len(self._known) > MOST:
                self._known.popitem(last=False)
            return rows

    def close(self) -> None:
        """Let go of what is folded."""
        with self._lock:
            self._let_go()

    def _fold(self, position: int) -> sqlite3.Connection:
        """From where the last one was, or from the beginning where that is later."""
        if self._folded is None or self._folded[0] > position:
            self._let_go()
            self._folded = (0, empty(MODEL), Fold(MODEL))
        reached, connection, fold = self._folded
        with contextlib.ExitStack() as half_done:
            half_done.callback(self._let_go)
            with self._store.reading() as log:
                for page in pages(log, reached, position, TYPES):
                    fold.what_can_be(connection, page)
            half_done.pop_all()
        self._folded = (position, connection, fold)
        return connection

    def _let_go(self) -> None:
        if self._folded is not None:
            self._folded[1].close()
            self._folded = None
