"""What happens while the log can not be written, because its disk is full, read-only or failing.

1. Requests to models that are ready are still served, unless the settings say otherwise; what
   they used is kept in memory (`core.usage_log`).
2. Nothing that would have to be recorded is begun: no switch, no load, no recipe, no key.
3. It is said loudly: in the status, in the tray, in `/health/ready`, in the app's own log.
4. A second later it is tried again, and again. The first thing that is written is how long it was.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from core.clock import Clock
from core.errors import Unavailable
from core.usage_log import UsageLog
from events.errors import EventError
from events.facts import AuditLogRecovered
from events.store import EventStore

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

TRY_EVERY_S = 1.0
STREAM = "audit"


class LogWatch:
    """Asked by everybody who is about to begin something; `run` is its task."""

    def __init__(
        self, *, store: EventStore, usage: UsageLog, clock: Clock, serves: Callable[[], bool]
    ) -> None:
        """`serves` says whether requests are served while nothing can be written."""
        self._store = store
        self._usage = usage
        self._clock = clock
        self._serves = serves
        self._since: float | None = None
        self._reason = ""
        self._listeners: list[Callable[[], None]] = []

    @property
    def problem(self) -> str | None:
        """Why nothing can be written now; None when all is well."""
        return self._store.problem or self._usage.problem

    @property
    def alarm(self) -> str | None:
        """The same as a sentence for people."""
        problem = self.problem
        return None if problem is None else f"Nothing can be recorded: {problem}"

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop when the alarm begins and when it ends."""
        self._listeners.append(callback)

    def demand_change(self) -> None:
        """Raise Unavailable when what is about to begin could not be recorded."""
        if (problem := self.problem) is not None:
            raise unavailable(f"nothing is changed while it can not be recorded: {problem}")

    def demand_serving(self) -> None:
        """Raise Unavailable when requests are not to be served now."""
        if not self._serves() and (problem := self.problem) is not None:
            raise unavailable(f"no request is served while it can not be recorded: {problem}")

    def guarding(self, begin: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        """The same, refused while nothing can be recorded."""

        async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            self.demand_change()
            return await begin(*args, **kwargs)

        return guarded

    async def run(self) -> None:
        """Notice, say so, and try again until it goes well; until cancelled."""
        while True:
            await asyncio.sleep(TRY_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """One look, and one attempt when something is wrong."""
        problem = self.problem
        if problem is not None and self._since is None:
            self._since, self._reason = self._clock.monotonic(), problem
            log.critical("nothing can be recorded: %s", problem)
            self._tell()
        if self._since is not None:
            await self._try_again(self._since)

    async def _try_again(self, since: float) -> None:
        """The book of requests first: the fact of the recovery is to be true of both."""
        if not await self._usage.write_again():
            return
        seconds = self._clock.monotonic() - since
        fact = AuditLogRecovered(reason=self._reason, seconds=seconds)
        try:
            await self._store.append(STREAM, [fact], actor="system")
        except EventError:
            return  # the store says so itself, in `problem`
        log.warning("the log can be written again after %.0f s", seconds)
        self._since = None
        self._tell()

    def _tell(self) -> None:
        for callback in self._listeners:
            callback()


def unavailable(message: str) -> Unavailable:
    """The refusal, with what to do."""
    return Unavailable(
        message,
        code="log-unavailable",
        retry_after=5.0,
        next_action="make room on the disk that holds the data directory, or make it writable",
    )
