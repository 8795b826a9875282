"""Following the log from a position: first what was missed, then what comes, none twice.

    behind ── read a page from the log ──► behind            (deliveries only raise the goal)
       │
       └── given out up to the goal ─────► live              (deliveries are queued)
                                            │
                                            └── queue over its bound ──► SubscriberTooSlow

Deliveries and the iterator run in the same event loop, so there is no instant at which an event
could fall between the last page and the first delivery; what came both ways is known by its
position and dropped.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType

from events.envelope import Recorded
from events.errors import LogUnavailable, SubscriberTooSlow

CATCH_UP = 500  # events a page

ReadAfter = Callable[[int, int], list[Recorded]]


class Subscription:
    """One follower. Enter it, then iterate; it ends when the store is closed.

    When the follower is more than `maxsize` events behind, iteration raises SubscriberTooSlow,
    whose position is where to resume. A commit is queued whole: one that is bigger than that is
    taken by a follower who has nothing waiting.
    """

    def __init__(self, hub: "Hub", read: ReadAfter, after: int, maxsize: int) -> None:
        self._hub = hub
        self._read = read
        self._position = after
        self._maxsize = maxsize
        self._queue: deque[Recorded] = deque()
        self._live = False
        self._goal = 0
        self._overrun = False
        self._closed = False
        self._wake: asyncio.Event | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def position(self) -> int:
        """The position of the last event given out."""
        return self._position

    async def __aenter__(self) -> "Subscription":
        self.loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._goal = self._hub.add(self)
        self._live = self._position >= self._goal
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hub.remove(self)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Recorded:
        if self._wake is None:
            raise RuntimeError("enter the subscription before iterating over it")
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            if self._overrun:
                raise SubscriberTooSlow(self._position)
            if self._position < self._goal and not self._live:
                await self._catch_up()
            else:
                self._live = True
                self._wake.clear()
                await self._wake.wait()
        recorded = self._queue.popleft()
        self._position = recorded.position
        return recorded

    async def _catch_up(self) -> None:
        try:
            page = await asyncio.to_thread(self._read, self._position, CATCH_UP)
        except LogUnavailable:
            if not self._hub.closed:
                raise
            self._closed = True
            return
        self._queue.extend(page)

    def deliver(self, recorded: Sequence[Recorded]) -> None:
        """Take what was just committed; called in this subscription's loop."""
        if not self._live:
            self._goal = recorded[-1].position
            return
        last = self._queue[-1].position if self._queue else self._position
        fresh = [event for event in recorded if event.position > last]
        if self._overrun or (self._queue and len(self._queue) + len(fresh) > self._maxsize):
            self._overrun = True
            self._queue.clear()
        else:
            self._queue.extend(fresh)
        self._stir()

    def end(self) -> None:
        """No more will come: the store was closed; called in this subscription's loop."""
        self._closed = True
        self._stir()

    def _stir(self) -> None:
        if self._wake is not None:
            self._wake.set()


class Hub:
    """Who follows the log, and how far the log has got."""

    def __init__(self, head: int = 0) -> None:
        self._lock = threading.Lock()
        self._followers: tuple[Subscription, ...] = ()
        self._head = head
        self.closed = False

    @property
    def head(self) -> int:
        """The newest committed position."""
        return self._head

    def add(self, subscription: Subscription) -> int:
        """Let one follow; gives the position it has to read for itself to have everything."""
        with self._lock:
            self._followers = (*self._followers, subscription)
            if self.closed:
                subscription.end()
            return self._head

    def remove(self, subscription: Subscription) -> None:
        """Forget one."""
        with self._lock:
            self._followers = tuple(f for f in self._followers if f is not subscription)

    def advance(self, head: int) -> tuple[Subscription, ...]:
        """Note a commit; gives those who must be told of it."""
        with self._lock:
            self._head = head
            return self._followers

    def close(self) -> None:
        """Tell everyone in their own loop that no more will come."""
        with self._lock:
            self.closed = True
        for follower in self._followers:
            call_in(follower.loop, follower.end)


def call_in(loop: asyncio.AbstractEventLoop | None, call: Callable[[], None]) -> None:
    """Run something in a loop of another thread; a loop that is gone has nobody to tell."""
    if loop is not None:
        try:
            loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed
            return
