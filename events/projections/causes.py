"""What led to an event, and what came of it? Has no table: each event names the one before it.

    switch-requested ◄── switch-drained ◄── engine-stop-requested ◄── engine-stopped
                                      ◄── switch-eviction-finished ◄── engine-start-requested ◄── …

The thread of an event is the way from it to its first cause; its consequences are all events whose
thread it stands in. What shares a wish but not a thread has the same `correlation_id`.
"""

import sqlite3
from collections.abc import Sequence

from events.envelope import Recorded
from events.reading import COLUMNS, from_row

LONGEST = 1000  # events of a thread, or consequences
LOOKED_BACK = 100_000  # events in which a cause of another wish is looked for


def event_at(connection: sqlite3.Connection, position: int) -> Recorded | None:
    """Give the event at a position; None when there is none."""
    row = connection.execute(
        f"select {COLUMNS} from events where position = ?", (position,)
    ).fetchone()
    return from_row(row) if row else None


def thread_of(connection: sqlite3.Connection, recorded: Recorded) -> list[Recorded]:
    """Give what led to an event, the first cause first and the event itself last."""
    thread = [recorded]
    while len(thread) < LONGEST and (cause := _cause(connection, thread[-1])) is not None:
        thread.append(cause)
    return thread[::-1]


def consequences_of(connection: sqlite3.Connection, recorded: Recorded) -> list[Recorded]:
    """Give what came of an event, in the order of the log, without the event itself."""
    found: dict[int, Recorded] = {}
    waiting = [recorded.id]
    while waiting and len(found) < LONGEST:
        some, waiting = waiting[:100], waiting[100:]
        rows = connection.execute(
            f"select {COLUMNS} from events where causation_id in ({', '.join('?' * len(some))})"
            " order by position limit ?",
            (*some, LONGEST - len(found)),
        ).fetchall()
        for one in map(from_row, rows):
            if one.position not in found:
                found[one.position] = one
                waiting.append(one.id)
    return [found[position] for position in sorted(found)]


def of_one_wish(
    connection: sqlite3.Connection, correlation_id: str, limit: int = LONGEST
) -> list[Recorded]:
    """Give everything that came of one wish, oldest first."""
    rows = connection.execute(
        f"select {COLUMNS} from events where correlation_id = ? order by position limit ?",
        (correlation_id, limit),
    ).fetchall()
    return [from_row(row) for row in rows]


def newest_about(
    connection: sqlite3.Connection,
    recipe_id: str | None,
    types: Sequence[str],
    *,
    after: int = 0,
    until: int,
) -> Recorded | None:
    """Give the newest event of some types about a recipe (None: any), after < position <= until."""
    row = connection.execute(
        f"select {COLUMNS} from events where position > ? and position <= ?"
        f" and type in ({', '.join('?' * len(types))})"
        " and data ->> 'recipe_id' = coalesce(?, data ->> 'recipe_id')"
        " order by position desc limit 1",
        (after, until, *types, recipe_id),
    ).fetchone()
    return from_row(row) if row else None


def _cause(connection: sqlite3.Connection, effect: Recorded) -> Recorded | None:
    """Most causes belong to the same wish; another one's is nearly always not far back."""
    if effect.causation_id is None:
        return None
    if effect.correlation_id is not None:
        row = connection.execute(
            f"select {COLUMNS} from events where correlation_id = ? and id = ? and position < ?",
            (effect.correlation_id, effect.causation_id, effect.position),
        ).fetchone()
        if row:
            return from_row(row)
    row = connection.execute(
        f"select {COLUMNS} from events where position < ? and position >= ? and id = ?"
        " order by position desc limit 1",
        (effect.position, effect.position - LOOKED_BACK, effect.causation_id),
    ).fetchone()
    return from_row(row) if row else None
