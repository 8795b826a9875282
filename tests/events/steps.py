"""How much work a question is for SQLite: its steps, which no other load on the machine changes."""

import sqlite3
from collections.abc import Callable

from events.store import EventStore


def steps(log: EventStore, ask: Callable[[sqlite3.Connection], object]) -> int:
    """The steps of SQLite's machine while this is asked of the read models."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with log.reading() as connection:
        connection.set_progress_handler(count, 1)
        ask(connection)
        connection.set_progress_handler(None, 0)
    return taken
