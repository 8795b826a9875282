"""What a run may still spend of its tokens, while several of its questions are under way.

A question takes its share out of the purse before it is asked, and is answered within it; what it
did not need goes back. So the budget is kept whoever asks first. What was spent on answers that
are thrown away (a pause, a crash of the engine, a thought without an end) is spent as well: `lost`
says how much of it no fact has told yet.
"""

import asyncio
import contextlib
from collections.abc import Iterator

LEAST = 100  # tokens of an answer: less is none


class Spent(Exception):
    """What is left is not enough for this question, and nobody will bring anything back."""


class Share:
    """What one question has taken out; `used` is counted while it is answered."""

    def __init__(self, held: int) -> None:
        self.held = held
        self.used = 0


class Purse:
    """One run's, in this process. Loop-bound."""

    def __init__(self, budget: int, recorded: int = 0) -> None:
        self._budget = budget
        self._paid = recorded
        self._shares: set[Share] = set()
        self._back = asyncio.Event()

    @property
    def left(self) -> int:
        """What nobody has taken out."""
        return self._budget - self._paid - sum(max(one.held, one.used) for one in self._shares)

    @property
    def in_use(self) -> bool:
        """Whether a question is under way."""
        return bool(self._shares)

    @contextlib.contextmanager
    def _taken(self, share: Share) -> Iterator[Share]:
        self._shares.add(share)
        try:
            yield share
        finally:
            self._shares.discard(share)
            self._paid += share.used
            self._back.set()
            self._back = asyncio.Event()

    async def share(self, question: int, most: int) -> contextlib.AbstractContextManager[Share]:
        """For a question of about so many tokens and `most` of an answer. Raises Spent."""
        while self.left < question + LEAST:
            if not self._shares:
                raise Spent
            await self._back.wait()
        return self._taken(Share(min(self.left, question + most)))

    def lost(self, recorded: int) -> int:
        """What was spent by now beyond what the facts tell."""
        return max(0, self._paid + sum(one.used for one in self._shares) - recorded)


def endless() -> Purse:
    """For whoever has no budget."""
    return Purse(2**62)
