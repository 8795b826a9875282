"""Puts the one consistent picture together, and tells who follows when it changed.

Pictures are built at most every quarter of a second however much happens; the last change always
gets its picture. An engine that comes into another state, and a step of a switch, are told at once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import msgspec

from core.engines.fleet import Fleet
from core.engines.warm.programs import Start
from core.expected_load import expected_s, starts_warm
from core.gateway.admission import Admission
from core.gateway.gateway import Gateway
from core.gateway.inflight import InFlight
from core.picture import headline, newest_failure, newest_view, overall, recipe_view
from core.recipes.book import RecipeBook
from core.start_budget import StartBudget
from core.status import EngineView, HeldBackView, ProblemView, Status
from core.switching.switchboard import Switchboard
from core.version import studio_version
from events.projections.engine_runs import engine_runs
from events.projections.load_phases import load_seconds
from events.projections.load_times import load_times
from events.store import EventStore

log = logging.getLogger(__name__)

INTERVAL_S = 0.25
AT_ONCE_S = 0.03  # between two pictures of states: several facts of one commit are one picture
LOADING_S = 1.0  # between two pictures of an engine that loads and tells nothing
RUNS_LOOKED_AT = 200


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
        budget: StartBudget,
        admission: Admission,
        inflight: InFlight,
        requests_today: Callable[[], dict[str, int]],
        endpoint: str,
        alarm: Callable[[], str | None] = lambda: None,
        problem: ProblemView | None = None,
        notices: Callable[[], tuple[str, ...]] = tuple,
        held_back: Callable[[], HeldBackView | None] = lambda: None,
        spares: Callable[[], tuple[Start, ...]] = tuple,
        language: Callable[[], str] = lambda: "auto",
    ) -> None:
        """`spares`: the starts that would be warm now."""
        self._store = store
        self._book = book
        self._fleet = fleet
        self._gateway = gateway
        self._switchboard = switchboard
        self._budget = budget
        self._admission = admission
        self._inflight = inflight
        self._requests_today = requests_today
        self._endpoint = endpoint
        self._alarm = alarm
        self._problem = problem
        self._notices = notices
        self._held_back = held_back
        self._spares = spares
        self._language = language
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._listeners: list[Callable[[Status], None]] = []
        self.current = self.build()
        fleet.listen(self._fleet_changed)
        gateway.listen(self.changed)
        switchboard.listen(self._stepped)
        inflight.listen(self._dirty.set)  # `changed` itself: twice for each request

    def changed(self) -> None:
        """Something the picture shows may be different now."""
        self._dirty.set()

    def _fleet_changed(self) -> None:
        """Progress waits its turn; another state does not."""
        shown = {engine.engine_id: engine.state for engine in self.current.engines}
        if {view.engine_id: view.state for view in self._fleet.views()} != shown:
            self._urgent.set()
        self.changed()

    def _stepped(self) -> None:
        self._urgent.set()
        self.changed()

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Call back in the loop with every new picture; returns how to stop."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    async def run(self) -> None:
        """Build and tell until cancelled."""
        while True:
            await self._worth_a_look()
            self._dirty.clear()
            self._urgent.clear()
            try:
                self.current = self.build()
                for callback in tuple(self._listeners):
                    callback(self.current)
            except Exception:
                log.exception("the picture could not be made")
            await asyncio.sleep(AT_ONCE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), INTERVAL_S - AT_ONCE_S)

    async def _worth_a_look(self) -> None:
        """Something changed, or an engine loads: its clock goes on while nothing is said."""
        loading = any(e.state in ("starting", "loading") for e in self.current.engines)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._dirty.wait(), LOADING_S if loading else None)

    def build(self) -> Status:
        """The picture as of the log's head."""
        with self._store.reading() as connection:
            runs = engine_runs(connection, limit=RUNS_LOOKED_AT)
            loads = load_times(connection)
            took = load_seconds(connection)
        entries = self._book.all()
        engines = tuple(self._with_in_flight(v) for v in self._fleet.views())
        today = self._requests_today()
        blocked = self._budget.all_blocked()
        spares = self._spares()
        views = {entry.recipe.id: newest_view(engines, entry.recipe.id) for entry in entries}
        recipes = tuple(
            recipe_view(
                entry,
                view := views[entry.recipe.id],
                next((r for r in runs if r.recipe_id == entry.recipe.id), None),
                loads.get(entry.recipe.id),
                today.get(entry.recipe.id, 0),
                changed=self._fleet.is_current(entry.recipe) is False,
                block=blocked.get(entry.recipe.id),
                can_sleep=bool(self._fleet.can_sleep(entry.recipe.id)),
                expected_s=expected_s(
                    entry.recipe.id,
                    view.state if view else "stopped",
                    took,
                    warm=starts_warm(entry.recipe, spares),
                ),
            )
            for entry in entries
        )
        switches = self._switchboard.views()
        switch = switches[0] if switches else None
        ready = [v for v in engines if v.state == "ready"]
        active = max(ready, key=lambda v: v.since).recipe_id if ready else None
        gateway = self._gateway.view()
        failure = newest_failure(runs, recipes)
        return Status(
            version=studio_version(),
            position=self._store.head,
            endpoint=self._endpoint,
            state=overall(switch, active, failure),
            active=active,
            headline=self._alarm() or headline(switch, active, recipes, gateway, failure),
            recipes=recipes,
            engines=engines,
            switch=switch,
            switches=switches,
            gateway=gateway,
            waiting=tuple(
                msgspec.structs.replace(w, because=self._switchboard.waits_for(w.recipe_id))
                for w in self._admission.waiting()
            ),
            in_flight=self._inflight.total,
            alarm=self._alarm(),
            problem=self._problem,
            notices=self._notices(),
            held_back=self._held_back(),
            failed=failure.id if failure is not None else None,
            language=self._language(),
        )

    def _with_in_flight(self, view: EngineView) -> EngineView:
        return msgspec.structs.replace(view, in_flight=self._inflight.count(view.recipe_id))
