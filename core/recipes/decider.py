"""Who may save which recipe, under which names. Pure: facts in, facts out.

        created, cloned, imported
    Absent ───────────────────────► Saved ◄──┐ revised, imported
                                    │   ▲    │
                           archived ▼   │ restored
                                   Archived

A wish that would change nothing gives no facts. A refusal is a sentence for who asked.
"""

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

import msgspec

from core.errors import Invalid, NotAllowed, NotFound, Refused
from core.recipes.commands import (
    ArchiveRecipe,
    CloneRecipe,
    CreateRecipe,
    ImportRecipe,
    RecipeCommand,
    RestoreRecipe,
    ReviseRecipe,
)
from core.recipes.powers import only_for_owner, runs_the_same
from core.recipes.problem import Problem, wrong
from core.recipes.recipe import Recipe
from core.recipes.stored import from_data, plain
from core.recipes.validation import demand_valid
from events.facts import (
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeImported,
    RecipeRestored,
    RecipeRevised,
)
from events.facts.base import Fact

# State


class Absent(msgspec.Struct, frozen=True):
    """Nothing of this id was ever saved."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """It is there, at this revision."""

    recipe: Mapping[str, Any]
    revision: int


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """It was put away at this revision."""

    recipe: Mapping[str, Any]
    revision: int


State = Absent | Saved | Archived
initial: State = Absent()


def recipe_id_of(command: RecipeCommand) -> str:
    """The recipe whose stream decides on this command."""
    return command.recipe_id


# Decide


def decide(command: RecipeCommand, state: State) -> list[Fact]:
    """The facts that follow from the wish, or a refusal."""
    match command:
        case CreateRecipe():
            return _create(command, state)
        case ReviseRecipe():
            return _revise(command, state)
        case CloneRecipe():
            return _clone(command, state)
        case ArchiveRecipe():
            return _archive(command, state)
        case RestoreRecipe():
            return _restore(command, state)
        case ImportRecipe():
            return _import(command, state)
        case _:
            assert_never(command)


def _create(command: CreateRecipe, state: State) -> list[Fact]:
    recipe = command.recipe
    _demand_absent(recipe.id, state)
    _demand_savable(recipe, command.taken_names, state, owner=command.owner)
    return [RecipeCreated(recipe_id=recipe.id, recipe=plain(recipe))]


def _revise(command: ReviseRecipe, state: State) -> list[Fact]:
    recipe = command.recipe
    saved = _demand_saved(recipe.id, state)
    if command.expected_revision not in (None, saved.revision):
        raise Refused(
            f"{recipe.id} was changed in the meantime: it is at revision {saved.revision}, "
            f"your change began at {command.expected_revision}",
            code="revision-conflict",
            next_action="Look at the newer revision, then make your change again.",
        )
    if plain(recipe) == saved.recipe:
        return []
    _demand_savable(recipe, command.taken_names, state, owner=command.owner)
    revision = saved.revision + 1
    return [RecipeRevised(recipe_id=recipe.id, recipe=plain(recipe), revision=revision)]


def _clone(command: CloneRecipe, state: State) -> list[Fact]:
    recipe = command.recipe
    _demand_absent(recipe.id, state)
    _demand_savable(recipe, command.taken_names, state, owner=True)
    return [RecipeCloned(recipe_id=recipe.id, source_id=command.source_id, recipe=plain(recipe))]


def _archive(command: ArchiveRecipe, state: State) -> list[Fact]:
    if isinstance(state, Absent):
        raise _not_found(command.recipe_id)
    if isinstance(state, Archived):
        return []
    return [RecipeArchived(recipe_id=command.recipe_id)]


def _restore(command: RestoreRecipe, state: State) -> list[Fact]:
    if isinstance(state, Absent):
        raise _not_found(command.recipe_id)
    if isinstance(state, Saved):
        return []
    _demand_free_names(from_data(state.recipe), command.taken_names)
    return [RecipeRestored(recipe_id=command.recipe_id)]


def _import(command: ImportRecipe, state: State) -> list[Fact]:
    recipe = command.recipe
    if isinstance(state, Saved) and plain(recipe) == state.recipe:
        return []
    if not command.replace:
        _demand_absent(recipe.id, state)
    _demand_savable(recipe, command.taken_names, state, owner=command.owner)
    imported = RecipeImported(
        recipe_id=recipe.id,
        source=command.source,
        recipe=plain(recipe),
        revision=1 if isinstance(state, Absent) else state.revision + 1,
    )
    if isinstance(state, Archived):
        return [RecipeRestored(recipe_id=recipe.id), imported]
    return [imported]


# Rules


def _demand_absent(recipe_id: str, state: State) -> None:
    match state:
        case Saved():
            raise Refused(
                f"There is already a recipe {recipe_id!r}",
                code="recipe-exists",
                next_action="Choose another id, or change the recipe that is there.",
            )
        case Archived():
            raise Refused(
                f"There is a recipe {recipe_id!r} in the archive",
                code="recipe-archived",
                next_action="Bring it back from the archive, or choose another id.",
            )


def _demand_saved(recipe_id: str, state: State) -> Saved:
    match state:
        case Absent():
            raise _not_found(recipe_id)
        case Archived():
            raise Refused(
                f"The recipe {recipe_id!r} is in the archive",
                code="recipe-archived",
                next_action="Bring it back from the archive first.",
            )
        case Saved():
            return state


def _not_found(recipe_id: str) -> NotFound:
    return NotFound(f"There is no recipe {recipe_id!r}", code="recipe_not_found")


def _demand_savable(
    recipe: Recipe, taken_names: frozenset[str], state: State, *, owner: bool
) -> None:
    demand_valid(recipe)
    _demand_free_names(recipe, taken_names)
    reason = None if owner else only_for_owner(recipe)
    if reason is not None and not _runs_what_it_did(recipe, state):
        raise NotAllowed(
            f"{reason}, so only the owner of this machine can save it",
            code="owner-only",
            next_action="Use `vllm-studio recipes` on this machine, or the app's own window.",
        )


def _runs_what_it_did(recipe: Recipe, state: State) -> bool:
    return isinstance(state, Saved) and runs_the_same(recipe, from_data(state.recipe))


def names_taken(recipe: Recipe, taken_names: frozenset[str]) -> Iterator[Problem]:
    """An error for each of its names that another model has."""
    for name in recipe.names:
        if name in taken_names:
            message = f"The name {name!r} already belongs to another model"
            yield wrong(_field_of(name, recipe), message)


def _demand_free_names(recipe: Recipe, taken_names: frozenset[str]) -> None:
    for problem in names_taken(recipe, taken_names):
        raise Invalid(
            problem.message,
            field=problem.field,
            code="name-taken",
            next_action="Choose another name, or take it from the other first.",
        )


def _field_of(name: str, recipe: Recipe) -> str:
    if name == recipe.id:
        return "id"
    if name == recipe.served_name:
        return "served_name"
    if name in recipe.aliases:
        return f"aliases[{recipe.aliases.index(name)}]"
    if name in recipe.presets:
        return f"presets.{name}"
    return f"loras[{recipe.adapters.index(name)}].name"


# Evolve


def evolve(state: State, fact: Fact) -> State:
    """The state after the fact. What is not about a recipe changes nothing."""
    match fact:
        case RecipeCreated() | RecipeCloned() | RecipeImported() | RecipeRevised():
            return Saved(recipe=fact.recipe, revision=fact.revision)
        case RecipeArchived() if isinstance(state, Saved):
            return Archived(recipe=state.recipe, revision=state.revision)
        case RecipeRestored() if isinstance(state, Archived):
            return Saved(recipe=state.recipe, revision=state.revision)
        case _:
            return state
