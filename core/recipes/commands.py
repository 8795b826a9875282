"""What may be asked of the recipes. Wishes: each may be refused.

What a decision needs to know beyond its own stream stands on the command, looked up by whoever
sends it: `taken_names` are all names (ids, served names, aliases) of the *other* recipes that are
not archived; `owner` says that the person who asks owns this machine.
"""

import msgspec

from core.recipes.recipe import Recipe


class CreateRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Save a new recipe."""

    recipe: Recipe
    taken_names: frozenset[str] = frozenset()
    owner: bool = False

    @property
    def recipe_id(self) -> str:
        """The recipe whose stream decides."""
        return self.recipe.id


class ReviseRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Change a recipe. `expected_revision` guards against overwriting someone else's change."""

    recipe: Recipe
    expected_revision: int | None = None
    taken_names: frozenset[str] = frozenset()
    owner: bool = False

    @property
    def recipe_id(self) -> str:
        """The recipe whose stream decides."""
        return self.recipe.id


class CloneRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Save `recipe`, which is a copy of the recipe `source_id` (see `as_clone`).

    Anybody may: the copy runs nothing that was not saved before.
    """

    source_id: str
    recipe: Recipe
    taken_names: frozenset[str] = frozenset()

    @property
    def recipe_id(self) -> str:
        """The recipe whose stream decides."""
        return self.recipe.id


def as_clone(source: Recipe, new_id: str) -> Recipe:
    """The same configuration under a new id; the names for clients stay with the source.

    Its adapters are served too, each under a name that begins with the new id.
    """
    adapters = tuple(
        msgspec.structs.replace(lora, name=f"{new_id}-{lora.name}") for lora in source.loras
    )
    return msgspec.structs.replace(
        source,
        id=new_id,
        name=f"{source.title} (copy)",
        served_name=None,
        aliases=(),
        presets={},
        loras=adapters,
        preload=False,
    )


class ArchiveRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Put a recipe away. Its history stays, and it can be brought back."""

    recipe_id: str


class RestoreRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Bring a recipe back from the archive."""

    recipe_id: str
    taken_names: frozenset[str] = frozenset()


class ImportRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """Save a recipe that came from a file; `source` says which. `replace`: an existing one, too."""

    recipe: Recipe
    source: str
    replace: bool = False
    taken_names: frozenset[str] = frozenset()
    owner: bool = False

    @property
    def recipe_id(self) -> str:
        """The recipe whose stream decides."""
        return self.recipe.id


RecipeCommand = (
    CreateRecipe | ReviseRecipe | CloneRecipe | ArchiveRecipe | RestoreRecipe | ImportRecipe
)
