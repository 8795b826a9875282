"""The single words that facts carry are said in every language that the timeline speaks."""

import ast
import importlib
import inspect
import re
from typing import get_args

import pytest

from core.chat import reply
from core.mcp import views
from core.offers import virtual
from tests.harness.studio import ROOT

I18N = ROOT / "webui" / "src" / "lib" / "i18n"
LANGUAGES = sorted(one.parent.name for one in I18N.glob("*/said.ts"))
WORDS = sorted(
    word
    for kind in (reply.Outcome, views.Outcome, views.Scope, views.Policy, virtual.Policy)
    for word in get_args(kind)
)


def test_the_languages_are_found() -> None:
    """An empty list would let the rest pass; English is the server's own."""
    assert {"de", "zh"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_has_a_word(language: str) -> None:
    """A new one without it would stand in English within a German sentence."""
    text = (I18N / language / "said.ts").read_text(encoding="utf-8")
    known = set(re.findall(r"^  '([^']+)':", text, re.M))
    assert [word for word in WORDS if word not in known] == []


CLAIMED = {"proved", "disproved", "not_provable", "skipped"}
LIVE = ("verify", "one_log", "kept", "models", "structure", "replaced", "segment_claims")


def _claims() -> set[str]:
    """The names of what a verification of a running log tells."""
    names: set[str] = set()
    for part in LIVE:
        module = importlib.import_module(f"events.audit.{part}")
        for call in ast.walk(ast.parse(inspect.getsource(module))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id not in CLAIMED:
                continue
            name = call.args[1]
            if isinstance(name, ast.Constant):
                names.add(str(name.value))
            elif isinstance(name, ast.Name) and hasattr(module, name.id):
                names.add(str(getattr(module, name.id)))
    return names


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_every_claim_has_a_name(language: str) -> None:
    """A new one would stand in English among German ones."""
    text = (I18N / language / "timeline.ts").read_text(encoding="utf-8")
    known = set(re.findall(r"^  'verify\.claim\.([^']+)':", text, re.M))
    assert len(_claims()) > 10
    assert sorted(_claims() - known) == []
