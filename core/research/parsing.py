"""JSON out of what a model wrote, however it wrapped it. Pure.

Small models put fences about it, talk before and after it, leave a comma too many, or stop before
the last bracket. All that is forgiven; what is in it must still be of the shape that was asked.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_COMMA = re.compile(r",(\s*[}\]])")
_CLOSES = {"{": "}", "[": "]"}


class Unreadable(ValueError):
    """Nothing in it is what was asked for; the message tells the model why."""


def parsed(text: str, kind: type[T]) -> T:
    """The first thing in the text that is of this kind. Raises Unreadable."""
    problem = "there is no JSON in it"
    for value in _values(text):
        try:
            return msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            problem = str(error)
    raise Unreadable(problem)


def _values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(strict=False)
    at = 0
    while (at := _next(text, at)) >= 0:
        for told in (text[at:], _COMMA.sub(r"\1", text[at:])):
            try:
                value, _ = decoder.raw_decode(told)
            except (ValueError, RecursionError):
                continue
            yield value
            break
        else:
            yield from _completed(decoder, _COMMA.sub(r"\1", text[at:]))
        at += 1


def _next(text: str, at: int) -> int:
    found = [place for sign in _CLOSES if (place := text.find(sign, at)) >= 0]
    return min(found) if found else -1


def _completed(decoder: json.JSONDecoder, text: str) -> Iterator[Any]:
    """What was cut off, up to its last whole value."""
    for end in sorted({one.end() for one in re.finditer(r'["}\]\d]', text)}, reverse=True)[:20]:
        told = text[:end]
        try:
            value, _ = decoder.raw_decode(told + _missing(told))
        except (ValueError, RecursionError):
            continue
        yield value
        return


def _missing(text: str) -> str:
    """The brackets that are still open, closed."""
    open_: list[str] = []
    quoted = escaped = False
    for one in text:
        if escaped:
            escaped = False
        elif one == "\\":
            escaped = quoted
        elif one == '"':
            quoted = not quoted
        elif not quoted and one in _CLOSES:
            open_.append(_CLOSES[one])
        elif not quoted and open_ and one == open_[-1]:
            open_.pop()
    return ('"' if quoted else "") + "".join(reversed(open_))
