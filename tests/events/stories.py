"""A story with everything in it, for tests that fold: facts as a real day would append them."""

from typing import Any

from events.facts import (
    EngineBecameReady,
    EngineCrashed,
    EngineProgressed,
    EngineStarted,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeRestored,
    RecipeRevised,
    RuntimeInstalled,
    RuntimeInstallRequested,
    SettingChanged,
)
from events.facts.base import Fact

Story = list[tuple[str, Fact]]


def asked(engine_id: str, recipe_id: str = "qwen", **changed: object) -> EngineStartRequested:
    """A start of an engine, with what the test does not care about filled in."""
    fields: dict[str, object] = {
        "revision": 1,
        "kind": "vllm",
        "runtime": "vllm-0.12.0",
        "model_name": recipe_id,
        "port": 8000,
        "argv": ("vllm", "serve"),
        "nonce": "abc",
        "log_path": f"logs/{engine_id}.log",
        **changed,
    }
    return EngineStartRequested(engine_id=engine_id, recipe_id=recipe_id, **fields)  # type: ignore[arg-type]  # filled from a table


def one_run(engine_id: str, recipe_id: str, seconds: float, crash: bool = False) -> Story:
    """An engine from the wish until its end."""
    who: dict[str, Any] = {"engine_id": engine_id, "recipe_id": recipe_id}
    end: list[Fact] = (
        [EngineCrashed(**who, reason="out of memory", code="oom", lines=("CUDA",), exit_code=1)]
        if crash
        else [
            EngineStopRequested(**who, reason="evicted"),
            EngineStopped(**who, exit_code=0, seconds=1.5),
        ]
    )
    facts: list[Fact] = [
        asked(engine_id, recipe_id),
        EngineStarted(**who, pid=42, process_group=42, process_started_at=1.25),
        EngineProgressed(**who, phase="loading weights", percent=40.0),
        EngineBecameReady(**who, seconds=seconds),
        *end,
    ]
    return [(f"engine-{engine_id}", fact) for fact in facts]


def a_day(runs: int = 6) -> Story:
    """Recipes saved and changed, a runtime installed, engines come and gone."""
    story: Story = [
        ("recipe-qwen", RecipeCreated(recipe_id="qwen", recipe={"id": "qwen"})),
        ("recipe-qwen", RecipeRevised(recipe_id="qwen", recipe={"id": "qwen", "n": 2}, revision=2)),
        ("recipe-two", RecipeCloned(recipe_id="two", source_id="qwen", recipe={"id": "two"})),
        ("settings", SettingChanged(key="max_resident", value=2, previous=1)),
        ("runtime-v", RuntimeInstallRequested(runtime_id="v", kind="vllm", version="1")),
        (
            "runtime-v",
            RuntimeInstalled(
                runtime_id="v", kind="vllm", version="1", seconds=3.0, bytes_on_disk=9
            ),
        ),
        ("recipe-two", RecipeArchived(recipe_id="two")),
        ("recipe-two", RecipeRestored(recipe_id="two")),
    ]
    for run in range(runs):
        story += one_run(f"e{run}", ("qwen", "two")[run % 2], 10.0 + run, crash=run % 3 == 2)
    return story
