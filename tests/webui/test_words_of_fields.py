"""Every field of a recipe that the server knows has its words in every language of the window."""

import json
import re

import pytest

from core.recipes.fields import FIELDS
from tests.harness.studio import ROOT

I18N = ROOT / "webui" / "src" / "lib" / "i18n"
LANGUAGES = sorted(one.parent.name for one in I18N.glob("*/fields.ts"))


def words(language: str) -> dict[str, str]:
    """The catalogue of the fields: one entry a line."""
    text = (I18N / language / "fields.ts").read_text()
    entries = re.findall(r"^  '([^']+)':\s*'((?:[^'\\]|\\.)*)',$", text, re.M)
    return {key: json.loads('"' + said.replace("\\'", "'") + '"') for key, said in entries}


def wanted() -> set[str]:
    """The keys that the form says."""
    keys = {f"group.{field.group}" for field in FIELDS}
    keys |= {f"field.unit.{field.unit.lower()}" for field in FIELDS if field.unit}
    for field in FIELDS:
        keys |= {f"field.{field.name}", f"field.{field.name}.help"}
        keys |= {f"field.{field.name}.{part.name}" for part in field.parts}
    return keys


def test_the_languages_are_found() -> None:
    """An empty list would let the rest pass."""
    assert {"en", "de", "zh"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_has_words(language: str) -> None:
    """A new field without them fails here, and so do words of a field that is gone."""
    known = words(language)
    assert wanted() - known.keys() == set()
    assert all(known[key].strip() for key in wanted())
    others = {"field.default", "field.on", "field.off"}
    assert known.keys() - wanted() == others


def test_the_english_words_are_the_server_s() -> None:
    """One explanation of a field, in the terminal as in the window."""
    english = words("en")
    for field in FIELDS:
        assert english[f"field.{field.name}"] == field.label
        assert english[f"field.{field.name}.help"] == field.help
        for part in field.parts:
            assert english[f"field.{field.name}.{part.name}"] == part.label
