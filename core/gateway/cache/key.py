"""When are two requests the same? When one digest says so: of everything an answer depends on.

Everything in the body counts, whoever it is meant for: an engine's own parameters, LoRA names,
fields that nobody knows. Only how the JSON is laid out does not: the order of names, the white
space, the escapes in texts. Numbers count as they are written, so 1, 1.0 and 1e0 are three; of a
name that is given twice both values count, because parsers differ in which of them they take.
"""

import hashlib
import json
from typing import Any

from core.gateway.hooks import Asked

SHAPING = (  # headers that change answers
    b"anthropic-beta",
    b"anthropic-version",
    b"x-studio-lane",
)
CANONICAL = 1024 * 1024  # bytes; larger bodies (pictures) count as they are written
LARGEST = 8 * 1024 * 1024  # larger ones are not looked at: digesting them would hold others up


def digest(asked: Asked, *, whose: str, revision: str) -> bytes | None:
    """The request's name in the cache. None: it has none, because it can not be compared.

    `whose`: whom the answer may be given to; `revision`: what would answer.
    """
    data = asked.body.data
    if asked.body.fields is None or len(data) > LARGEST:
        return None  # a form's boundary differs each time
    body = data
    if len(data) <= CANONICAL:
        try:
            body = canonical(data)
        except (ValueError, RecursionError):
            return None
    named = (asked.headers.get(name, b"") for name in SHAPING)
    parts = (whose.encode(), revision.encode(), asked.name.encode(), asked.path, asked.query)
    total = hashlib.sha256()
    for part in (*parts, *named, body):
        total.update(len(part).to_bytes(8, "big"))  # or two parts could pass for two others
        total.update(part)
    return total.digest()


def canonical(data: bytes) -> bytes:
    """The same bytes for the same JSON, and different ones for different JSON. Raises ValueError.

    Tagged, so that nothing can pass for something else: a number is {"n": "1e0"}, an object
    {"o": [[name, value], …]} sorted by name.
    """
    read: Any = json.loads(
        data,
        parse_int=_number,
        parse_float=_number,
        parse_constant=_number,
        object_pairs_hook=_pairs,
    )
    return json.dumps(read, separators=(",", ":")).encode()


def _number(written: str) -> dict[str, str]:
    return {"n": written}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {"o": sorted(pairs, key=_name)}  # stable: values of one name keep their order


def _name(pair: tuple[str, Any]) -> str:
    return pair[0]
