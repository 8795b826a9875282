"""Calls that wait for a person's word, and what was said.

A "yes" is to what was shown. A question therefore knows what it was first asked about and what it
is about now; an approval says which of them it saw, by its mark, and one that saw something else
than what stands now is refused. A "no" is to the call, whatever has become of it.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import msgspec

from core.errors import Refused
from core.mcp.book import Bound
from core.mcp.views import Scope

T = TypeVar("T")

TOOL_CHANGED = "what the tool says of itself changed while this call waited"
SERVER_CHANGED = (
    "the server was set up otherwise, or somebody signed in there, while this call waited"
)


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
        self._first: Bound | None = None
        self._being_answered = False
        self._rung = asyncio.Event()
        self._denied = asyncio.Event()

    async def rest(self) -> None:
        """Wait until there is an answer, or something else to look at."""
        await self._rung.wait()
        self._rung.clear()

    async def unless_denied(self, waited: Coroutine[Any, Any, T]) -> T | None:
        """What is waited for; None: somebody said no before that came."""
        found = asyncio.ensure_future(waited)
        no = asyncio.ensure_future(self._denied.wait())
        try:
            await asyncio.wait((found, no), return_when=asyncio.FIRST_COMPLETED)
            return found.result() if found.done() else None
        finally:
            found.cancel()
            no.cancel()
            await asyncio.gather(found, no, return_exceptions=True)

    def ring(self) -> None:
        """Have it look again."""
        self._rung.set()

    def asks(self, bound: Bound) -> bool:
        """Ask about this from now on; whether that is something else than before."""
        is_new = bound != self.bound
        self.bound = bound
        self._first = self._first or bound
        return is_new

    @property
    def changed(self) -> str:
        """What is another than when it was first asked; empty: nothing is."""
        return _difference(self._first, self.bound) if self._first and self.bound else ""

    @property
    def is_answered(self) -> bool:
        """Somebody was first: an answer is there, or being written down."""
        there = self.denied or (self.bound and self.approves(self.bound))
        return self._being_answered or there is not None

    def demand_seen(self, shown: str, now: Bound) -> None:
        """Who says yes saw what stands now. `shown` is the mark of what they saw; empty: of what
        was first asked. Raises Refused.
        """
        first = self._first or now
        if (shown or first.mark) == now.mark:
            return
        raise Refused(
            _difference(first, now) or TOOL_CHANGED,
            code="call-changed",
            next_action="Look at the call again, and answer what it asks now.",
        )

    @contextmanager
    def being_answered(self) -> Generator[None]:
        """While the answer is written down nobody else gives another."""
        self._being_answered = True
        try:
            yield
        finally:
            self._being_answered = False

    def settle(self, answer: Answer) -> None:
        """Give the answer."""
        self.answer = answer
        self._rung.set()
        if answer.verdict == "denied":
            self._denied.set()

    @property
    def denied(self) -> Answer | None:
        """The answer, if it is a no."""
        return self.answer if self.answer and self.answer.verdict == "denied" else None

    def approves(self, bound: Bound) -> Answer | None:
        """The answer, if it is a yes to this and to nothing else."""
        yes = self.answer if self.answer and self.answer.verdict == "approved" else None
        return yes if yes and yes.bound == bound else None


def _difference(before: Bound, now: Bound) -> str:
    if before.fingerprint != now.fingerprint:
        return SERVER_CHANGED
    return TOOL_CHANGED if before.definition != now.definition else ""
