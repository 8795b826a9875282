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
MOST_READ = 100_000  # characters of an answer
MOST_STARTS = 100  # places at which it could begin
_COMMA = re.compile(r",(\s*[}\]])")
_CLOSES = {"{": "}", "[": "]"}


class Unreadable(ValueError):
    """Nothing in it is what was asked for; the message tells the model why."""


def parsed(text: str, kind: type[T]) -> T:
    """The first thing in the text that is of this kind. Raises Unreadable."""
    problem = "there is no JSON in it"
    for value in _values(text):
        try:
            return msgspec.convert(_whole(value), kind, strict=False)
        except msgspec.ValidationError as error:
            problem = str(error)
    raise Unreadable(problem)


def _whole(value: object) -> object:
    """Without half characters, which JSON can spell and nothing can keep."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_whole(one) for one in value]
        case dict():
            return {_whole(key): _whole(one) for key, one in value.items()}
        case _:
            return value


def _values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(strict=False)
    text, at = text[:MOST_READ], 0
    for _ in range(MOST_STARTS):
        if (at := _next(text, at)) < 0:
            return
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
