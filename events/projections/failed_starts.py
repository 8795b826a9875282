"""Which recipes fail to start or keep crashing, how often in a row, and why the last time?

A row is there from the first failure until the recipe works again or is changed. Working means:
it answered and was stopped as asked, or answered for `STEADY_S` before it crashed.
"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineStartFailed,
    EngineStopped,
    RecipeArchived,
    RecipeImported,
    RecipeRevised,
)

STEADY_S = 120.0  # a crash after so long is a new story, not a loop


class FailedStarts(msgspec.Struct, frozen=True, kw_only=True):
    """Failures in a row of one recipe."""

    recipe_id: str
    count: int
    at: int  # µs since the epoch: the last one
    code: str
    reason: str
    next_action: str
    ready_at: int | None  # it answers since; what stands here is held against the next crash only


class FailedStartsByRecipe:
    """One row for each recipe that does not work."""

    name = "failed-starts"
    version = 1
    tables = ("failed_starts",)
    reads = (
        *(EngineStartFailed, EngineCrashed, EngineBecameReady, EngineAdopted, EngineStopped),
        *(RecipeRevised, RecipeImported, RecipeArchived),
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("failed_starts").create(
            {
                "recipe_id": str,
                "count": int,
                "at": int,
                "code": str,
                "reason": str,
                "next_action": str,
                "ready_at": int,
            },
            pk="recipe_id",
            not_null=("count", "at"),
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        at = recorded.recorded_at
        match recorded.event:
            case EngineStartFailed() as failed:
                _failed(connection, failed, at)
            case EngineCrashed(recipe_id=recipe_id) as failed:
                if _was_steady(connection, recipe_id, at):
                    _forget(connection, recipe_id)
                _failed(connection, failed, at)
            case EngineBecameReady(recipe_id=recipe_id) | EngineAdopted(recipe_id=recipe_id):
                connection.execute(
                    "update failed_starts set ready_at = ? where recipe_id = ?", (at, recipe_id)
                )
            case EngineStopped(recipe_id=recipe_id):
                connection.execute(
                    "delete from failed_starts where recipe_id = ? and ready_at is not null",
                    (recipe_id,),
                )
            case (
                RecipeRevised(recipe_id=recipe_id)
                | RecipeImported(recipe_id=recipe_id)
                | RecipeArchived(recipe_id=recipe_id)
            ):
                _forget(connection, recipe_id)
            case _:
                return


def failed_starts(connection: sqlite3.Connection) -> dict[str, FailedStarts]:
    """Every recipe with failures, by id."""
    columns = FailedStarts.__struct_fields__
    rows = connection.execute(f"select {', '.join(columns)} from failed_starts").fetchall()
    found = (FailedStarts(**dict(zip(columns, row, strict=True))) for row in rows)
    return {one.recipe_id: one for one in found}


def _failed(
    connection: sqlite3.Connection, failed: EngineStartFailed | EngineCrashed, at: int
) -> None:
    connection.execute(
        "insert into failed_starts (recipe_id, count, at, code, reason, next_action)"
        " values (?, 1, ?, ?, ?, ?) on conflict (recipe_id) do update set"
        " count = count + 1, at = excluded.at, code = excluded.code, reason = excluded.reason,"
        " next_action = excluded.next_action, ready_at = null",
        (failed.recipe_id, at, failed.code, failed.reason, failed.next_action),
    )


def _was_steady(connection: sqlite3.Connection, recipe_id: str, at: int) -> bool:
    row = connection.execute(
        "select ready_at from failed_starts where recipe_id = ?", (recipe_id,)
    ).fetchone()
    return row is not None and row[0] is not None and at - row[0] >= STEADY_S * 1e6


def _forget(connection: sqlite3.Connection, recipe_id: str) -> None:
    connection.execute("delete from failed_starts where recipe_id = ?", (recipe_id,))
