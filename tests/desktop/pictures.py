"""Pictures of machines, for the tray's tests, and the words that the window has for them."""

from typing import Any

from core.status import EngineView, GatewayView, RecipeView, Status, SwitchView
from desktop.tray_menu import Picture, picture
from desktop.words import Language, Speech
from tests.webui.catalogues import PHRASES, catalogue

UP = GatewayView(state="ready", port=4000)
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


def change(
    target: str | None, kind: str = "switch", *, step: str = "starting", in_flight: int = 0
) -> SwitchView:
    """A change under way."""
    return SwitchView(
        switch_id="s1",
        kind=kind,
        target=target,
        step=step,
        since=NOW,
        actor="tray",
        in_flight=in_flight,
    )


def machine(
    *recipes: RecipeView,
    state: Any = "idle",
    active: str | None = None,
    switch: SwitchView | None = None,
    gateway: GatewayView = UP,
    **more: Any,
) -> Status:
    """A picture whose engines are those of its recipes that are not stopped."""
    alive = tuple(engine(r.id, r.state) for r in recipes if r.state != "stopped")
    return Status(
        version="0.1.0",
        position=1,
        endpoint="http://127.0.0.1:8080/v1",
        state=state,
        active=active,
        headline="No model is loaded",
        recipes=recipes,
        engines=alive,
        switch=switch,
        gateway=gateway,
        **more,
    )


def templates(language: str) -> dict[str, str]:
    """The window's words for what the server says, from its sources."""
    return {k: v for part in PHRASES for k, v in catalogue(language, part).items()}


def speech(language: Language) -> Speech:
    """A language with everything it knows."""
    return Speech(language, templates)


def english(status: Status, *, autostart: bool = False) -> Picture:
    """The tray in English."""
    return picture(status, Speech(), autostart=autostart)
