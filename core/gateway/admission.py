"""The wait for a model that is not resident: one wait for each recipe, however many requests.

1. the name is resolved; nobody answers to it → ModelNotFound, nothing starts
2. the recipe is routed → go on at once
3. the first request opens the wait and asks for the model; later ones join it
4. the route appears (whoever made it appear) → everybody goes on
5. asking fails → everybody is told at once
6. a request passes its bound → it alone is told
7. a request's client hangs up → it is forgotten; when it was the last one, the asking is
   cancelled, and what has begun by then is switching's to decide
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core.clock import Clock
from core.errors import StudioError, Unavailable
from core.gateway.errors import ModelNotFound, TooMany, WaitedTooLong
from core.gateway.inflight import InFlight
from core.gateway.routes import Route, Routes
from core.settings import Settings
from core.status import WaitingView

log = logging.getLogger(__name__)

Ask = Callable[[str, str, str], Awaitable[None]]  # recipe id, actor, correlation id
MAX_WAITING = 1000  # requests for one recipe; each may hold a body of megabytes
ASK_AGAIN_S = 0.05  # the model came and went before anybody got through; each time twice as long
MOST_ASK_AGAIN_S = 1.0


class _Wait:
    """Everybody who waits for one recipe."""

    def __init__(self, recipe_id: str) -> None:
        self.recipe_id = recipe_id
        self.waiters: dict[asyncio.Future[None], tuple[str, int]] = {}  # → request, since (µs)
        self.task: asyncio.Task[None] | None = None

    def release(self, error: StudioError | None = None) -> None:
        """Let everybody go on, or tell everybody why not."""
        for future in self.waiters:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)


class Admission:
    """Lets requests wait for their model. Loop-bound; close it when the proxy has stopped."""

    def __init__(
        self,
        *,
        resolve: Callable[[str], str | None],
        ask: Ask,
        routes: Routes,
        clock: Clock,
        settings: Settings,
        inflight: InFlight | None = None,
        concurrency: Callable[[str], int | None] = lambda recipe_id: None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """`ask` starts or joins a switch and returns when the recipe is routed.

        It raises StudioError when that fails, and is cancelled when nobody waits any more.
        `concurrency` is a recipe's limit: more than that need not even begin to wait.
        """
        self._resolve = resolve
        self._ask = ask
        self._routes = routes
        self._clock = clock
        self._inflight = inflight or InFlight(clock)
        self._bound_s = settings.admission_timeout_s
        self._concurrency = concurrency
        self._max_waiting = max_waiting
        self._waits: dict[str, _Wait] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._forget_routes = routes.listen(self._routes_replaced)

    async def admit(
        self, name: str, *, actor: str, request_id: str, timeout_s: float | None = None
    ) -> Route:
        """Return the route for `name`, after waiting for its model where needed.

        Raises ModelNotFound, TooMany, WaitedTooLong, or whatever asking for the model raised.
        """
        recipe_id = self._resolve(name)
        if recipe_id is None:
            raise ModelNotFound(name)
        bound = self._bound_s if timeout_s is None else min(timeout_s, self._bound_s)
        try:
            async with asyncio.timeout(bound):
                while (route := self._route(name, recipe_id)) is None:
                    await self._wait_for(recipe_id, actor, request_id)
                return route
        except TimeoutError:
            raise WaitedTooLong(f"{name} was not ready within {bound:.0f} s") from None

    def waiting(self) -> tuple[WaitingView, ...]:
        """How many requests wait for which recipe, and since when."""
        return tuple(
            WaitingView(
                recipe_id=wait.recipe_id,
                requests=len(wait.waiters),
                oldest_since=min(since for _, since in wait.waiters.values()),
            )
            for wait in self._waits.values()
            if wait.waiters
        )

    async def close(self) -> None:
        """Nobody is asked for anything any more; who still waits is told."""
        self._forget_routes()
        for wait in tuple(self._waits.values()):
            wait.release(Unavailable("vLLM Studio is stopping", code="stopping"))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _route(self, name: str, recipe_id: str) -> Route | None:
        """Also for a name the table does not know, such as "default"."""
        table = self._routes.current
        return table.get(name) or next((r for r in table.all() if r.recipe_id == recipe_id), None)

    async def _wait_for(self, recipe_id: str, actor: str, request_id: str) -> None:
        wait = self._waits.get(recipe_id)
        self._refuse_too_many(recipe_id, len(wait.waiters) if wait is not None else 0)
        if wait is None:  # not before: a wait without a waiter would ask for nobody
            wait = self._open(recipe_id, actor, request_id)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wait.waiters[future] = (request_id, self._clock.now())
        try:
            await future
        finally:
            del wait.waiters[future]
            if not wait.waiters and self._waits.get(recipe_id) is wait:
                self._abandon(wait)

    def _refuse_too_many(self, recipe_id: str, waiting: int) -> None:
        """Who could not be served at once when it comes up need not even begin to wait."""
        limit = self._concurrency(recipe_id)
        ahead = self._inflight.count(recipe_id) + self._inflight.owed(recipe_id)
        if waiting >= self._max_waiting or (limit is not None and waiting + ahead >= limit):
            raise TooMany(
                f"{waiting + ahead} requests for {recipe_id} wait or are served already",
                retry_after=5.0,
            )

    def _open(self, recipe_id: str, actor: str, request_id: str) -> _Wait:
        wait = self._waits[recipe_id] = _Wait(recipe_id)
        task = asyncio.create_task(self._ask_until_routed(wait, actor, request_id))
        wait.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return wait

    def _abandon(self, wait: _Wait) -> None:
        """Nobody waits any more: nothing starts for nobody."""
        del self._waits[wait.recipe_id]
        if wait.task is not None:
            wait.task.cancel()

    async def _ask_until_routed(self, wait: _Wait, actor: str, request_id: str) -> None:
        error: StudioError | None = None
        pause = ASK_AGAIN_S
        try:
            await self._ask(wait.recipe_id, actor, request_id)
            while self._is_open(wait):  # it was there, and was evicted before anybody got through
                await asyncio.sleep(pause)
                pause = min(MOST_ASK_AGAIN_S, 2 * pause)
                await self._ask(wait.recipe_id, actor, request_id)
        except StudioError as failure:
            error = failure
        except Exception as failure:
            log.exception("asking for %s failed", wait.recipe_id)
            error = StudioError(f"asking for {wait.recipe_id} failed: {failure}", code="internal")
        self._close(wait, error)

    def _is_open(self, wait: _Wait) -> bool:
        return self._waits.get(wait.recipe_id) is wait

    def _close(self, wait: _Wait, error: StudioError | None = None) -> None:
        if not self._is_open(wait):
            return
        del self._waits[wait.recipe_id]
        if error is None:
            for request_id, _ in wait.waiters.values():
                self._inflight.owe(request_id, wait.recipe_id)
        wait.release(error)

    def _routes_replaced(self) -> None:
        """Whoever made the route appear: who waits for it goes on, and nothing is asked for them.

        The asking ends too: left to itself, a wish that has not begun would start for nobody.
        """
        served = {route.recipe_id for route in self._routes.current.all()}
        for wait in tuple(self._waits.values()):
            if wait.recipe_id in served:
                self._close(wait)
                if wait.task is not None:
                    wait.task.cancel()
