"""From a title to an id that is free."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recipes.slug import free_id, is_id


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Qwen3 8B (fast)", "qwen3-8b-fast"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct"),
        ("Zoë's großes Modell", "zoe-s-groes-modell"),
        ("  --  ", "recipe"),
        ("模型", "recipe"),
        ("gateway", "gateway-2"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_title_becomes_an_id_that_reads_like_it(title: str, expected: str) -> None:
    """What can not stand in an id is left out; a word of the app's own gets a number."""
    assert free_id(title) == expected


def test_a_taken_id_gets_a_number() -> None:
    """The first free one, counted from 2, never longer than allowed."""
    assert free_id("Qwen", {"qwen", "qwen-2"}) == "qwen-3"
    assert free_id("x" * 64, {"x" * 64}) == "x" * 62 + "-2"


@given(title=st.text(), taken=st.sets(st.sampled_from(["recipe", "a", "b", "a-2", "app"])))
def test_every_title_gives_a_valid_free_id(title: str, taken: set[str]) -> None:
    """No title is refused, however strange."""
    chosen = free_id(title, taken)
    assert is_id(chosen)
    assert chosen not in taken


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "A", "a b", "a/b", "../a", "a\n", "app", "import", "x" * 65, "é"]
)
def test_what_would_break_an_address_or_a_path_is_no_id(text: str) -> None:
    """Ids stand in URLs, file names and stream names."""
    assert not is_id(text)
