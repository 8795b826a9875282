"""Which recipes are there, and what did each look like before?"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeImported,
    RecipeRestored,
    RecipeRevised,
)


class SavedRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe at its newest revision."""

    recipe_id: str
    revision: int
    recipe: dict[str, Any]
    archived: bool
    created_at: int  # µs since the epoch
    updated_at: int  # µs since the epoch: the newest fact about it
    updated_by: str


class RecipeRevision(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe as one fact left it."""

    recipe_id: str
    revision: int
    recipe: dict[str, Any]
    position: int
    type: str  # the fact that made it
    recorded_at: int  # µs since the epoch
    actor: str


class SavedRecipes:
    """One row a recipe, and one for each revision it ever had."""

    name = "saved-recipes"
    version = 1
    tables = ("saved_recipes", "recipe_revisions")
    reads = (
        *(RecipeCreated, RecipeRevised, RecipeCloned, RecipeImported),
        *(RecipeArchived, RecipeRestored),
    )

    def create(self, db: Database) -> None:
        """Make the empty tables."""
        recipe = {"recipe_id": str, "revision": int, "recipe": str}
        db.table("saved_recipes").create(
            {
                **recipe,
                "archived": int,
                "created_at": int,
                "updated_at": int,
                "updated_by": str,
            },
            pk="recipe_id",
            strict=True,
        )
        db.table("recipe_revisions").create(
            {**recipe, "position": int, "type": str, "recorded_at": int, "actor": str},
            pk="position",
            strict=True,
        )
        db.table("recipe_revisions").create_index(["recipe_id", "position"])

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case (
                RecipeCreated(recipe_id=id, recipe=recipe, revision=revision)
                | RecipeRevised(recipe_id=id, recipe=recipe, revision=revision)
                | RecipeCloned(recipe_id=id, recipe=recipe, revision=revision)
                | RecipeImported(recipe_id=id, recipe=recipe, revision=revision)
            ):
                _save(connection, recorded, id, revision, recipe)
            case RecipeArchived(recipe_id=id):
                _set_archived(connection, recorded, id, True)
            case RecipeRestored(recipe_id=id):
                _set_archived(connection, recorded, id, False)
            case _:
                return


def saved_recipes(connection: sqlite3.Connection, archived: bool = False) -> list[SavedRecipe]:
    """List the recipes in use, or those in the archive, by id."""
    rows = connection.execute(
        f"select {_RECIPE} from saved_recipes where archived = ? order by recipe_id", (archived,)
    ).fetchall()
    return [_recipe(row) for row in rows]


def saved_recipe(connection: sqlite3.Connection, recipe_id: str) -> SavedRecipe | None:
    """Give one recipe, archived or not."""
    row = connection.execute(
        f"select {_RECIPE} from saved_recipes where recipe_id = ?", (recipe_id,)
    ).fetchone()
    return _recipe(row) if row else None


def recipe_history(connection: sqlite3.Connection, recipe_id: str) -> list[RecipeRevision]:
    """List every revision a recipe ever had, oldest first."""
    rows = connection.execute(
        f"select {_REVISION} from recipe_revisions where recipe_id = ? order by position",
        (recipe_id,),
    ).fetchall()
    return [
        RecipeRevision(
            recipe_id=row[0],
            revision=row[1],
            recipe=msgspec.json.decode(row[2]),
            position=row[3],
            type=row[4],
            recorded_at=row[5],
            actor=row[6],
        )
        for row in rows
    ]


_RECIPE = "recipe_id, revision, recipe, archived, created_at, updated_at, updated_by"
_REVISION = "recipe_id, revision, recipe, position, type, recorded_at, actor"


def _recipe(row: tuple[str, int, str, int, int, int, str]) -> SavedRecipe:
    return SavedRecipe(
        recipe_id=row[0],
        revision=row[1],
        recipe=msgspec.json.decode(row[2]),
        archived=bool(row[3]),
        created_at=row[4],
        updated_at=row[5],
        updated_by=row[6],
    )


def _save(
    connection: sqlite3.Connection,
    recorded: Recorded,
    id: str,
    revision: int,
    recipe: dict[str, Any],
) -> None:
    text, at, actor = msgspec.json.encode(recipe).decode(), recorded.recorded_at, recorded.actor
    connection.execute(
        f"insert into saved_recipes ({_RECIPE}) values (?, ?, ?, 0, ?, ?, ?)"
        " on conflict (recipe_id) do update set revision = excluded.revision,"
        " recipe = excluded.recipe, archived = 0, updated_at = excluded.updated_at,"
        " updated_by = excluded.updated_by",
        (id, revision, text, at, at, actor),
    )
    connection.execute(
        f"insert into recipe_revisions ({_REVISION}) values (?, ?, ?, ?, ?, ?, ?)",
        (id, revision, text, recorded.position, recorded.type, at, actor),
    )


def _set_archived(
    connection: sqlite3.Connection, recorded: Recorded, id: str, archived: bool
) -> None:
    connection.execute(
        "update saved_recipes set archived = ?, updated_at = ?, updated_by = ? where recipe_id = ?",
        (archived, recorded.recorded_at, recorded.actor, id),
    )
