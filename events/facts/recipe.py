"""Facts about saved launch configurations. Stream: `recipe-<recipe_id>`.

`recipe` is the whole recipe as plain data at that revision: this package knows no recipe type.
Secret values never stand in it, only references to them.
"""

from typing import Any

from events.facts.base import Fact


class RecipeCreated(Fact, frozen=True, kw_only=True, tag="recipe-created"):
    """The recipe {recipe_id} was created."""

    recipe_id: str
    recipe: dict[str, Any]
    revision: int = 1


class RecipeRevised(Fact, frozen=True, kw_only=True, tag="recipe-revised"):
    """The recipe {recipe_id} was changed to revision {revision}."""

    recipe_id: str
    recipe: dict[str, Any]
    revision: int


class RecipeCloned(Fact, frozen=True, kw_only=True, tag="recipe-cloned"):
    """The recipe {recipe_id} was made as a copy of {source_id}."""

    recipe_id: str
    source_id: str
    recipe: dict[str, Any]
    revision: int = 1


class RecipeImported(Fact, frozen=True, kw_only=True, tag="recipe-imported"):
    """The recipe {recipe_id} was imported from {source}."""

    recipe_id: str
    source: str
    recipe: dict[str, Any]
    revision: int = 1


class RecipeArchived(Fact, frozen=True, kw_only=True, tag="recipe-archived"):
    """The recipe {recipe_id} was archived."""

    recipe_id: str


class RecipeRestored(Fact, frozen=True, kw_only=True, tag="recipe-restored"):
    """The recipe {recipe_id} was brought back from the archive."""

    recipe_id: str
