"""What a small model writes about its JSON is forgiven; what is not in it is not made up."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.research.parsing import Unreadable, parsed
from core.research.prompts import CheckAnswer, NotesAnswer, PlanAnswer

TOLD = '{"steps": ["How high?", "Who first?"]}'


@pytest.mark.parametrize(
    "text",
    [
        TOLD,
        f"Sure! Here is the JSON:\n```json\n{TOLD}\n```\nAnything else?",
        '{"steps": ["How high?", "Who first?",],}',
        '{"steps": ["How high?", "Who first?"]',
        '{"steps": ["How high?", "Who first?"',
        'I thought {about it} and [so] on. {"steps": ["How high?", "Who first?"]}',
        '{"plan": 1} ' + TOLD,
        '[{"steps": ["How high?", "Who first?"]}]',
    ],
)
def test_json_is_found_whatever_stands_about_it(text: str) -> None:
    """Fences, chatter, a comma too many, brackets that are missing."""
    assert parsed(text, PlanAnswer).steps == ["How high?", "Who first?"]


def test_numbers_as_texts_are_numbers() -> None:
    """Small models quote them."""
    assert parsed('{"unsupported": ["2", 3]}', CheckAnswer).unsupported == [2, 3]


def test_what_was_cut_off_is_kept_up_to_there() -> None:
    """The last note is half; those before it are whole."""
    text = '{"notes": [{"claim": "a", "quote": "b"}, {"claim": "c", "quo'
    assert [one.claim for one in parsed(text, NotesAnswer).notes] == ["a"]


def test_half_characters_become_whole_ones() -> None:
    """JSON can spell what no text can hold."""
    told = parsed('{"steps": ["\\\\ud83d end"]}'.replace("\\\\", "\\"), PlanAnswer)
    assert told.steps[0].encode() == b"? end"


@pytest.mark.parametrize("text", ["", "I do not know.", '{"steps": 3}', "{", "[" * 5_000])
def test_what_is_not_there_is_unreadable(text: str) -> None:
    """And says why, for the model to hear."""
    with pytest.raises(Unreadable):
        parsed(text, PlanAnswer)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever a model writes."""
    with contextlib.suppress(Unreadable):
        assert all(isinstance(one, str) for one in parsed(text, PlanAnswer).steps)
