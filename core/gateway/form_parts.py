"""Where the parts of a multipart form stand, read as whoever gets the form will read it.

Permission is asked for the model that we see, so nobody may see another one: what readers of forms
may understand differently (a boundary said twice, two names for one part, another charset) is
refused, and a boundary counts only where RFC 2046 lets it stand.
"""

import re
from collections.abc import Iterator

from core.errors import Invalid

Span = tuple[int, int]

_KEY = rb'[^\s=;"\\]+'
_TOKEN = rb'[^\s;"\\]+'
_QUOTED = rb'"(?:[^"\\\r]|\\[^\r])*"'
_PARAMETER = rb"[ \t]*;[ \t]*(%b)[ \t]*=[ \t]*(%b|%b)" % (_KEY, _QUOTED, _TOKEN)
_VALUE = re.compile(rb"[ \t]*([^\s;,]+)((?:%b)*)[ \t;]*" % _PARAMETER)
_EACH = re.compile(_PARAMETER)
_DISPOSITION = re.compile(rb"(?:^|\r\n)content-disposition[ \t]*:([^\r]*)", re.IGNORECASE)
LONGEST_HEAD = 16 * 1024
_CHARSETS = (b"", b"utf-8", b"utf8", b"us-ascii")


def form_parts(data: bytes, content_type: bytes) -> Iterator[tuple[str, Span]]:
    """Every part's name and where its content stands. Raises Invalid where that is ambiguous."""
    mark = b"--" + _boundary(content_type)
    at = 0 if _stands(data, mark, 0) else _next(data, mark, 0) + 2
    while _stands(data, mark, at) and not data.startswith(b"--", at + len(mark)):
        head_end = data.find(b"\r\n\r\n", at)
        end = _next(data, mark, head_end + 2)
        if head_end < 0 or end < 0:
            return
        if head_end - at > LONGEST_HEAD:
            raise _unclear("A part of the form has no end to its headers")
        name = _name(data[at + len(mark) : head_end])
        yield name.decode("utf-8", "replace"), (min(head_end + 4, end), end)
        at = end + 2


def _next(data: bytes, mark: bytes, at: int) -> int:
    """Where the line break before the next boundary stands; -1: there is none."""
    at = data.find(b"\r\n" + mark, at)
    while at >= 0 and not _stands(data, mark, at + 2):
        at = data.find(b"\r\n" + mark, at + 1)
    return at


def _stands(data: bytes, mark: bytes, at: int) -> bool:
    """Whether a boundary is here, and not a longer word of the content."""
    after = at + len(mark)
    return data.startswith(mark, at) and data[after : after + 2] in (b"\r\n", b"--")


def _boundary(content_type: bytes) -> bytes:
    kind, told = _read(content_type)
    boundary = told.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise _unclear("The body is not a multipart form with a boundary")
    if told.get(b"charset", b"").lower() not in _CHARSETS:
        raise _unclear("The names and texts of a form should be UTF-8")
    return boundary


def _name(head: bytes) -> bytes:
    found = _DISPOSITION.findall(head)
    if len(found) != 1:
        raise _unclear("Each part of a form should have one content-disposition")
    name = _read(found[0])[1].get(b"name")
    if name is None:
        raise _unclear("Each part of a form should have a name")
    return name


def _read(value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A header's word and its parameters, each said once and in one way."""
    read = _VALUE.fullmatch(value)
    if read is None:
        raise _unclear("The form's headers can not be read")
    told: dict[bytes, bytes] = {}
    for name, raw in _EACH.findall(read[2]):
        key = name.lower()
        if key in told or key.startswith((b"name*", b"boundary*")):
            raise _unclear(f"The form says {key.decode('latin-1')!r} twice, or in two ways")
        told[key] = re.sub(rb"\\(.)", rb"\1", raw[1:-1]) if raw.startswith(b'"') else raw
    return read[1].lower(), told


def _unclear(sentence: str) -> Invalid:
    return Invalid(sentence, code="invalid_form")
