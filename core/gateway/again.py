"""A head that is said again, on the same connection, is not read again.

    the first time   httptools reads it; `Said.of` remembers the bytes before and behind the digits
                     of its length
    again            the same bytes, and a body of just that length: what they mean is known
    otherwise        httptools reads it, as if nothing had been

Clients keep their connections, and ask with one head in which nothing changes but that length
(core/http_protocol.py). Engines answer so, too, for as long as their date is the same
(connection.py). Nothing is concluded from likeness: every byte but these digits is compared.
"""

import re
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]+)(?=\r\n|\Z)", re.IGNORECASE)
_END = b"\r\n\r\n"


class Said(NamedTuple, Generic[T]):
    """A head that was read and understood."""

    before: bytes
    behind: bytes
    meant: T

    @classmethod
    def of(cls, data: bytes, meant: T) -> "Said[T] | None":
        """What to compare with; None unless `data` is one message, whole, with a plain length.

        `data` was read from its first byte on, and `meant` is what it said.
        """
        head, end, body = data.partition(_END)
        length = _LENGTH.search(head)
        if not end or length is None or length[1] != b"%d" % len(body):
            return None
        return cls(head[: length.start(1)], head[length.end(1) :], meant)

    def body(self, data: bytes) -> bytes | None:
        """The body, where `data` is the same head and all of its body; otherwise None."""
        before, behind, _ = self
        if not data.startswith(before):
            return None
        head, end, body = data.partition(_END)
        return body if end and head == b"%b%d%b" % (before, len(body), behind) else None
