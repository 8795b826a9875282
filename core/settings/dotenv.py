"""Read a `.env` file: KEY=VALUE lines, quotes, comments. Small on purpose, and strict.

Nothing is expanded ($HOME stays $HOME) and nothing is executed: a value is what stands there.
"""

import re
from typing import NamedTuple

from core.errors import Invalid

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[^=\s]+)\s*=\s*(?P<rest>.*)$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_SINGLE = re.compile(r"'([^']*)'\s*(?:#.*)?")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


class Entry(NamedTuple):
    """One assignment and where it stands."""

    name: str
    value: str
    line: int  # from 1


def parse_dotenv(text: str, *, file: str = ".env") -> list[Entry]:
    """Every assignment, in order; the last of a name counts. Invalid names file and line."""
    entries = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            entries.append(Entry(*_assignment(line), number))
        except ValueError as reason:
            raise Invalid(f"{file}, line {number}: {reason}", code="dotenv-syntax") from None
    return entries


def _assignment(line: str) -> tuple[str, str]:
    match = _LINE.match(line)
    if match is None:
        raise ValueError("expected KEY=VALUE")
    if _NAME.fullmatch(match["name"]) is None:
        raise ValueError(f"{match['name']!r} is not a name for an environment variable")
    return match["name"], _value(match["rest"].strip())


def _value(rest: str) -> str:
    if rest.startswith('"'):
        return re.sub(r"\\(.)", _unescape, _quoted(_DOUBLE, rest))
    if rest.startswith("'"):
        return _quoted(_SINGLE, rest)
    return re.split(r"(?:^|\s)#", rest, maxsplit=1)[0].strip()


def _quoted(pattern: re.Pattern[str], rest: str) -> str:
    match = pattern.fullmatch(rest)
    if match is None:
        raise ValueError("the quote does not end, or something follows it")
    return match[1]


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[0])
