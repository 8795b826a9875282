"""What the child that reads files is told, and what it tells."""

from typing import Literal

import msgspec

FileKind = Literal["image", "pdf", "text", "code"]

MIB = 2**20
LARGEST = {"image": 25 * MIB, "pdf": 50 * MIB, "text": 8 * MIB}  # bytes of a file
MOST_BYTES = max(LARGEST.values())
MOST_TEXT = 2_000_000  # characters of one file's text
MOST_PAGES = 2000  # of a PDF that are read


class Extracted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="extracted"):
    """What was found in a file."""

    kind: FileKind
    mime: str
    data: bytes | None = None  # what is kept instead of the file: a picture made anew
    text: str | None = None  # pages are parted by form feeds
    pages: int | None = None
    blank_pages: int = 0
    left_out: int = 0
    width: int | None = None
    height: int | None = None
    scaled_from: tuple[int, int] | None = None
    frames: int = 1
    encoding: str = ""


class NotTaken(msgspec.Struct, frozen=True, kw_only=True, tag="not-taken"):
    """Why it can not be attached; for the person who tried."""

    message: str
    code: str
    next_action: str = ""


Found = Extracted | NotTaken

TOO_MUCH = NotTaken(
    message="reading this file takes more memory or time than a document needs",
    code="file-takes-too-much",
    next_action="print it into a new PDF, or attach the part of it that matters",
)

BROKEN = NotTaken(
    message="this file can not be read: it is broken",
    code="file-broken",
    next_action="open it in the program it is from and save it again",
)


class Refusal(Exception):
    """Raised where a file can not be read; becomes a `NotTaken`."""

    def __init__(self, message: str, code: str, next_action: str = "") -> None:
        super().__init__(message)
        self.told = NotTaken(message=message, code=code, next_action=next_action)


def too_much() -> Refusal:
    """It unpacks to more than any honest document, or takes too long."""
    return Refusal(TOO_MUCH.message, TOO_MUCH.code, TOO_MUCH.next_action)


Shape = Literal["image", "pdf", "text"]


def demand_size(shape: Shape, size: int) -> None:
    """Raises Refusal when a file of this kind is too large to be attached."""
    if size > LARGEST[shape]:
        raise Refusal(
            f"a file of this kind has at most {LARGEST[shape] // MIB} MiB, "
            f"this one {size / MIB:.1f}",
            "file-too-large",
            "make it smaller, or attach the part of it that matters",
        )
