"""How long does a recipe take until it answers?"""

import sqlite3
from itertools import groupby
from statistics import median

from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import EngineBecameReady

REMEMBERED = 5  # newest loads that count


class LoadTimes:
    """One row for each load that came to an answer."""

    name = "load-times"
    version = 1
    tables = ("load_times",)
    reads = (EngineBecameReady,)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("load_times").create(
            {"position": int, "recipe_id": str, "seconds": float}, pk="position", strict=True
        )
        db.table("load_times").create_index(["recipe_id", "position"])

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        if isinstance(recorded.event, EngineBecameReady):
            connection.execute(
                "insert into load_times (position, recipe_id, seconds) values (?, ?, ?)",
                (recorded.position, recorded.event.recipe_id, recorded.event.seconds),
            )


def last_load(connection: sqlite3.Connection, recipe_id: str) -> float | None:
    """Give the newest load of a recipe in seconds, None when it never loaded."""
    row = connection.execute(
        "select seconds from load_times where recipe_id = ? order by position desc limit 1",
        (recipe_id,),
    ).fetchone()
    return float(row[0]) if row else None


def expected_load(connection: sqlite3.Connection, recipe_id: str) -> float | None:
    """Give the median of a recipe's newest loads in seconds, None when it never loaded."""
    rows = connection.execute(
        "select seconds from load_times where recipe_id = ? order by position desc limit ?",
        (recipe_id, REMEMBERED),
    ).fetchall()
    return median(seconds for (seconds,) in rows) if rows else None


def load_times(connection: sqlite3.Connection) -> dict[str, float]:
    """Give the expected load of every recipe that ever loaded, in seconds.

    Goes from one recipe to the next in the index: asked for every picture of the status, it must
    not cost more with every load that ever was.
    """
    rows = connection.execute(
        "with recursive recipes (id) as ("
        "  select min(recipe_id) from load_times union all"
        "  select (select min(recipe_id) from load_times where recipe_id > id) from recipes"
        "   where id is not null"
        ")"
        " select l.recipe_id, l.seconds from recipes join load_times l"
        "  on l.position in (select n.position from load_times n where n.recipe_id = recipes.id"
        "   order by n.position desc limit ?)"
        " order by l.recipe_id",
        (REMEMBERED,),
    ).fetchall()
    return {
        recipe_id: median(seconds for _, seconds in loads)
        for recipe_id, loads in groupby(rows, key=lambda row: str(row[0]))
    }
