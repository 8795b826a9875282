"""What the picture says in one colour and one sentence, and about each recipe. Pure."""

from collections.abc import Sequence
from typing import Literal

from core.loading_words import how_far
from core.recipes.book import Entry
from core.start_budget import Blocked
from core.status import EngineState, EngineView, GatewayView, RecipeView, SwitchView
from events.projections.engine_runs import EngineRun

StudioState = Literal["idle", "ready", "switching", "failed"]
DOING = {"switch": "Switching to", "load": "Loading", "evict": "Evicting"}


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
    *,
    changed: bool = False,
    block: Blocked | None = None,
    can_sleep: bool = False,
    expected_s: float | None = None,
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
        eta_s=view.eta_s if view else None,
        late=view.late if view else False,
        pinned=recipe.pinned,
        last_load_s=last_load_s,
        error=trouble.error if trouble else None,
        next_action=(trouble.next_action or "") if trouble else "",
        requests_today=requests_today,
        changed=changed,
        blocked=block is not None,
        blocked_until=block.until if block else None,
        priority=recipe.priority,
        can_sleep=can_sleep,
        expected_s=expected_s,
    )


def newest_failure(runs: Sequence[EngineRun], recipes: tuple[RecipeView, ...]) -> RecipeView | None:
    """The recipe whose failure is the last thing that happened to any engine."""
    if not runs or runs[0].state != "failed":
        return None
    return next((r for r in recipes if r.id == runs[0].recipe_id), None)


def overall(
    switch: SwitchView | None, active: str | None, failure: RecipeView | None
) -> StudioState:
    """The one colour of the tray icon."""
    if switch is not None:
        return "switching"
    if active is not None:
        return "ready"
    return "failed" if failure is not None else "idle"


def headline(
    switch: SwitchView | None,
    active: str | None,
    recipes: tuple[RecipeView, ...],
    gateway: GatewayView,
    failure: RecipeView | None,
) -> str:
    """One sentence for the tray."""
    names = {r.id: r.name for r in recipes}
    loading = next((r for r in recipes if r.state in ("starting", "loading")), None)
    if loading is not None:
        return f"Loading {loading.name}{how_far(loading.percent, loading.eta_s, late=loading.late)}"
    if switch is not None and switch.step == "draining":
        requests = "request" if switch.in_flight == 1 else "requests"
        return f"Waiting for {switch.in_flight} running {requests}"
    if switch is not None:
        target = names.get(switch.target or "", switch.target or "everything")
        return f"{DOING[switch.kind]} {target}"
    if gateway.state == "installing":
        return "Installing the gateway"
    if active is not None:
        return f"{names.get(active, active)} is ready"
    if failure is not None:
        return f"{failure.name} failed: {failure.error or 'see its log'}"
    return "No model is loaded"
