"""Text as characters, whatever it was written in; what is no text is refused.

1. a byte order mark says what it is
2. UTF-8, which is nearly everything, and nothing else by accident unless a zero byte is in it
3. UTF-16 without a mark: every other byte of Western text is zero
4. a zero byte, or many control characters: binary
5. an older encoding, guessed by what language it would be

Runs in the child: guessing takes its time.
"""

import contextlib

from core.attachments.kinds import binary, text_kind
from core.attachments.shapes import MOST_TEXT, Extracted, Refusal

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_GUESSED_FROM = 64 * 1024  # bytes; guessing reads them many times
_FEW = 0.01  # of the characters may be control characters: old logs have some
_WIDE = 0.4  # of every other byte is zero, and then it is UTF-16
_CONTROLS = frozenset(chr(code) for code in range(32)) - set("\t\n\r\f\v\b\x1b") | {"\x7f"}


def read_text(name: str, data: bytes) -> Extracted:
    """The file's text. Raises Refusal."""
    if not data.strip():
        raise Refusal("this file is empty", "file-empty")
    text, encoding = decoded(data)
    if len(text) > MOST_TEXT:
        raise Refusal(
            f"this text has {len(text):,} characters; {MOST_TEXT:,} can be attached",
            "text-too-long",
            "attach the part of it that matters",
        )
    kind, mime = text_kind(name)
    return Extracted(kind=kind, mime=mime, text=text, encoding=encoding)


def decoded(data: bytes) -> tuple[str, str]:
    """Its characters with plain line ends, and what it was written in. Raises Refusal."""
    text, encoding = _decoded(data)
    controls = sum(text.count(one) for one in _CONTROLS)
    if controls > _FEW * len(text):
        raise binary()
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:  # 1
        if data.startswith(mark):
            return data.decode(encoding, "replace"), encoding.removesuffix("-sig")
    if b"\0" not in data:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode("utf-8"), "utf-8"  # 2
    wide = _wide(data)  # 3
    if wide:
        return data.decode(wide, "replace"), wide
    if b"\0" in data:  # 4
        raise binary()
    return _guessed(data)  # 5


def _wide(data: bytes) -> str:
    half = max(1, len(data) // 2)
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[start::2].count(0) > _WIDE * half and data[1 - start :: 2].count(0) < _FEW * half:
            return encoding
    return ""


def _guessed(data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_GUESSED_FROM]).best()
    if best is None:
        raise binary()
    encoding = best.encoding
    return data.decode(encoding, "replace"), encoding.replace("_", "-")
