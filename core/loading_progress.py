"""Where the model of a waiting request stands: its turn, the room made for it, or its own load."""

from collections.abc import Callable

from core.gateway.loading_stream import Loading
from core.status import EngineView, SwitchView, WaitingView


class LoadingProgress:
    """Puts together what the engines, the changes under way and the queue say. Cheap to ask."""

    def __init__(
        self,
        *,
        resolve: Callable[[str], str | None],
        public_name: Callable[[str], str],
        engines: Callable[[], tuple[EngineView, ...]],
        changes: Callable[[], tuple[SwitchView, ...]],
        waiting: Callable[[], tuple[WaitingView, ...]],
    ) -> None:
        self._resolve = resolve
        self._public_name = public_name
        self._engines = engines
        self._changes = changes
        self._waiting = waiting

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
            return Loading(name=shown, step=change.step, in_flight=change.in_flight)
        return self._queued(shown, recipe_id)

    def _queued(self, shown: str, recipe_id: str) -> Loading:
        """Its place among the models that are waited for, the longest wait first."""
        waits = sorted(self._waiting(), key=lambda wait: wait.oldest_since)
        ids = [wait.recipe_id for wait in waits]
        position = ids.index(recipe_id) + 1 if recipe_id in ids else None
        return Loading(name=shown, position=position, of=len(ids))


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
