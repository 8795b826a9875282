"""Whether a piece of an address was drawn by chance, as keys are, or chosen by somebody. Pure.

    /api/mcp/s/NzYhNGQ4Zi1iMGY0/mcp          a key: letters and digits change too often for words
    /9f0c1d5e-8d0a-4a57-9f0e-2d5c0b1a7e33/   a key: a number that nobody else has
    /v1/streamable-http/oauth2/k8s-tools     words, versions, names

A piece is taken apart at its signs, and each part into runs: a word with or without a capital,
capitals, digits. A part of many short runs is no word; twelve characters of such parts make a key.
A number that is written as a UUID is taken for one: where it names something, hiding it costs
nothing, and where it stands in the address of a service it mostly is what lets one in.
"""

import re
from urllib.parse import unquote

from core.masking import holds_secret

ENOUGH = 12  # characters of parts that are no words
_UUID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[A-Za-z0-9]+")
_RUNS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]+", re.IGNORECASE)
_LONGEST_NUMBER = 19  # digits; accounts and snowflakes have as many
_LONGEST_WORD = 31


def is_drawn(piece: str) -> bool:
    """Whether nobody would have chosen it; `piece` as it stands in an address."""
    text = unquote(piece)
    if _UUID.search(text) or holds_secret(text):
        return True
    parts = _PARTS.findall(text)
    return _is_restless(parts) or sum(len(one) for one in parts if not _is_word(one)) >= ENOUGH


def _is_restless(parts: list[str]) -> bool:
    """Small letters, capitals and digits in turn, from the beginning to the end."""
    whole = "".join(parts)
    runs = sum(len(_RUNS.findall(one)) for one in parts)
    kinds = all(re.search(kind, whole) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return kinds and len(whole) >= ENOUGH and len(whole) / runs <= 2.3


def _is_word(part: str) -> bool:
    if part.isdigit():
        return len(part) <= _LONGEST_NUMBER
    if len(part) > _LONGEST_WORD or (len(part) >= 16 and _consonants(part) >= 7):
        return False
    if part.isalpha() and (part.islower() or part.isupper()):
        return len(part) < 24 or _consonants(part) < 5
    runs = len(_RUNS.findall(part))
    length = len(part) / runs  # of a run
    if any(sign.isdigit() for sign in part):
        return runs < 3 or length > (2 if runs == 3 else 6)
    return runs < 5 or length > (4 if len(part) >= 20 else 3.3)


def _consonants(part: str) -> int:
    """The most of them in a row."""
    return max(map(len, _CONSONANTS.findall(part)), default=0)
