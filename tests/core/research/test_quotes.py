"""A quote is where it is in the page, or it is none."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.research.quotes import span_of, stands_in, whole

PAGE = (
    "# Mount Ada\n\nMount Ada is **4,812 metres** high — the survey’s result of 2019.\n"
    "It was first climbed by “Ines Varga” in\n1931.\n\n阿达山高四千八百一十二米，是岛上最高的山。\n"
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("the survey’s result of 2019", "the survey’s result of 2019"),
        ("the survey's result of 2019", "the survey’s result of 2019"),
        ("Mount Ada is 4,812 metres high - the", "Mount Ada is **4,812 metres** high — the"),
        ('climbed by "Ines Varga" in 1931.', "climbed by “Ines Varga” in\n1931."),
        ('"It was first climbed by"', "It was first climbed by"),
        ("mount ada IS 4,812 METRES", "Mount Ada is **4,812 metres"),
        ("阿达山高四千八百一十二米", "阿达山高四千八百一十二米"),
    ],
)
def test_a_quote_is_found_however_it_is_typeset(quote: str, found: str) -> None:
    """What is shown is what stands in the page."""
    span = span_of(quote, PAGE)
    assert span is not None
    assert PAGE[span[0] : span[1]] == found


@pytest.mark.parametrize(
    "quote",
    [
        "Mount Ada is 4,900 metres high",
        "Mount Ada … in 1931",
        "1931",
        "",
        "** — **",
        "x" * 2_000,
        PAGE + " and more",
    ],
)
def test_what_is_not_there_is_no_quote(quote: str) -> None:
    """Nor is what would be found anywhere, or is no passage any more."""
    assert span_of(quote, PAGE) is None


letters = st.text(st.characters(categories=["Lu", "Ll", "Nd", "Zs"]), min_size=40, max_size=300)


@given(letters, st.data())
def test_every_part_of_a_page_is_found_in_it(page: str, data: st.DataObject) -> None:
    """Also with other white space; and what is found says the same."""
    start = data.draw(st.integers(0, len(page) - 30))
    part = page[start : start + 30]
    if sum(one.isalnum() for one in part) < 12:
        return
    span = span_of("\n ".join(part.split(" ")), page)
    assert span is not None
    assert _told(page[span[0] : span[1]]) == _told(part)


@pytest.mark.parametrize(
    ("quote", "sentence"),
    [
        ("that Mount Ada is high", "It is a lie that Mount Ada is high, says the survey."),
        (
            "It is a lie that Mount",
            "It is a lie that Mount Ada is high, says the survey.",
        ),
        ("and it costs 4.8 million", "They say no, and it costs 4.8 million crowns."),
        ("这座山高四千八百米", "据说这座山高四千八百米，但不对。"),
        ("It snows all year there.", "It snows all year there."),
    ],
)
def test_a_quote_grows_to_whole_sentences(quote: str, sentence: str) -> None:
    """What stands before half a sentence may deny it."""
    page = (
        "First of all.\n\nIt is a lie that Mount Ada is high, says the survey. They say no, and "
        "it costs 4.8 million crowns. It snows all year there. Yes.\n不要相信。"
        "据说这座山高四千八百米，但不对。完。"
    )
    span = span_of(quote, page)
    assert span is not None
    start, end = whole(span, page)
    assert page[start:end] == sentence


@given(letters, st.data())
def test_a_grown_quote_holds_what_was_quoted(page: str, data: st.DataObject) -> None:
    """And is a part of the page."""
    start = data.draw(st.integers(0, len(page) - 2))
    end = data.draw(st.integers(start + 1, len(page)))
    grown = whole((start, end), page)
    assert 0 <= grown[0] <= start
    assert end <= grown[1] <= len(page)


def test_words_stand_in_a_text_whatever_the_typography() -> None:
    """And else they do not."""
    assert stands_in("the survey's result", PAGE)
    assert not stands_in("the survey's results", PAGE)


def _told(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", "".join(text.split())).casefold().split())
