"""Secrets in text, in whatever spelling they stand there, replaced by "•••".

A key leaves a program in more forms than its own: inside JSON, in an address, in a traceback, in
the base64 of an Authorization header. Each secret is therefore looked for in all of them; a part
of one (the password in an address, each line of a private key) is a secret too.
"""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote_from_bytes, unquote, urlsplit

HIDDEN = "•••"
SHORTEST = 6  # characters; shorter values also occur in innocent words
SHORTEST_LINE = 12  # of a secret that has several
SHORTEST_ENCODED = 8  # of what is left of a value inside base64
# Keys by the shapes that their makers gave them, and addresses with a password inside.
_KEYS = (
    r"hf_[A-Za-z0-9]{30,}",
    r"gh[pousr]_[A-Za-z0-9]{30,}",
    r"github_pat_\w{40,}",
    r"glpat-[\w-]{20,}",
    r"xox[abp]-[A-Za-z0-9-]{20,}",
    r"AKIA[0-9A-Z]{16}",
    r"sk-(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{32,}",
)
_ADDRESS = r"://[^/\s:@{}?#,]*:[^/\s@{}?#,]+@(?!sha256:)"
_SHAPES = re.compile(rf"(?<![\w-])(?:{'|'.join(_KEYS)})(?![\w-])|{_ADDRESS}")


class Masking:
    """Knows some secrets, for good; cheap to ask about a text that holds none of them."""

    def __init__(self, values: Iterable[str]) -> None:
        found = {one for value in values for part in _parts(value) for one in spellings(part)}
        self._spellings = sorted(found, key=lambda spelling: (-len(spelling), spelling))

    def mask(self, text: str) -> str:
        """Longest first, so that a secret which contains another is hidden whole."""
        there = [spelling for spelling in self._spellings if spelling in text]
        if not there:
            return text
        return re.sub("|".join(map(re.escape, there)), HIDDEN, text)


def spellings(value: str) -> set[str]:
    """Every form in which it is looked for; none when it is too short to be told from a word."""
    if len(value) < SHORTEST:
        return set()
    data = value.encode("utf-8", "surrogateescape" if _is_escaped(value) else "surrogatepass")
    found = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(value))[3:-3],  # JSON that stands in JSON
        repr(value)[1:-1],
        ascii(value)[1:-1],
        repr(data)[2:-1],
        html.escape(value),
        shlex.quote(value),
        *_in_addresses(data),
        data.hex(),
        data.hex().upper(),
        *_in_base64(data),
    }
    return {one for one in found if len(one) >= SHORTEST}


def _is_escaped(value: str) -> bool:
    """Came from bytes that are no UTF-8, as an environment may hold them (PEP 383)."""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _parts(value: str) -> Iterator[str]:
    """1. the whole 2. what an encoded one means 3. the lines of what has several
    4. the password in an address
    """
    yield value  # 1
    yield value.strip()
    if "%" in value:
        yield unquote(value)  # 2
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= SHORTEST_LINE)  # 3
    if "://" in value:
        try:
            password = urlsplit(value).password  # 4
        except ValueError:
            return
        if password and value.count(password) == 1:  # else it is a name, and in every text
            yield password
            yield unquote(password)


def _in_addresses(data: bytes) -> Iterator[str]:
    """Percent-encoded, with and without the slash, and as a form does it; also twice."""
    for safe in ("", "/", "/:@!$&'()*+,;=~"):
        once = quote_from_bytes(data, safe)
        yield once
        yield re.sub("%..", lambda found: found[0].lower(), once)
        yield once.replace("%20", "+")
        yield once.replace("%", "%25")


def _in_base64(data: bytes) -> Iterator[str]:
    """As it stands in a longer text in base64, at each of the three places where it may begin.

    The letters at both ends depend on what stands beside it, and are left out.
    """
    for shift, lost in ((0, 0), (1, 2), (2, 3)):
        padded = bytes(shift) + data
        encoded = base64.b64encode(padded).decode().rstrip("=")
        inside = encoded[lost : -1 if len(padded) % 3 else None]
        if len(inside) >= SHORTEST_ENCODED:
            yield inside
            yield inside.replace("+", "-").replace("/", "_")


def holds_secret(text: str) -> bool:
    """Whether a key or a password stands somewhere in it, beyond doubt."""
    return _SHAPES.search(text) is not None
