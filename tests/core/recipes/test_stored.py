"""What the log holds can be read again, also by another version."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from core.errors import Invalid
from core.recipes.recipe import Recipe
from core.recipes.stored import from_data, plain
from tests.core.recipes.generated import recipes


@given(recipe=recipes())
@settings(max_examples=40, deadline=None)
def test_a_recipe_survives_the_log(recipe: Recipe) -> None:
    """Through JSON and back, equal."""
    data = msgspec.json.decode(msgspec.json.encode(plain(recipe)))
    assert data == plain(recipe)
    assert from_data(data) == recipe


def test_fields_of_a_newer_version_are_passed_over() -> None:
    """At every depth; what is known stays."""
    data = {
        "id": "a",
        "model": "m",
        "wings": 2,
        "loras": [{"name": "l", "path": "/p", "rank": 8}],
        "price": {"input_per_million": 1.0, "cached_per_million": 0.1},
        "speculative": {"method": "ngram", "depth": 3},
    }
    recipe = from_data(data)
    assert recipe.loras[0].name == "l"
    assert recipe.price is not None
    assert recipe.price.input_per_million == 1.0
    assert recipe.speculative is not None


@pytest.mark.parametrize(
    "data", [{}, {"id": 3}, {"id": "a", "loras": ["x"]}, {"id": "a", "loras": 3}, {"price": [1]}, 3]
)
def test_a_shape_that_can_not_be_read_is_one_kind_of_error(data: Any) -> None:
    """Whoever reads many recipes can pass over one."""
    with pytest.raises(Invalid):
        from_data(data)


def test_rules_of_today_do_not_hide_recipes_of_yesterday() -> None:
    """It was saved under the rules of its time; a start will say what is wrong now."""
    assert from_data({"id": "Old Id", "ttl_s": -1}) == Recipe(id="Old Id", ttl_s=-1)
