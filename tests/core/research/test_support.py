"""What can be computed about support is right, and a model can not overrule it."""

import pytest

from core.research.passages import LEFT_OUT, excerpt
from core.research.support import bears_itself, may_bear, numbers_of

PASSAGE = "Mount Ada is 4,812 metres high, as the survey of 2019 found."


@pytest.mark.parametrize(
    ("sentence", "borne"),
    [
        ("Mount Ada is 4,812 metres high.", True),
        ("Mount Ada is 4812 m high, said the survey in 2019.", True),
        ("Mount Ada is 4,900 metres high.", False),
        ("The survey was made in 2020.", False),
        ("Cheese covers every glacier nearby.", False),
        ("Der Berg Ada ist 4812 Meter hoch und wurde vermessen.", True),
        ("Der Berg Ada ist 4900 Meter hoch und wurde vermessen.", False),
    ],
)
def test_numbers_and_words_have_to_be_there(sentence: str, borne: bool) -> None:
    """In another language only the numbers can be compared."""
    assert may_bear(sentence, [PASSAGE]) is borne


def test_nothing_bears_without_a_passage() -> None:
    """However plain it is."""
    assert not may_bear("Water is wet.", [])


def test_numbers_are_the_same_however_they_are_spelt() -> None:
    """In English, in German, with spaces."""
    assert numbers_of("1,234.5 and 12 345") == {"1234.5", "12345"}
    assert numbers_of("1.234,5") == {"1234.5"}


def test_what_stands_there_needs_nobody_to_be_asked() -> None:
    """Word for word."""
    assert bears_itself("mount ada is 4,812 metres high", [PASSAGE])
    assert not bears_itself("Mount Ada is high", [PASSAGE])


def test_an_excerpt_holds_what_is_asked_about() -> None:
    """In the page's own order; what was left out is seen to be left out."""
    page = "\n\n".join(
        ["About Norland.", *(f"Filler {n}. " * 20 for n in range(50)), PASSAGE, "The end."]
    )
    told = excerpt(page, "How high is Mount Ada?", 1_000)
    assert PASSAGE in told
    assert LEFT_OUT in told
    assert len(told) < 1_100
    assert excerpt("short", "x", 1_000) == "short"


def test_an_excerpt_of_one_endless_line_is_cut() -> None:
    """A page need not have paragraphs."""
    assert len(excerpt("word " * 100_000, "word", 2_000)) < 2_100
