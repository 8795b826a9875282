"""What goes wrong in the web is said in every language of the window."""

import ast
from pathlib import Path

import pytest

import core.research.web
from tests.webui.catalogues import FOREIGN, catalogue, skeleton

HERE = Path(core.research.web.__file__).parent
SAYING = {"WebProblem", "Invalid", "_problem", "_bad", "_refused"}


def sentences() -> set[str]:
    """Every sentence and every next action that is raised in this package, as skeletons."""
    calls = (
        node
        for file in HERE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING
    )
    told = (
        one
        for call in calls
        for one in (*call.args, *(key.value for key in call.keywords if key.arg == "next_action"))
    )
    return {text for one in told if " " in (text := _text(one)) or text.endswith(".")}


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return skeleton(text)
        case ast.JoinedStr(values=values):
            pieces = (str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values)
            return skeleton("".join(pieces))
    return ""


def test_the_sentences_are_found() -> None:
    """An empty set would let the rest pass."""
    assert len(sentences()) > 70
    assert skeleton("Only http and https are read") in sentences()


@pytest.mark.parametrize("language", FOREIGN)
def test_every_sentence_has_words(language: str) -> None:
    """A new one without them fails here."""
    known = {
        skeleton(phrase) for part in ("said", "refusals") for phrase in catalogue(language, part)
    }
    assert sentences() - known == set()
