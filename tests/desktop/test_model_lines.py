"""How a model stands in the tray's list, and which of many do."""

from typing import Any

import pytest

from desktop.model_lines import NAME, REASON, in_words, short, standing_out
from desktop.words.speech import Speech
from tests.desktop.pictures import recipe

ENGLISH = Speech()


@pytest.mark.parametrize(
    ("state", "fields", "line"),
    [
        ("stopped", {}, "qwen"),
        ("stopped", {"expected_s": 12.0}, "qwen (about 10 s)"),
        ("stopped", {"pinned": True, "blocked": True}, "qwen (requests refused, pinned)"),
        ("starting", {}, "qwen (starting)"),
        ("loading", {"percent": 42.0}, "qwen (loading 42 %)"),
        ("ready", {"changed": True}, "qwen (ready, recipe changed)"),
        ("stopping", {}, "qwen (stopping)"),
        ("asleep", {}, "qwen (asleep)"),
        ("asleep", {"expected_s": 4.0}, "qwen (asleep, about 4 s)"),
        ("left-alone", {}, "qwen (left alone)"),
        ("failed", {}, "qwen (failed)"),
        ("failed", {"error": "out of memory"}, "qwen (failed: out of memory)"),
    ],
)
def test_a_model_says_what_is_to_be_known_of_it(
    state: Any,
    fields: dict[str, Any],
    line: str,
) -> None:
    """In brackets; one that only rests says nothing."""
    assert in_words(recipe("qwen", state, **fields), ENGLISH) == line


def test_no_line_is_longer_than_a_menu_is_wide() -> None:
    """Neither a name nor a reason takes all the room there is."""
    told = in_words(recipe("x" * 300, "failed", error="because " * 300), ENGLISH)
    assert len(told) == NAME + REASON + len(" (failed: )")


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("", 3, ""),
        ("abc", 3, "abc"),
        ("abcd", 3, "a…d"),
        ("Qwen/Qwen3-Next-80B-A3B-Instruct-FP8", 20, "Qwen/Qwen3-Ne…ct-FP8"),
    ],
)
def test_of_a_long_name_both_ends_are_told(text: str, most: int, cut: str) -> None:
    """Versions and quantisations stand at the end."""
    assert short(text, most) == cut


@pytest.mark.parametrize("most", range(3, 40))
def test_what_is_cut_is_as_long_as_it_may_be(most: int) -> None:
    """Not shorter, and never longer."""
    assert len(short("abcdefghij" * 10, most)) == most


def test_those_that_matter_now_stand_out() -> None:
    """What comes or is marked, what is in memory, what is pinned, what failed, what was asked."""
    models = [
        recipe("rests"),
        recipe("asked", requests_today=3),
        recipe("asked-more", requests_today=9),
        recipe("failed", "failed"),
        recipe("pinned", pinned=True),
        recipe("asleep", "asleep"),
        recipe("ready", "ready"),
        recipe("loading", "loading"),
    ]
    order = ["loading", "ready", "asleep", "pinned", "failed", "asked-more", "asked", "rests"]
    for most in range(len(order) + 2):
        assert standing_out(models, None, most) == frozenset(order[:most])
    assert standing_out(models, "rests", 1) == {"rests"}  # where a switch leads to, or comes from


def test_of_equals_the_first_stand_out() -> None:
    """So that the list does not jump about."""
    models = [recipe(name) for name in "abcd"]
    assert standing_out(models, None, 2) == {"a", "b"}
    assert standing_out((), None, 2) == frozenset()
