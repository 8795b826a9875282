"""Under what answers are kept: it changes with everything that shapes them, and with no more."""

from pathlib import Path

import msgspec
import pytest

from core.answer_policies import LIVE, hub_commit, revision
from core.engines.flags import NOT_FLAGS
from core.gateway.body import Filter
from core.recipes.recipe import Recipe

RECIPE = Recipe(id="r", model="org/model")
OF_THE_LAUNCH = frozenset(
    str.split("engine runtime model command devices env extra_args nodes node_backend node_address")
)
OF_NO_MATTER = frozenset(
    str.split(
        "id name notes aliases unlisted ttl_s pinned preload load_timeout_s stop_grace_s "
        "concurrency price priority sleep sleeper_ttl_s cache cache_ttl_s cache_shared "
        "single_flight fallbacks"
    )
)


def test_every_field_is_of_the_launch_or_counts_or_is_of_no_matter() -> None:
    """A new field counts until somebody says that it is harmless."""
    assert set(LIVE) == (set(NOT_FLAGS) & set(Recipe.__struct_fields__)) - (
        OF_THE_LAUNCH | OF_NO_MATTER
    )


@pytest.mark.parametrize(
    "other",
    [
        revision(RECIPE, "launch2"),
        revision(RECIPE, "launch", "commit"),
        revision(msgspec.structs.replace(RECIPE, id="r2"), "launch"),
        revision(msgspec.structs.replace(RECIPE, set_params={"top_k": 1}), "launch"),
        revision(msgspec.structs.replace(RECIPE, strip_params=("top_k",)), "launch"),
        revision(RECIPE, "launch", preset=Filter.of((), {"top_k": 1})),
        revision(RECIPE, "launch", preset=Filter.of(("top_k",), {})),
    ],
)
def test_what_shapes_answers_makes_another_revision(other: str) -> None:
    """Launch, commit, recipe, and what is changed in requests on their way."""
    assert other != revision(RECIPE, "launch")


def test_what_does_not_shape_them_leaves_the_answers_valid() -> None:
    """A price, a note."""
    noted = msgspec.structs.replace(RECIPE, notes="x", ttl_s=5, cache=True)
    assert revision(noted, "launch") == revision(RECIPE, "launch")


def test_a_branch_is_the_commit_it_points_to(tmp_path: Path) -> None:
    """As the hub's cache says; a folder, or a model that is not there, has none."""
    refs = tmp_path / "models--org--model" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text("abc123\n")
    assert hub_commit(RECIPE, [tmp_path / "elsewhere", tmp_path]) == "abc123"
    for recipe in (
        Recipe(id="r", model="/models/x"),
        Recipe(id="r", model="org/other"),
        Recipe(id="r", model="org/model", revision="v1"),
        Recipe(id="r", model="org/model", revision="../../x"),
    ):
        assert hub_commit(recipe, [tmp_path]) == ""
