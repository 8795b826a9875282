"""Bytes to lines, however they are cut, with a bound on what one line may hold. Pure."""

from collections.abc import Iterator

import msgspec

EDGE = 4096  # bytes kept of both ends of a line that is too long


class TooLong(msgspec.Struct, frozen=True, kw_only=True):
    """A line of which only the ends were kept."""

    head: bytes
    tail: bytes
    size: int


class Lines:
    """Fed with chunks; each byte is looked at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = bytearray()
        self._head = b""
        self._left_out = 0  # bytes between head and what is in `_begun`

    def feed(self, chunk: bytes) -> Iterator[bytes | TooLong]:
        """Every line that is whole now."""
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._grow(part)
            yield self._ended()
        self._grow(rest)

    def rest(self) -> bytes:
        """What came last, without an end."""
        return bytes(self._begun)

    def _grow(self, part: bytes) -> None:
        self._begun += part
        if len(self._begun) > self._most or (self._head and len(self._begun) > 2 * EDGE):
            if not self._head:
                self._head = bytes(self._begun[:EDGE])
                self._left_out = -EDGE
            self._left_out += len(self._begun) - EDGE
            del self._begun[:-EDGE]

    def _ended(self) -> bytes | TooLong:
        line = bytes(self._begun)
        head, left_out = self._head, self._left_out
        self._begun.clear()
        self._head, self._left_out = b"", 0
        if not head:
            return line
        return TooLong(head=head, tail=line, size=len(head) + left_out + len(line))
