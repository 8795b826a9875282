"""The window's words as the tests read them: from the files, without a browser or Node."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "webui" / "src" / "lib" / "i18n"
FOREIGN = ("de", "zh")  # English is what the server says itself
PHRASES = ("said", "failures", "refusals")

_TEXT = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_PAIR = re.compile(rf"^  ({_TEXT}|[a-z]\w*):\s*({_TEXT}),$", re.MULTILINE)
_PLACE = re.compile(r"\{(\w+)[^{}]*\}")


@cache
def catalogue(language: str, part: str) -> dict[str, str]:
    """One part's words by key."""
    text = (WORDS / language / f"{part}.ts").read_text(encoding="utf-8")
    found = {_plain(key): _plain(value) for key, value in _PAIR.findall(text)}
    assert len(found) == sum(line.rstrip().endswith(",") for line in text.splitlines()), part
    return found


def _plain(literal: str) -> str:
    return str(ast.literal_eval(literal)) if literal[0] in "'\"" else literal


def places(text: str) -> set[str]:
    """The names of its places for values."""
    return set(_PLACE.findall(text))


def skeleton(text: str) -> str:
    """A template without the names of its places: "{a}{b} is gone." is "{} is gone"."""
    return re.sub(r"(\{\})+", "{}", re.sub(r"\{[^{}]*\}", "{}", text)).strip().rstrip(".")


@cache
def sayings() -> tuple[frozenset[str], ...]:
    """Every text the server's code holds, file by file, as skeletons."""
    files = [file for folder in ("core", "events") for file in (ROOT / folder).rglob("*.py")]
    return tuple(frozenset(_texts(file)) for file in files)


@cache
def _rows() -> tuple[str, ...]:
    return tuple("\0".join(texts) for texts in sayings())


def _texts(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(skeleton(node.value))
        elif isinstance(node, ast.JoinedStr):
            found.add(skeleton("".join(_piece(one) for one in node.values)))
    return found


def _piece(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


def is_said(phrase: str) -> bool:
    """Whether the server says this, whole or put together from pieces in one file."""
    wanted = skeleton(phrase)
    if any(wanted in texts for texts in sayings()):
        return True
    pieces = [piece for piece in wanted.split("{}") if len(piece.strip(" ,;:.")) > 2]
    return bool(pieces) and any(all(piece in row for piece in pieces) for row in _rows())
