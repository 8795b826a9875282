"""Puts the one consistent picture together, and tells who follows when it changed.

Pictures are built at most every quarter of a second however much happens; the last change always
gets its picture.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec

from core.engines.fleet import Fleet
from core.gateway.admission import Admission
from core.gateway.gateway import Gateway
from core.gateway.inflight import InFlight
from core.recipes.book import Entry, RecipeBook
from core.status import EngineState, EngineView, GatewayView, RecipeView, Status, SwitchView
from core.switching.switchboard import Switchboard
from core.version import studio_version
from events.projections.engine_runs import EngineRun, engine_runs
from events.projections.load_times import load_times
from events.store import EventStore

INTERVAL_S = 0.25
RUNS_LOOKED_AT = 200

StudioState = Literal["idle", "ready", "switching", "failed"]


class StatusBoard:
    """Lives in the studio's loop; `current` may be read from any thread."""

    def __init__(
        self,
        *,
        store: EventStore,
        book: RecipeBook,
        fleet: Fleet,
        gateway: Gateway,
        switchboard: Switchboard,
        admission: Admission,
        inflight: InFlight,
        requests_today: Callable[[], dict[str, int]],
        endpoint: str,
    ) -> None:
        self._store = store
        self._book = book
        self._fleet = fleet
        self._gateway = gateway
        self._switchboard = switchboard
        self._admission = admission
        self._inflight = inflight
        self._requests_today = requests_today
        self._endpoint = endpoint
        self._dirty = asyncio.Event()
        self._listeners: list[Callable[[Status], None]] = []
        self.current = self.build()
        fleet.listen(self.changed)
        gateway.listen(self.changed)
        switchboard.listen(self.changed)
        inflight.listen(self.changed)

    def changed(self) -> None:
        """Something the picture shows may be different now."""
        self._dirty.set()

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Call back in the loop with every new picture; returns how to stop."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    async def run(self) -> None:
        """Build and tell until cancelled."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self.current = self.build()
            for callback in tuple(self._listeners):
                callback(self.current)
            await asyncio.sleep(INTERVAL_S)

    def build(self) -> Status:
        """The picture as of the log's head."""
        with self._store.reading() as connection:
            runs = engine_runs(connection, limit=RUNS_LOOKED_AT)
            loads = load_times(connection)
        engines = tuple(self._with_in_flight(v) for v in self._fleet.views())
        today = self._requests_today()
        recipes = tuple(
            recipe_view(
                entry,
                newest_view(engines, entry.recipe.id),
                next((r for r in runs if r.recipe_id == entry.recipe.id), None),
                loads.get(entry.recipe.id),
                today.get(entry.recipe.id, 0),
            )
            for entry in self._book.all()
        )
        switch = self._switchboard.view()
        ready = [v for v in engines if v.state == "ready"]
        active = max(ready, key=lambda v: v.since).recipe_id if ready else None
        gateway = self._gateway.view()
        state = overall(switch, active, recipes)
        return Status(
            version=studio_version(),
            position=self._store.head,
            endpoint=self._endpoint,
            state=state,
            active=active,
            headline=headline(switch, active, recipes, gateway),
            recipes=recipes,
            engines=engines,
            switch=switch,
            gateway=gateway,
            waiting=self._admission.waiting(),
            in_flight=self._inflight.total,
        )

    def _with_in_flight(self, view: EngineView) -> EngineView:
        return msgspec.structs.replace(view, in_flight=self._inflight.count(view.recipe_id))


def newest_view(engines: tuple[EngineView, ...], recipe_id: str) -> EngineView | None:
    """The engine that speaks for a recipe: the one that changed last."""
    mine = [v for v in engines if v.recipe_id == recipe_id]
    return max(mine, key=lambda v: v.since) if mine else None


def recipe_view(
    entry: Entry,
    view: EngineView | None,
    run: EngineRun | None,
    last_load_s: float | None,
    requests_today: int,
) -> RecipeView:
    """A recipe with what its newest engine says; without one, with how its last run ended."""
    recipe = entry.recipe
    failed = run is not None and run.state == "failed"
    stopped: EngineState = "failed" if failed else "stopped"
    state = view.state if view is not None else stopped
    trouble = run if state == "failed" and run is not None else None
    return RecipeView(
        id=recipe.id,
        name=recipe.title,
        model=recipe.model,
        engine=recipe.engine,
        public_name=recipe.public_name,
        aliases=recipe.aliases,
        state=state,
        engine_id=view.engine_id if view else None,
        percent=view.percent if view else None,
        phase=view.phase if view else "",
        pinned=recipe.pinned,
        last_load_s=last_load_s,
        error=trouble.error if trouble else None,
        next_action=(trouble.next_action or "") if trouble else "",
        requests_today=requests_today,
    )


def overall(
    switch: SwitchView | None, active: str | None, recipes: tuple[RecipeView, ...]
) -> StudioState:
    """The one colour of the tray icon."""
    if switch is not None:
        return "switching"
    if active is not None:
        return "ready"
    return "failed" if any(r.state == "failed" for r in recipes) else "idle"


def headline(
    switch: SwitchView | None,
    active: str | None,
    recipes: tuple[RecipeView, ...],
    gateway: GatewayView,
) -> str:
    """One sentence for the tray."""
    names = {r.id: r.name for r in recipes}
    loading = next((r for r in recipes if r.state in ("starting", "loading")), None)
    if loading is not None:
        percent = f" {loading.percent:.0f} %" if loading.percent is not None else ""
        return f"Loading {loading.name}{percent}"
    if switch is not None and switch.step == "draining":
        return f"Waiting for {switch.in_flight} running request(s)"
    if switch is not None:
        target = names.get(switch.target or "", switch.target or "everything")
        return f"{switch.kind.capitalize()}: {target}"
    if gateway.state == "installing":
        return "Installing the gateway"
    if active is not None:
        return f"{names.get(active, active)} is ready"
    if failed := next((r for r in recipes if r.state == "failed"), None):
        return f"{failed.name} failed: {failed.error or 'see its log'}"
    return "No model is loaded"
