"""A mistyped name is answered with what was meant, or with nothing at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.nearest import did_you_mean, nearest

KNOWN = ("context_length", "memory_fraction", "model", "input_per_million")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("contextlength", "context_length"),
        ("Context-Length", "context_length"),
        ("--context-length", "context_length"),
        ("modle", "model"),
        ("input", "input_per_million"),
        ("max_model_len", "context_length"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found_in_any_spelling(word: str, meant: str | None) -> None:
    """Case, dashes, typos, beginnings, and other programs' names."""
    assert nearest(word, KNOWN, {"max_model_len": "context_length"}) == meant


def test_a_name_of_ours_comes_before_the_same_name_of_others() -> None:
    """What we call a thing counts."""
    assert nearest("model", KNOWN, {"model": "context_length"}) == "model"


def test_no_guess_adds_no_words() -> None:
    """A far-fetched guess would send people the wrong way."""
    assert did_you_mean("zzz", KNOWN) == ""
    assert did_you_mean("modle", KNOWN) == " Did you mean 'model'?"


@given(word=st.text(), known=st.lists(st.text()))
def test_the_answer_is_always_a_known_name(word: str, known: list[str]) -> None:
    """Whatever was typed."""
    assert nearest(word, known) in {*known, None}
