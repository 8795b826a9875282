"""The texts that answer best come first."""

from core.research.web.ranking import passage, ranked, terms_in, terms_of

TEXTS = {
    "ada": terms_of("Mount Ada", "Mount Ada is 4,812 metres high. It was climbed in 1931."),
    "bel": terms_of("Mount Bel", "Mount Bel is lower than Mount Ada. Its forests are old. " * 9),
    "rail": terms_of("Railway", "The railway is 61 kilometres long and was opened in 1926."),
    "empty": terms_of("", ""),
    "zh": terms_of("山", "阿达山高4812米,1931年首次登顶。"),
}


def test_rare_words_and_titles_count_most() -> None:
    """A long text that repeats a word does not win by that."""
    assert ranked("How high is Ada?", TEXTS, 5)[0] == "ada"
    assert ranked("railway 1926", TEXTS, 5) == ["rail"]
    assert ranked("", TEXTS, 5) == []
    assert ranked("zebrafish", TEXTS, 5) == []
    assert ranked("mount", {}, 5) == []
    assert len(ranked("is", TEXTS, 2)) == 2


def test_chinese_is_found_without_spaces() -> None:
    """By pairs of letters, in a sentence as in a query."""
    assert ranked("首次登顶", TEXTS, 3) == ["zh"]
    assert terms_in("阿达山 Ada") == ["阿达", "达山", "ada"]
    assert terms_in("山") == ["山"]
    assert terms_in("아다 산") == ["아다", "산"]


def test_the_passage_that_is_shown_has_the_words() -> None:
    """Cut around them where its paragraph is long."""
    text = "Nothing here.\n\n" + "x " * 300 + "the needle is here " + "y " * 300 + "\n\nNor here."
    shown = passage("needle", text, 80)
    assert "needle" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) <= 82
    assert passage("needle", "") == ""
    assert passage("zebra", "One.\n\nTwo.") == "One."
