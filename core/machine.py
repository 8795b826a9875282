"""Carries out what the switchboard decided, on the real engines and routes."""

import asyncio
from collections.abc import Mapping, Sequence

from core.clock import Clock
from core.engines.fleet import Fleet
from core.errors import EngineFailure, Unavailable
from core.gateway.inflight import InFlight
from core.live_settings import LiveSettings
from core.placement.placement import HOST, Placement, Share
from core.recipes.book import RecipeBook
from core.recipes.recipe import Recipe
from core.routing import RoutePublisher
from core.start_budget import StartBudget
from core.status import EngineView
from core.switching.effects import Gone
from core.switching.scheduling.scene import Resident

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
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._placements: dict[str, Placement] = {}  # by engine id
        self._settings = settings
        self._book = book
        self._fleet = fleet
        self._inflight = inflight
        self._publisher = publisher
        self._budget = budget

    def residents(self) -> tuple[Resident, ...]:
        """Everything that holds memory now."""
        offset = self._clock.monotonic() - self._clock.now() / 1e6
        found = []
        for view in self._fleet.views():
            if view.state not in HOLDS_MEMORY:
                continue
            last_used = max(view.since, self._inflight.last_used(view.recipe_id))
            found.append(
                Resident(
                    recipe_id=view.recipe_id,
                    placement=self._placement_of(view),
                    asleep=view.state == "asleep",
                    pinned=self._is_pinned(view.recipe_id),
                    in_flight=self._inflight.count(view.recipe_id),
                    owed=self._inflight.owed(view.recipe_id),
                    ready_at=view.since / 1e6 + offset if view.state == "ready" else None,
                    last_used=last_used / 1e6 + offset,
                )
            )
        return tuple(found)

    def capacity(self) -> Mapping[str, int]:
        """Nothing is measured yet."""
        return {}

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """Raise what a start would fail with at once; then, how it may run."""
        recipe = self._book.get(recipe_id).recipe
        await self._fleet.rehearse(recipe)
        return (self._declared(recipe),)

    def _declared(self, recipe: Recipe) -> Placement:
        names = [f"gpu:{index}" for index in recipe.devices] or [HOST]
        return Placement(shares=tuple(Share(device=name) for name in names))

    def _placement_of(self, view: EngineView) -> Placement:
        if (placement := self._placements.get(view.engine_id)) is not None:
            return placement
        entry = self._book.find(view.recipe_id)
        return self._declared(entry.recipe if entry else Recipe(id=view.recipe_id))

    def _is_pinned(self, recipe_id: str) -> bool:
        entry = self._book.find(recipe_id)
        return entry is not None and entry.recipe.pinned

    def ready(self) -> frozenset[str]:
        """The recipes that answer and are routed."""
        return frozenset(self._fleet.endpoints()) & self._publisher.serving

    def withdraw(self, recipe_ids: Sequence[str]) -> None:
        """From now on new requests for these wait in admission."""
        self._publisher.withdraw(recipe_ids)

    def restore(self, recipe_ids: Sequence[str]) -> None:
        """Offer these again, as far as they are still there."""
        self._publisher.restore(recipe_ids)

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

    async def vacate(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        newcomer: Placement | None,
        may_sleep: bool,
    ) -> Gone:
        """Return when its memory is free."""
        await self.stop(recipe_id, reason=reason, actor=actor, correlation_id=correlation_id)
        return "stopped"

    async def start(
        self, recipe_id: str, placement: Placement | None, *, actor: str, correlation_id: str
    ) -> None:
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
        self._publisher.restore([recipe_id])
        try:
            async with asyncio.timeout(PUBLISH_S):
                await self._publisher.published(recipe_id)
        except TimeoutError:
            raise Unavailable(
                f"{recipe_id} is ready, but the gateway did not take its route",
                code="gateway-unavailable",
                next_action="see the gateway's log",
            ) from None
