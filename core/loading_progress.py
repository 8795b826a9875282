"""Where the model of a waiting request stands: its turn, the room made for it, or its own load."""

from collections.abc import Callable

from core.clock import Clock
from core.engines.fleet import Fleet
from core.gateway.loading_feedback import LoadingFeedback
from core.gateway.loading_stream import Loading
from core.live_settings import LiveSettings
from core.recipes.book import RecipeBook
from core.status import EngineView, SwitchView
from core.switching.switchboard import Switchboard
from events.projections.load_times import last_load
from events.store import EventStore


class LoadingProgress:
    """Puts together what the engines, the changes under way and the queue say. Cheap to ask."""

    def __init__(
        self,
        *,
        resolve: Callable[[str], str | None],
        public_name: Callable[[str], str],
        engines: Callable[[], tuple[EngineView, ...]],
        changes: Callable[[], tuple[SwitchView, ...]],
        queued: Callable[[str], int | None],
    ) -> None:
        """`queued`: how many models come before a recipe's; None when it is not queued."""
        self._resolve = resolve
        self._public_name = public_name
        self._engines = engines
        self._changes = changes
        self._queued = queued

    def __call__(self, name: str) -> Loading | None:
        """What is known now of the model that a request calls `name`; None: there is none."""
        recipe_id = self._resolve(name)
        if recipe_id is None:
            return None
        shown = self._public_name(recipe_id)
        for view in self._engines():
            if view.recipe_id == recipe_id and (loading := _of_engine(shown, view)) is not None:
                return loading
        change = next((c for c in self._changes() if c.target == recipe_id), None)
        if change is not None:
            step = "loading" if change.step == "starting" else change.step
            return Loading(name=shown, step=step, in_flight=change.in_flight)
        return Loading(name=shown, before=self._queued(recipe_id))


def feedback_of(
    book: RecipeBook, fleet: Fleet, switchboard: Switchboard, live: LiveSettings, clock: Clock
) -> LoadingFeedback:
    """What tells waiting clients, put together from those who know."""
    progress = LoadingProgress(
        resolve=book.resolve,
        public_name=lambda recipe_id: book.get(recipe_id).recipe.public_name,
        engines=fleet.views,
        changes=switchboard.views,
        queued=switchboard.queue_position,
    )
    return LoadingFeedback(
        progress=progress, by_default=lambda: live.current.loading_feedback, clock=clock
    )


def _of_engine(shown: str, view: EngineView) -> Loading | None:
    if view.state == "ready":
        return Loading(name=shown, step="routing")
    if view.state not in ("starting", "loading"):
        return None
    return Loading(
        name=shown,
        step="loading",
        phase=view.phase,
        percent=view.percent,
        eta_s=view.eta_s,
        late=view.late,
    )


def last_load_of(store: EventStore, recipe_id: str) -> float | None:
    """How many seconds a recipe took until it answered, the last time."""
    with store.reading() as connection:
        return last_load(connection, recipe_id)
