"""Whatever comes in, the answer is a valid recipe or an Invalid: never an error of another kind."""

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.recipes.exchange import dump, load
from core.recipes.recipe import Recipe
from core.recipes.stored import from_data, plain
from core.recipes.validation import check, parse_recipe

_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["vllm", "command", "{port}", "--port", "ngram", "@secret:x"])
    | st.dates()
)
_keys = st.text(max_size=4) | st.sampled_from(
    ["name", "path", "method", "model", "tokens", "input_per_million"]
)
_anything = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=6,
)
_recipes = st.dictionaries(
    st.sampled_from(Recipe.__struct_fields__) | st.text(max_size=4), _anything, max_size=4
).map(lambda fields: {"id": "a", "model": "m", **fields})
_noise = st.text(
    st.sampled_from("idmoelnv:=[]{}\"'\n -#,&*!|>%@`\\t1.\x00é") | st.characters(), max_size=60
)


@given(data=_recipes | _anything)
@settings(max_examples=120, deadline=None)
def test_any_data_is_a_recipe_or_invalid(data: Any) -> None:
    """And what is let in can be recorded, read again and exported."""
    try:
        recipe = parse_recipe(data)
    except Invalid:
        return
    assert not [problem for problem in check(recipe) if problem.severity == "error"]
    assert from_data(plain(recipe)) == recipe
    assert load(dump([recipe], "yaml"), "yaml") == [recipe]


@given(data=_recipes | _anything)
@settings(max_examples=60, deadline=None)
def test_any_stored_data_is_a_recipe_or_invalid(data: Any) -> None:
    """The log may come from another version."""
    with suppress(Invalid):
        from_data(data)


@given(text=_noise, format=st.sampled_from(["toml", "yaml", "json"]))
@settings(max_examples=120, deadline=None)
def test_any_text_is_recipes_or_invalid(text: str, format: str) -> None:
    """Files come from anywhere."""
    with suppress(Invalid):
        assert load(text, format)
