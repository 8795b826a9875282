"""Compressed bodies, unpacked within a limit: a kilobyte may want to become a gigabyte."""

import zlib
from typing import Protocol

from core.research.web.views import WebProblem

ACCEPTED = "gzip, deflate"


class Decoder(Protocol):
    """Unpacks piece by piece."""

    def feed(self, data: bytes, most: int) -> bytes:
        """At most `most` bytes of what these make; what does not fit is not looked at again."""
        ...


class Plain:
    """Not compressed."""

    def feed(self, data: bytes, most: int) -> bytes:
        """The same bytes."""
        return data[:most]


class Inflating:
    """gzip, zlib, and deflate without a header, which some servers send."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=47)
        self._begun = False

    def feed(self, data: bytes, most: int) -> bytes:
        """At most `most` bytes. Raises WebProblem("unreadable") for what is no such stream."""
        if most <= 0 or not data:
            return b""
        try:
            made = self._first(data, most) if not self._begun else self._go_on(data, most)
        except zlib.error:
            raise _broken() from None
        self._begun = True
        return made

    def _first(self, data: bytes, most: int) -> bytes:
        try:
            return self._inflate.decompress(data, most)
        except zlib.error:
            self._inflate = zlib.decompressobj(wbits=-15)
            return self._inflate.decompress(data, most)

    def _go_on(self, data: bytes, most: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, most)


def decoder(encoding: str) -> Decoder:
    """What unpacks this `Content-Encoding`. Raises WebProblem for what was not asked for."""
    match encoding.strip().lower():
        case "" | "identity":
            return Plain()
        case "gzip" | "x-gzip" | "deflate":
            return Inflating()
    raise WebProblem(
        f"The page is compressed in a way that is not read here ({encoding.strip()[:40]})",
        code="unsupported",
        next_action="Use another source.",
    )


def _broken() -> WebProblem:
    return WebProblem(
        "The page's compression is damaged",
        code="unreadable",
        next_action="Try again later or use another source.",
    )
