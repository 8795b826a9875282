"""Lets somebody else end a request from outside, and says afterwards who wanted it.

The same technique as `asyncio.timeout`: the request's own task is cancelled, and the cancellation
is turned into an ordinary exception at the edge of the scope, so that it can not be mistaken for
the server shutting down.
"""

import asyncio
from types import TracebackType
from typing import Literal

Reason = Literal["client_gone", "cancelled", "cut", "revoked", "stopping"]


class Interrupted(Exception):
    """The request was ended from outside; `reason` says by whom."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class CancelScope:
    """`with CancelScope() as scope:` inside it, `scope.cancel(reason)` raises Interrupted.

    `cancel` is called by other tasks and callbacks of the loop, never by the request itself; after
    the scope is left, and after the first call, it does nothing.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._reason: Reason | None = None

    def cancel(self, reason: Reason) -> None:
        """End the request."""
        if self._task is not None and self._reason is None:
            self._reason = reason
            self._task.cancel()

    def __enter__(self) -> "CancelScope":
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request runs in a task")
        self._task = task
        self._cancelling = task.cancelling()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        if task is None or self._reason is None:
            return
        nobody_else = task.uncancel() <= self._cancelling
        if nobody_else and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise Interrupted(self._reason) from None
