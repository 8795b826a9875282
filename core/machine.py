"""Carries out what the switchboard decided, on the real engines and routes."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from core.clock import Clock
from core.engines import sleep as sleep_rules
from core.engines.fleet import Fleet
from core.errors import Unavailable
from core.fit.freeing import freed
from core.fit.recording import record_memory
from core.gateway.inflight import InFlight
from core.hardware.process_memory import measure
from core.live_settings import LiveSettings
from core.placement.placement import HOST, Placement
from core.places import Places
from core.recipes.book import RecipeBook
from core.routing import RoutePublisher
from core.status import EngineView
from core.switching.effects import Gone
from core.switching.scheduling.room import beside
from core.switching.scheduling.scene import Resident
from events.projections.load_times import load_times
from events.store import EventStore

log = logging.getLogger(__name__)

HOLDS_MEMORY = ("starting", "loading", "ready", "stopping", "asleep")
CUT_GRACE_S = 2.0  # a cut request's stream gets its error event out within this
PUBLISH_S = 60.0  # how long a ready engine may wait for its route


class Machine:
    """The `Effects` of switching."""

    def __init__(
        self,
        *,
        store: EventStore,
        settings: LiveSettings,
        book: RecipeBook,
        fleet: Fleet,
        places: Places,
        inflight: InFlight,
        publisher: RoutePublisher,
        clock: Clock,
    ) -> None:
        self._store = store
        self._settings = settings
        self._book = book
        self._fleet = fleet
        self._places = places
        self._inflight = inflight
        self._publisher = publisher
        self._clock = clock
        self._measuring: set[asyncio.Task[None]] = set()
        self._reload_s: Mapping[str, float] = {}

    # ---- readings -------------------------------------------------------------------------------

    def residents(self) -> tuple[Resident, ...]:
        """Everything that holds memory now."""
        return tuple(self._resident(v) for v in self._fleet.views() if v.state in HOLDS_MEMORY)

    def _resident(self, view: EngineView) -> Resident:
        recipe_id, offset = view.recipe_id, self._clock.monotonic() - self._clock.now() / 1e6
        entry = self._book.find(recipe_id)
        last_used = max(view.since, self._inflight.last_used(recipe_id))
        return Resident(
            recipe_id=recipe_id,
            placement=self._places.of(view),
            asleep=view.state == "asleep",
            pinned=entry is not None and entry.recipe.pinned,
            in_flight=self._inflight.count(recipe_id),
            owed=self._inflight.owed(recipe_id),
            ready_at=view.since / 1e6 + offset if view.state == "ready" else None,
            last_used=last_used / 1e6 + offset,
            reload_s=self._reload_s.get(recipe_id, 0.0),
        )

    def capacity(self) -> Mapping[str, int]:
        """Device → bytes that are ours to plan with, as of the last look."""
        return self._places.capacity

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """The ways in which it may run. Raises what a start would fail with at once."""
        await self._fleet.rehearse(self._book.get(recipe_id).recipe)
        with self._store.reading() as connection:
            self._reload_s = load_times(connection)
        return await self._places.options(recipe_id, force=force)

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

    async def vacate(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
        newcomer: Placement | None,
        may_sleep: bool,
    ) -> Gone:
        """Return when its memory is free: asleep where that is enough, else gone."""
        await self._inflight.drained([recipe_id], timeout_s=CUT_GRACE_S)
        level = self._level(recipe_id) if may_sleep else None
        if level is not None:
            slept = await self._fleet.sleep(
                recipe_id,
                level=level,
                reason=reason,
                actor=actor,
                correlation_id=correlation_id,
                causation_id=causation_id,
            )
            if slept is not None:
                left = self._places.slept(recipe_id, slept)
                if newcomer is None or beside(newcomer, left, self._places.capacity):
                    return "asleep"
        await self.stop(
            recipe_id,
            reason=reason,
            actor=actor,
            correlation_id=correlation_id,
            causation_id=causation_id,
        )
        return "stopped"

    def _level(self, recipe_id: str) -> int | None:
        """How deeply it may sleep now; None: it is stopped instead."""
        entry = self._book.find(recipe_id)
        views = [v for v in self._fleet.views() if v.recipe_id == recipe_id and v.state == "ready"]
        if entry is None or not views or self._fleet.is_current(entry.recipe) is False:
            return None
        need = _weight(self._places.of(views[0]))
        taken = sum(sleeper.host_bytes for sleeper in self._fleet.asleep())
        return sleep_rules.choose_level(
            entry.recipe.sleep,
            need_gib=need / sleep_rules.GIB,
            budget_left_gib=self._sleep_budget() - taken / sleep_rules.GIB,
            can=self._fleet.can_sleep(recipe_id),
        )

    def _sleep_budget(self) -> float:
        total = self._places.capacity.get(HOST, 0)
        return sleep_rules.budget_gib(self._settings.current.sleep_memory_gib or None, total)

    async def stop(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
    ) -> None:
        """Return when it is gone; whatever it still served after a cut has ended before."""
        await self._inflight.drained([recipe_id], timeout_s=CUT_GRACE_S)
        await self._fleet.stop(
            recipe_id,
            reason=reason,
            actor=actor,
            correlation_id=correlation_id,
            causation_id=causation_id,
        )
        self._places.gone(recipe_id)
        self._inflight.forget_ttl(recipe_id)

    async def start(
        self,
        recipe_id: str,
        placement: Placement | None,
        *,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
    ) -> None:
        """Return when it answers and is routed."""
        entry = self._book.get(recipe_id)
        if placement is not None:
            await self._until_free(placement)
            self._places.takes(recipe_id, placement)
        endpoint = await self._fleet.ensure_ready(
            entry.recipe,
            entry.revision,
            actor=actor,
            correlation_id=correlation_id,
            causation_id=causation_id,
            devices=placement.devices if placement is not None else (),
        )
        self._publisher.restore([recipe_id])
        self._measure(endpoint.engine_id, correlation_id)
        try:
            async with asyncio.timeout(PUBLISH_S):
                await self._publisher.published(recipe_id)
        except TimeoutError:
            raise Unavailable(
                f"{recipe_id} is ready, but the gateway did not take its route",
                code="gateway-unavailable",
                next_action="see the gateway's log",
            ) from None

    async def _until_free(self, placement: Placement) -> None:
        """The driver gives memory back late: an engine that starts in that gap would fail."""
        now = await self._places.free()
        wanted = {s.device: s.bytes for s in placement.shares if s.bytes and s.device in now}
        if all(now[device] >= size for device, size in wanted.items()):
            return
        seen = await freed(self._places.free, wanted)
        log.info("waited %.1f s for memory (%s)", seen.seconds, seen.outcome)

    # ---- measuring ------------------------------------------------------------------------------

    def measure_all(self) -> None:
        """What was taken over at boot holds memory that nobody has measured yet."""
        for view in self._fleet.views():
            if view.state in ("ready", "asleep"):
                self._measure(view.engine_id, None)

    def _measure(self, engine_id: str, correlation_id: str | None) -> None:
        """Beside everything else: nobody waits for it."""
        view = next((v for v in self._fleet.views() if v.engine_id == engine_id), None)
        if view is None or view.pid is None:
            return
        task = asyncio.ensure_future(self._measured(view, view.pid, correlation_id))
        self._measuring.add(task)
        task.add_done_callback(self._measuring.discard)

    async def _measured(self, view: EngineView, pid: int, correlation_id: str | None) -> None:
        entry = self._book.find(view.recipe_id)
        if entry is None or view.state == "asleep":
            found = await measure(pid)
            if found is not None:
                self._places.measured(view.recipe_id, found)
            return
        found = await record_memory(
            self._store,
            engine_id=view.engine_id,
            recipe_id=view.recipe_id,
            revision=entry.revision,
            process_group=pid,
            fingerprint=self._fleet.fingerprint(entry.recipe),
            correlation_id=correlation_id,
        )
        if found is not None:
            self._places.measured(view.recipe_id, found)


def _weight(held: Placement) -> int:
    """What a sleeper of level 1 may keep in main memory: at most what it holds of its GPUs."""
    on_gpus = sum(share.bytes or 0 for share in held.shares if share.device != HOST)
    return on_gpus or held.bytes_on(HOST) or 0
