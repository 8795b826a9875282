"""How much memory did the runs of a recipe take?"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import EngineMemoryMeasured

REMEMBERED = 8  # newest launches of one recipe that are answered with


class MemoryTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest run of one launch of a recipe took, in bytes."""

    recipe_id: str
    revision: int
    fingerprint: str
    gpus: tuple[tuple[str, int], ...]  # by GPU UUID
    host: int
    measured_at: int  # µs since the epoch


class MemoryTakenByRecipes:
    """One row for each recipe, revision and launch: the newest measurement counts."""

    name = "memory-taken"
    version = 1
    tables = ("memory_taken",)
    reads = (EngineMemoryMeasured,)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("memory_taken").create(
            {
                "recipe_id": str,
                "revision": int,
                "fingerprint": str,
                "gpus": str,
                "host": int,
                "position": int,
                "measured_at": int,
            },
            pk=("recipe_id", "revision", "fingerprint"),
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        event = recorded.event
        if isinstance(event, EngineMemoryMeasured):
            connection.execute(
                f"insert or replace into memory_taken ({_COLUMNS}, position)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                (
                    event.recipe_id,
                    event.revision,
                    event.fingerprint,
                    msgspec.json.encode(sorted(event.gpus.items())).decode(),
                    event.host,
                    recorded.recorded_at,
                    recorded.position,
                ),
            )


_COLUMNS = "recipe_id, revision, fingerprint, gpus, host, measured_at"


def memory_taken(connection: sqlite3.Connection, recipe_id: str) -> tuple[MemoryTaken, ...]:
    """List what a recipe's launches took, the newest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from memory_taken where recipe_id = ? order by position desc limit ?",
        (recipe_id, REMEMBERED),
    ).fetchall()
    return tuple(
        MemoryTaken(
            recipe_id=row[0],
            revision=row[1],
            fingerprint=row[2],
            gpus=msgspec.json.decode(row[3], type=tuple[tuple[str, int], ...]),
            host=row[4],
            measured_at=row[5],
        )
        for row in rows
    )
