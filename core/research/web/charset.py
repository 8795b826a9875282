"""Bytes to text, whatever a server says about them.

Servers name the wrong charset often, and always in the same way: the page is UTF-8 and is called
something else. Text that is valid UTF-8 beyond ASCII is UTF-8; anything else is hardly ever so.
"""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-z0-9_:.-]{2,40})""", re.IGNORECASE
)
# What browsers read instead (WHATWG): the larger sets that the smaller names stand for.
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "utf-7": "cp1252",  # never read as such: it hides markup
}


def decoded(body: bytes, declared: str = "", *, cut: bool = False) -> str:
    """The text. `declared`: the charset of the `Content-Type`; meta tags are looked for here.

    `cut`: there was more, so that the last letter may be half of one.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body.decode(name, "replace")
    if _fits(body, "utf-8", cut):
        return body.decode("utf-8", "replace")
    found = _META.search(body[:4096])
    for name in (declared, found.group(1).decode("ascii") if found else ""):
        known = _known(name)
        if known and _fits(body, known, cut):
            return body.decode(known, "replace")
    return body.decode("cp1252", "replace")


def charset_of(content_type: str) -> str:
    """The charset parameter of a `Content-Type`, or nothing."""
    found = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{2,40})", content_type, re.IGNORECASE)
    return found.group(1) if found else ""


def _known(name: str) -> str | None:
    if not name:
        return None
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    known = _LARGER.get(known, known)
    return known if _is_of_text(known) else None


def _is_of_text(name: str) -> bool:
    """Not one of Python's other codecs (zip, rot13, punycode, unicode_escape …)."""
    return (
        re.fullmatch(
            r"(utf|cp|iso8859|gb|big5|euc|koi8|mac|hz|johab|shift|iso2022|tis)[\w-]*", name
        )
        is not None
    )


def _fits(body: bytes, name: str, cut: bool) -> bool:
    try:
        codecs.getincrementaldecoder(name)("strict").decode(body, not cut)
    except (UnicodeError, LookupError):
        return False
    return True
