"""An answer that is kept, how it is told again, and what a place to keep it must be able to do."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from core.gateway.cache.policy import HEADER
from core.gateway.hooks import Sink
from core.gateway.routes import Header

PIECE = 64 * 1024  # bytes told at once
OVERHEAD = 1024  # bytes that keeping any answer costs


class Stored(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A whole answer with the token counts that it told."""

    status: int
    headers: tuple[Header, ...]
    events: bool
    body: bytes
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return OVERHEAD + len(self.body) + sum(len(n) + len(v) + 128 for n, v in self.headers)


class Store(Protocol):
    """Where answers are kept. None of it raises: what can not be kept was not kept."""

    async def get(self, key: bytes) -> Stored | None:
        """The answer, if it is there and not too old."""
        ...

    def put(self, key: bytes, answer: Stored, ttl_s: float) -> None:
        """Keep it; returns at once."""
        ...

    def recount(self, key: bytes, prompt: int | None, completion: int | None) -> None:
        """The token counts of an answer are known by now; returns at once."""
        ...

    async def clear(self) -> int:
        """Forget everything; returns how many answers that was."""
        ...

    async def size(self) -> tuple[int, int | None]:
        """How many answers there are, and their bytes where that is known."""
        ...

    async def close(self) -> None:
        """Nothing of it is left running."""
        ...

    @property
    def largest(self) -> int:
        """No answer of more bytes is kept."""
        ...


async def tell(answer: Stored, sink: Sink) -> None:
    """The same bytes again, in pieces; as slowly as the reader reads."""
    sink.plan(answer.status, [*answer.headers, (HEADER, b"hit")], events=answer.events)
    held = b""
    for piece in _pieces(answer):
        if held:
            await sink.write(held)
        held = piece
    await sink.finish(held)


def _pieces(answer: Stored) -> Iterator[bytes]:
    """Whole events, as far as they fit."""
    at = 0
    while at < len(answer.body):
        end = at + PIECE
        if answer.events and end < len(answer.body):
            last = answer.body.rfind(b"\n\n", at, end)
            end = last + 2 if last >= 0 else end
        yield answer.body[at:end]
        at = end
