"""What the server says in English is said in the window's other languages, and nothing else is."""

import pytest

from core.engines.failures import KNOWN
from core.runtimes.diagnosis import _PATTERNS as INSTALLING
from events.codec import FACT_TYPES, wire_name
from tests.webui.catalogues import FOREIGN, PHRASES, catalogue, is_said, places, skeleton

# What facts.ts makes of a fact's fields, for those whose English makes it in Python.
MADE = {
    "engine-memory-measured": {"gpu_total"},
    "key-limits-set": {"set"},
    "provider-saved": {"offers"},
}
TYPES = {wire_name(fact): fact for fact in FACT_TYPES}

pytestmark = pytest.mark.parametrize("language", FOREIGN)


def test_every_event_has_words_and_every_word_an_event(language: str) -> None:
    """The English stands in the event's class; a new one needs its words here."""
    texts = catalogue(language, "facts")
    assert TYPES.keys() - texts.keys() == set(), (
        f"webui/src/lib/i18n/{language}/facts.ts lacks them"
    )
    assert {key.partition("/")[0] for key in texts} - TYPES.keys() == set()


def test_every_place_in_a_fact_is_a_field_of_it(language: str) -> None:
    """A place that names nothing would stay empty."""
    for key, text in catalogue(language, "facts").items():
        tag = key.partition("/")[0]
        known = {*TYPES[tag].__struct_fields__, *MADE.get(tag, ())}
        assert places(text) <= known, f"{language}: {key}: {places(text) - known}"


def test_the_server_says_every_phrase(language: str) -> None:
    """A phrase that the server no longer says so would silently stay English."""
    for part in PHRASES:
        gone = [phrase for phrase in catalogue(language, part) if not is_said(phrase)]
        assert gone == [], (
            f"webui/src/lib/i18n/{language}/{part}.ts has words for what no file under core/ or"
            " events/ says any more: change them to what is said now, or take them out"
        )


def test_a_phrase_has_the_places_of_its_english(language: str) -> None:
    """What the English holds may be left out, but not named otherwise."""
    for part in PHRASES:
        for phrase, text in catalogue(language, part).items():
            assert places(text) <= places(phrase), f"{language}/{part}.ts: {phrase}"


def test_every_known_failure_has_words(language: str) -> None:
    """The tables of causes and next actions are said whole."""
    words = {skeleton(phrase) for phrase in catalogue(language, "failures")}
    told = [text for row in KNOWN for text in (row.reason, row.next_action)]
    told += [text for _, row in INSTALLING for text in (row.reason, row.next_action)]
    assert [text for text in told if skeleton(text) not in words] == []
