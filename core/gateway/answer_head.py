"""What the head of an answer says, kept for answers that begin with the same one (again.py)."""

from collections.abc import Mapping
from typing import NamedTuple

from core.gateway.headers import back_from_engine
from core.gateway.routes import Header

LENGTH = b"content-length"


class AnswerHead(NamedTuple):
    """All of it but the length."""

    status: int
    headers: list[Header]
    named: Mapping[bytes, bytes]
    kept: list[Header]  # of the headers those that go on to a client of the direct lane

    @classmethod
    def of(cls, status: int, headers: list[Header]) -> "AnswerHead":
        """As it was read."""
        return cls(status, headers, dict(reversed(headers)), back_from_engine(headers))

    def saying(
        self, length: bytes
    ) -> tuple[int, list[Header], Mapping[bytes, bytes], list[Header]]:
        """Status, headers, the same by name, and those that go on, with another length."""
        status, headers, named, kept = self
        if named[LENGTH] == length:
            return self
        told = (LENGTH, length)
        return (
            status,
            [told if header[0] == LENGTH else header for header in headers],
            {**named, LENGTH: length},
            [told if header[0] == LENGTH else header for header in kept],
        )
