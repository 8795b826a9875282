"""The tray's colour and sentence."""

import msgspec

from core.picture import headline, newest_failure, overall
from core.status import GatewayView, RecipeView, SwitchView
from events.projections.engine_runs import EngineRun

UP = GatewayView(state="ready", port=4000)


def recipe(id_: str, **given: object) -> RecipeView:
    """A recipe in the picture."""
    plain = RecipeView(
        id=id_, name=id_.title(), model="", engine="vllm", public_name=id_, aliases=(),
        state="stopped",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **given)


def run(recipe_id: str, state: str) -> EngineRun:
    """A run as the log has it."""
    return EngineRun(
        engine_id="e", recipe_id=recipe_id, revision=1, kind="vllm", runtime=None, model_name="m",
        port=1, nonce="n", argv=(), log_path="", state=state, since=0, pid=None,
        process_group=None, process_started_at=None, phase="", percent=None, requested_at=0,
        requested_by="cli", ready_seconds=None, adopted=False, error_code=None, error=None,
        next_action="", lines=(), exit_code=None, fingerprint="", devices=(),
    )  # fmt: skip


def switching(kind: str, step: str, target: str | None = "a", in_flight: int = 0) -> SwitchView:
    """A change under way."""
    return SwitchView(
        switch_id="s", kind=kind, target=target, step=step, since=0, actor="cli",
        in_flight=in_flight,
    )  # fmt: skip


def test_an_old_failure_does_not_colour_what_came_after() -> None:
    """Only when a failure is the last thing that happened does the icon turn red."""
    recipes = (recipe("a", state="failed"), recipe("b"))
    assert newest_failure([run("b", "stopped"), run("a", "failed")], recipes) is None
    assert newest_failure([run("a", "failed"), run("b", "stopped")], recipes) == recipes[0]
    assert newest_failure([], recipes) is None


def test_a_change_outshines_a_ready_model_and_that_a_failure() -> None:
    """What is going on comes first."""
    failed = recipe("a", state="failed")
    assert overall(switching("switch", "starting"), "b", failed) == "switching"
    assert overall(None, "b", failed) == "ready"
    assert overall(None, None, failed) == "failed"
    assert overall(None, None, None) == "idle"


def test_the_sentence_says_what_is_going_on() -> None:
    """Loading with its share, draining with its number, evicting by name."""
    loading = recipe("a", state="loading", percent=62.4)
    assert headline(None, None, (loading,), UP, None) == "Loading A 62 %"
    loading = recipe("a", state="loading", percent=62.4, eta_s=12.0)
    assert headline(None, None, (loading,), UP, None) == "Loading A 62 %, about 10 s left"
    draining = switching("switch", "draining", in_flight=3)
    assert headline(draining, "b", (), UP, None) == "Waiting for 3 running requests"
    assert headline(switching("evict", "evicting"), None, (), UP, None) == "Evicting a"
    assert headline(switching("evict", "evicting", None), None, (), UP, None) == (
        "Evicting everything"
    )


def test_the_sentence_says_how_it_stands() -> None:
    """Ready by name, failed with the reason, or simply empty."""
    ready = recipe("a", state="ready")
    failed = recipe("a", state="failed", error="out of memory")
    assert headline(None, "a", (ready,), UP, None) == "A is ready"
    assert headline(None, None, (failed,), UP, failed) == "A failed: out of memory"
    assert headline(None, None, (), UP, None) == "No model is loaded"


def test_a_gateway_being_installed_is_said_before_anything_ready() -> None:
    """Nothing can be answered before it is there."""
    installing = GatewayView(state="installing", port=4000)
    assert headline(None, None, (), installing, None) == "Installing the gateway"
