"""Calls that wait for a person's word, and what was said."""

import asyncio
from typing import Literal

import msgspec

from core.mcp.book import Bound
from core.mcp.views import Scope


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said, of exactly this call."""

    bound: Bound
    verdict: Literal["approved", "denied"]
    scope: Scope = "once"
    reason: str = ""


class Question:
    """One call that waits. It is looked at again when something changed that may matter."""

    def __init__(self) -> None:
        self.bound: Bound | None = None  # what is asked about, while it is asked
        self.answer: Answer | None = None
        self._rung = asyncio.Event()

    async def rest(self) -> None:
        """Wait until there is an answer, or something else to look at."""
        await self._rung.wait()
        self._rung.clear()

    def ring(self) -> None:
        """Have it look again."""
        self._rung.set()

    def settle(self, answer: Answer) -> None:
        """Give the answer."""
        self.answer = answer
        self._rung.set()

    def says_of(self, bound: Bound) -> Answer | None:
        """The answer, if it was given about this and nothing else."""
        return self.answer if self.answer is not None and self.answer.bound == bound else None
