"""One piece of work that several callers share: the first begins it, the others join.

A caller who leaves (is cancelled) is forgotten; when the last one leaves, the work is cancelled
and its cleaning up is waited for.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from core.errors import Refused

T = TypeVar("T")


class Flight(Generic[T]):
    """Work under way."""

    def __init__(self, work: Coroutine[Any, Any, T], *, name: str) -> None:
        self._name = name
        self._task = asyncio.create_task(work, name=name)
        self._callers = 0

    async def join(self) -> T:
        """Wait for the result; raises what the work raised, or Refused when it was cancelled."""
        self._callers += 1
        try:
            return await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if self._left_by_me():
                await self._leave()
                raise
            raise Refused(f"{self._name} was cancelled", code="cancelled") from None
        finally:
            self._callers -= 1

    async def cancel(self) -> None:
        """End the work, whoever waits for it, and wait until it has cleaned up."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    def _left_by_me(self) -> bool:
        """Whether it is the caller that was cancelled, and not the work."""
        caller = asyncio.current_task()
        return caller is not None and caller.cancelling() > 0

    async def _leave(self) -> None:
        if self._callers == 1 and not self._task.done():
            await self.cancel()
