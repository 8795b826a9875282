"""What is being served right now: counted per recipe, awaited by a switch, ended on demand.

Loop-bound: entered and left by requests in the studio's loop, and asked there.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from core.clock import Clock, SystemClock
from core.gateway.cancelling import Reason
from core.gateway.errors import TooMany
from core.gateway.routes import Route

OWED_S = 2.0  # how long one that was let through may take to enter


class Ticket(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One running request."""

    request_id: str
    route: Route
    cancel: Callable[[Reason], None]
    since: int  # µs since the epoch


class InFlight:
    """Every request that has a route and has not ended."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._tickets: dict[str, Ticket] = {}
        self._counts: dict[str, int] = {}
        self._last_used: dict[str, int] = {}
        self._owed: dict[str, tuple[str, float]] = {}  # request → recipe, until when
        self._ttls: dict[str, float] = {}
        self._listeners: list[Callable[[], None]] = []
        self._drains: list[tuple[frozenset[str], asyncio.Future[None]]] = []

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back whenever a request begins or ends; it must be cheap."""
        self._listeners.append(callback)

    def enter(self, route: Route, request_id: str, cancel: Callable[[Reason], None]) -> Ticket:
        """From now on a drain of this recipe waits for the request.

        Raises TooMany when all its places are taken, or kept for those who were let through.
        """
        limit, recipe_id = route.concurrency, route.recipe_id
        if limit is not None and limit <= self.count(recipe_id) + self.owed(
            recipe_id, but=request_id
        ):
            raise TooMany(f"{route.name} serves {limit} requests at once, and does so already")
        ticket = Ticket(request_id=request_id, route=route, cancel=cancel, since=self._clock.now())
        self._tickets[request_id] = ticket
        if self._owed:
            self._owed.pop(request_id, None)
        self._counts[recipe_id] = self._counts.get(recipe_id, 0) + 1
        self._last_used[recipe_id] = ticket.since
        for callback in self._listeners:
            callback()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """The request ended. Leaving twice is leaving once."""
        if self._tickets.get(ticket.request_id) is not ticket:
            return
        del self._tickets[ticket.request_id]
        recipe_id = ticket.route.recipe_id
        self._counts[recipe_id] -= 1
        self._last_used[recipe_id] = self._clock.now()
        if not self._counts[recipe_id]:
            del self._counts[recipe_id]
            self._wake()
        for callback in self._listeners:
            callback()

    def owe(self, request_id: str, recipe_id: str) -> None:
        """It waited for this recipe and was let through: it will enter within a moment.

        Until then the recipe is not evicted for another request, and the place is kept for it.
        """
        self._owed[request_id] = (recipe_id, self._clock.monotonic() + OWED_S)

    def owed(self, recipe_id: str, *, but: str | None = None) -> int:
        """How many were let through and have not entered, without the request `but`."""
        now = self._clock.monotonic()
        self._owed = {r: owed for r, owed in self._owed.items() if owed[1] > now}
        return sum(owed[0] == recipe_id for r, owed in self._owed.items() if r != but)

    def keep_for(self, recipe_id: str, ttl_s: float) -> None:
        """A request says how long its model is to stay after it; the newest word counts."""
        self._ttls[recipe_id] = ttl_s

    def ttl_of(self, recipe_id: str) -> float | None:
        """What the newest request with a wish of its own said; None: as the recipe says."""
        return self._ttls.get(recipe_id)

    def forget_ttl(self, recipe_id: str) -> None:
        """It was unloaded: the next load begins with the recipe's own."""
        self._ttls.pop(recipe_id, None)

    def count(self, recipe_id: str) -> int:
        """Requests that this recipe serves now."""
        return self._counts.get(recipe_id, 0)

    @property
    def total(self) -> int:
        """Requests that are served now."""
        return len(self._tickets)

    def last_used(self, recipe_id: str) -> int:
        """When a request for this recipe last began or ended, µs since the epoch; 0: never."""
        return self._last_used.get(recipe_id, 0)

    def running(self) -> tuple[Ticket, ...]:
        """The running requests, oldest first."""
        return tuple(self._tickets.values())

    async def drained(self, recipe_ids: Iterable[str], *, timeout_s: float) -> bool:
        """Return True as soon as none of these serves a request, False when that took too long."""
        wanted = frozenset(recipe_ids)
        if self._is_free(wanted):
            return True
        entry = (wanted, asyncio.get_running_loop().create_future())
        self._drains.append(entry)
        try:
            async with asyncio.timeout(timeout_s):
                await entry[1]
        except TimeoutError:
            return self._is_free(wanted)
        finally:
            self._drains.remove(entry)
        return True

    def cancel(self, request_id: str) -> bool:
        """End one request, whose client is told so. False when there is none of that id."""
        ticket = self._tickets.get(request_id)
        if ticket is not None:
            ticket.cancel("cancelled")
        return ticket is not None

    def cut(self, recipe_ids: Iterable[str]) -> int:
        """End every request of these recipes; how many there were."""
        wanted = frozenset(recipe_ids)
        tickets = [t for t in self._tickets.values() if t.route.recipe_id in wanted]
        for ticket in tickets:
            ticket.cancel("cut")
        return len(tickets)

    def end_all(self) -> int:
        """The studio stops: end every request, whose client is told so; how many there were."""
        tickets = tuple(self._tickets.values())
        for ticket in tickets:
            ticket.cancel("stopping")
        return len(tickets)

    def _is_free(self, wanted: frozenset[str]) -> bool:
        return not any(self._counts.get(recipe_id) for recipe_id in wanted)

    def _wake(self) -> None:
        for wanted, future in self._drains:
            if self._is_free(wanted) and not future.done():
                future.set_result(None)
