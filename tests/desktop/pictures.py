"""Pictures of machines, for the tray's tests."""

from typing import Any

from core.status import EngineView, GatewayView, RecipeView, Status, SwitchView

NOW = 1_700_000_000_000_000


def recipe(recipe_id: str, state: Any = "stopped", **more: Any) -> RecipeView:
    """A recipe in a state."""
    return RecipeView(
        id=recipe_id,
        name="",
        model=f"org/{recipe_id}",
        engine="vllm",
        public_name=recipe_id,
        aliases=(),
        state=state,
        **more,
    )


def engine(recipe_id: str, state: Any = "ready") -> EngineView:
    """Its engine."""
    return EngineView(
        engine_id=f"e-{recipe_id}",
        recipe_id=recipe_id,
        kind="vllm",
        runtime=None,
        state=state,
        since=NOW,
        port=8000,
    )


def change(target: str | None, kind: str = "switch") -> SwitchView:
    """A change under way."""
    return SwitchView(
        switch_id="s1", kind=kind, target=target, step="starting", since=NOW, actor="tray"
    )


def machine(
    *recipes: RecipeView,
    state: Any = "idle",
    active: str | None = None,
    switch: SwitchView | None = None,
    headline: str = "No model is loaded.",
) -> Status:
    """A picture whose engines are those of its recipes that are not stopped."""
    alive = tuple(engine(r.id, r.state) for r in recipes if r.state != "stopped")
    return Status(
        version="0.1.0",
        position=1,
        endpoint="http://127.0.0.1:8080/v1",
        state=state,
        active=active,
        headline=headline,
        recipes=recipes,
        engines=alive,
        switch=switch,
        gateway=GatewayView(state="ready", port=4000),
    )
