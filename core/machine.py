"""Carries out what the switchboard decided, on the real engines and routes."""

import asyncio
from collections.abc import Sequence

from core.engines.fleet import Fleet
from core.errors import EngineFailure, Unavailable
from core.gateway.inflight import InFlight
from core.live_settings import LiveSettings
from core.recipes.book import RecipeBook
from core.routing import RoutePublisher
from core.start_budget import StartBudget
from core.switching.eviction import Resident

HOLDS_MEMORY = ("starting", "loading", "ready", "stopping", "asleep")
STOPPED = "stopped"  # the failure code of a start that a stop aborted
CUT_GRACE_S = 2.0  # a cut request's stream gets its error event out within this
PUBLISH_S = 60.0  # how long a ready engine may wait for its route


class Machine:
    """The `Effects` of switching."""

    def __init__(
        self,
        *,
        settings: LiveSettings,
        book: RecipeBook,
        fleet: Fleet,
        inflight: InFlight,
        publisher: RoutePublisher,
        budget: StartBudget,
    ) -> None:
        self._settings = settings
        self._book = book
        self._fleet = fleet
        self._inflight = inflight
        self._publisher = publisher
        self._budget = budget

    def residents(self) -> tuple[Resident, ...]:
        """Everything that holds memory now."""
        pinned = {e.recipe.id for e in self._book.all() if e.recipe.pinned}
        return tuple(
            Resident(
                recipe_id=view.recipe_id,
                pinned=view.recipe_id in pinned,
                in_flight=self._inflight.count(view.recipe_id),
                last_used=max(view.since, self._inflight.last_used(view.recipe_id)),
            )
            for view in self._fleet.views()
            if view.state in HOLDS_MEMORY
        )

    def ready(self) -> frozenset[str]:
        """The recipes that answer and are routed."""
        return frozenset(self._fleet.endpoints()) & self._publisher.serving

    def withdraw(self, recipe_ids: Sequence[str]) -> None:
        """From now on new requests for these wait in admission."""
        self._publisher.withdraw(recipe_ids)

    def restore(self) -> None:
        """Offer again what was withdrawn and is still there."""
        self._publisher.restore()

    def in_flight(self, recipe_ids: Sequence[str]) -> int:
        """How many requests these are serving."""
        return sum(self._inflight.count(r) for r in recipe_ids)

    async def drained(self, recipe_ids: Sequence[str]) -> bool:
        """Wait until they serve none, at most the setting `drain_timeout_s`."""
        return await self._inflight.drained(
            recipe_ids, timeout_s=self._settings.current.drain_timeout_s
        )

    def cut(self, recipe_ids: Sequence[str]) -> int:
        """End their running requests now."""
        return self._inflight.cut(recipe_ids)

    async def stop(self, recipe_id: str, *, reason: str, actor: str, correlation_id: str) -> None:
        """Return when it is gone; whatever it still served after a cut has ended before."""
        await self._inflight.drained([recipe_id], timeout_s=CUT_GRACE_S)
        await self._fleet.stop(recipe_id, reason=reason, actor=actor, correlation_id=correlation_id)

    async def rehearse(self, recipe_id: str) -> None:
        """Raise what a start would fail with at once: a missing program, model or runtime."""
        await self._fleet.rehearse(self._book.get(recipe_id).recipe)

    async def start(self, recipe_id: str, *, actor: str, correlation_id: str) -> None:
        """Return when it answers and is routed."""
        entry = self._book.get(recipe_id)
        try:
            await self._fleet.ensure_ready(
                entry.recipe, entry.revision, actor=actor, correlation_id=correlation_id
            )
        except EngineFailure as failure:
            if failure.code != STOPPED:  # somebody stopped it: that is nobody's failure
                self._budget.failed(recipe_id, failure)
            raise
        self._budget.forget(recipe_id)
        self._publisher.restore()
        try:
            async with asyncio.timeout(PUBLISH_S):
                await self._publisher.published(recipe_id)
        except TimeoutError:
            raise Unavailable(
                f"{recipe_id} is ready, but the gateway did not take its route",
                code="gateway-unavailable",
                next_action="see the gateway's log",
            ) from None
