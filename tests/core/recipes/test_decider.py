"""Given these facts, when this is asked, then these facts."""

from collections.abc import Callable, Sequence
from functools import reduce

import pytest

from core.errors import Invalid, NotAllowed, NotFound, Refused, StudioError
from core.recipes.commands import (
    ArchiveRecipe,
    CloneRecipe,
    CreateRecipe,
    ImportRecipe,
    RecipeCommand,
    RestoreRecipe,
    ReviseRecipe,
    as_clone,
)
from core.recipes.decider import decide, evolve, initial, recipe_id_of
from core.recipes.recipe import Lora, Recipe
from core.recipes.stored import plain
from events.facts import (
    EngineLost,
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeImported,
    RecipeRestored,
    RecipeRevised,
)
from events.facts.base import Fact

QWEN = Recipe(id="qwen", model="Qwen/Qwen3-8B", served_name="q", aliases=("gpt-4o",))
LONGER = Recipe(id="qwen", model="Qwen/Qwen3-8B", context_length=8192)
OWN = Recipe(id="own", engine="command", command=("serve", "{port}"))

CREATED = RecipeCreated(recipe_id="qwen", recipe=plain(QWEN))
REVISED = RecipeRevised(recipe_id="qwen", recipe=plain(LONGER), revision=2)
ARCHIVED = RecipeArchived(recipe_id="qwen")
RESTORED = RecipeRestored(recipe_id="qwen")
OWN_CREATED = RecipeCreated(recipe_id="own", recipe=plain(OWN))


def when(past: Sequence[Fact], command: RecipeCommand) -> list[Fact]:
    """What is decided on `command` after `past`."""
    return decide(command, reduce(evolve, past, initial))


def test_a_new_recipe_is_created_at_revision_one() -> None:
    """The whole recipe stands in the fact, as plain data."""
    assert when([], CreateRecipe(recipe=QWEN)) == [CREATED]
    assert CREATED.revision == 1
    assert CREATED.recipe == {
        "id": "qwen",
        "model": "Qwen/Qwen3-8B",
        "served_name": "q",
        "aliases": ["gpt-4o"],
    }


def test_a_change_is_the_next_revision() -> None:
    """Revisions count on, also after a time in the archive."""
    assert when([CREATED], ReviseRecipe(recipe=LONGER)) == [REVISED]
    past = [CREATED, REVISED, ARCHIVED, RESTORED]
    assert when(past, ReviseRecipe(recipe=QWEN)) == [
        RecipeRevised(recipe_id="qwen", recipe=plain(QWEN), revision=3)
    ]


def test_a_copy_names_its_source_and_leaves_it_its_names() -> None:
    """Two recipes never answer to one name; a copy does not load itself at the start."""
    copy = as_clone(Recipe(id="a", model="m", name="A", served_name="x", preload=True), "b")
    assert copy == Recipe(id="b", model="m", name="A (copy)")
    assert when([], CloneRecipe(source_id="a", recipe=copy)) == [
        RecipeCloned(recipe_id="b", source_id="a", recipe=plain(copy))
    ]


def test_an_import_names_where_it_came_from() -> None:
    """The history of a recipe begins with its file."""
    assert when([], ImportRecipe(recipe=QWEN, source="team.toml")) == [
        RecipeImported(recipe_id="qwen", source="team.toml", recipe=plain(QWEN))
    ]


def test_an_import_replaces_only_when_asked_and_then_as_a_revision() -> None:
    """Nobody's work is lost by opening a file."""
    imported = RecipeImported(recipe_id="qwen", source="f", recipe=plain(LONGER), revision=2)
    with pytest.raises(Refused, match="already"):
        when([CREATED], ImportRecipe(recipe=LONGER, source="f"))
    command = ImportRecipe(recipe=LONGER, source="f", replace=True)
    assert when([CREATED], command) == [imported]
    assert when([CREATED, ARCHIVED], command) == [RESTORED, imported]


def test_archive_and_restore_lead_to_each_other() -> None:
    """Put away is not lost."""
    assert when([CREATED], ArchiveRecipe(recipe_id="qwen")) == [ARCHIVED]
    assert when([CREATED, ARCHIVED], RestoreRecipe(recipe_id="qwen")) == [RESTORED]


@pytest.mark.parametrize(
    ("past", "command"),
    [
        ([CREATED], ReviseRecipe(recipe=QWEN)),
        ([CREATED, ARCHIVED], ArchiveRecipe(recipe_id="qwen")),
        ([CREATED], RestoreRecipe(recipe_id="qwen")),
        ([CREATED], ImportRecipe(recipe=QWEN, source="again.toml")),
    ],
)
def test_a_wish_that_is_already_so_gives_no_facts(past: list[Fact], command: RecipeCommand) -> None:
    """A repeat is silence, not an error."""
    assert when(past, command) == []


@pytest.mark.parametrize(
    ("past", "command", "error", "code"),
    [
        ([CREATED], CreateRecipe(recipe=LONGER), Refused, "recipe-exists"),
        ([CREATED], CreateRecipe(recipe=QWEN), Refused, "recipe-exists"),
        ([CREATED, ARCHIVED], CreateRecipe(recipe=QWEN), Refused, "recipe-archived"),
        ([CREATED], CloneRecipe(source_id="a", recipe=LONGER), Refused, "recipe-exists"),
        ([], ReviseRecipe(recipe=QWEN), NotFound, "recipe_not_found"),
        ([CREATED, ARCHIVED], ReviseRecipe(recipe=LONGER), Refused, "recipe-archived"),
        ([], ArchiveRecipe(recipe_id="qwen"), NotFound, "recipe_not_found"),
        ([], RestoreRecipe(recipe_id="qwen"), NotFound, "recipe_not_found"),
        (
            [CREATED, REVISED],
            ReviseRecipe(recipe=QWEN, expected_revision=1),
            Refused,
            "revision-conflict",
        ),
        ([], CreateRecipe(recipe=Recipe(id="a")), Invalid, "recipe-invalid"),
        (
            [CREATED],
            ReviseRecipe(recipe=Recipe(id="qwen", model="m", ttl_s=-1)),
            Invalid,
            "recipe-invalid",
        ),
    ],
)
def test_a_refusal_says_why(
    past: list[Fact], command: RecipeCommand, error: type[StudioError], code: str
) -> None:
    """Each has a code for programs and a sentence for people."""
    with pytest.raises(error) as refusal:
        when(past, command)
    assert refusal.value.code == code


def test_a_change_on_top_of_the_expected_revision_is_accepted() -> None:
    """The guard stops only who has not seen the newest."""
    assert when([CREATED], ReviseRecipe(recipe=LONGER, expected_revision=1)) == [REVISED]


NAMED: list[tuple[list[Fact], Callable[[frozenset[str]], RecipeCommand]]] = [
    ([], lambda names: CreateRecipe(recipe=QWEN, taken_names=names)),
    ([], lambda names: ImportRecipe(recipe=QWEN, source="f", taken_names=names)),
    ([], lambda names: CloneRecipe(source_id="a", recipe=QWEN, taken_names=names)),
    ([CREATED, REVISED], lambda names: ReviseRecipe(recipe=QWEN, taken_names=names)),
    ([CREATED, ARCHIVED], lambda names: RestoreRecipe(recipe_id="qwen", taken_names=names)),
]


@pytest.mark.parametrize(("past", "command"), NAMED)
@pytest.mark.parametrize(
    ("name", "field"), [("qwen", "id"), ("q", "served_name"), ("gpt-4o", "aliases[0]")]
)
def test_no_two_recipes_answer_to_one_name(
    past: list[Fact],
    command: Callable[[frozenset[str]], RecipeCommand],
    name: str,
    field: str,
) -> None:
    """Whichever way it is saved, and whichever of its names is taken."""
    with pytest.raises(Invalid) as error:
        when(past, command(frozenset({name, "other"})))
    assert (error.value.code, error.value.field) == ("name-taken", field)
    assert when(past, command(frozenset({"other"}))) != []


@pytest.mark.parametrize(
    "command",
    [CreateRecipe(recipe=OWN), ImportRecipe(recipe=OWN, source="f")],
)
def test_a_program_of_ones_own_is_for_the_owner(command: RecipeCommand) -> None:
    """A web page that reaches the port can not start programs."""
    with pytest.raises(NotAllowed) as error:
        when([], command)
    assert error.value.code == "owner-only"


def test_the_owner_may_save_a_program() -> None:
    """It is their machine."""
    assert when([], CreateRecipe(recipe=OWN, owner=True)) == [OWN_CREATED]


def test_others_may_change_what_does_not_reach_the_program() -> None:
    """When to unload is no power; what runs is."""
    calmer = Recipe(id="own", engine="command", command=("serve", "{port}"), ttl_s=60)
    other = Recipe(id="own", engine="command", command=("rm", "{port}"))
    renamed = Recipe(id="own", engine="command", command=("serve", "{port}"), served_name="; rm")
    assert len(when([OWN_CREATED], ReviseRecipe(recipe=calmer))) == 1
    for change in (other, renamed):
        with pytest.raises(NotAllowed):
            when([OWN_CREATED], ReviseRecipe(recipe=change))


def test_a_copy_of_what_the_owner_saved_needs_no_owner() -> None:
    """It runs nothing new."""
    assert len(when([], CloneRecipe(source_id="own", recipe=as_clone(OWN, "own-2")))) == 1


def test_a_restore_of_a_shape_from_another_version_is_possible() -> None:
    """Fields that this version does not know are no reason to lose a recipe."""
    newer = RecipeCreated(recipe_id="qwen", recipe={"id": "qwen", "model": "m", "wings": 2})
    assert when([newer, ARCHIVED], RestoreRecipe(recipe_id="qwen")) == [RESTORED]


def test_a_fact_of_another_concept_changes_nothing() -> None:
    """Folding never fails."""
    lost = EngineLost(engine_id="e", recipe_id="qwen", reason="x")
    state = reduce(evolve, [CREATED], initial)
    assert evolve(state, lost) == state
    assert evolve(initial, ARCHIVED) == initial
    assert evolve(initial, RESTORED) == initial


@pytest.mark.parametrize(
    "command",
    [
        CreateRecipe(recipe=QWEN),
        ReviseRecipe(recipe=QWEN),
        CloneRecipe(source_id="a", recipe=QWEN),
        ArchiveRecipe(recipe_id="qwen"),
        RestoreRecipe(recipe_id="qwen"),
        ImportRecipe(recipe=QWEN, source="f"),
    ],
)
def test_every_command_says_whose_stream_decides(command: RecipeCommand) -> None:
    """One stream a recipe."""
    assert recipe_id_of(command) == "qwen"


def test_a_clone_serves_its_adapters_under_names_of_its_own() -> None:
    """Names for clients belong to one recipe; the copy does not take the source's adapters'."""
    source = Recipe(id="a", model="org/m", loras=(Lora(name="law", path="/law"),))
    copy = as_clone(source, "b")
    assert copy.adapters == ("b-law",)
    assert not set(copy.names) & set(source.names)
