"""What runs and is used by nobody is said, with what ends it."""

from pathlib import Path

import pytest

from core.settings import Settings
from desktop.doctor_engines import engines_left_alone
from events.facts import EngineLeftAlone, EngineStarted, EngineStartRequested, EngineStopped
from events.projections import ALL
from events.store import EventStore

REQUESTED = EngineStartRequested(
    engine_id="qwen-1",
    recipe_id="qwen",
    revision=1,
    kind="vllm",
    runtime="vllm-1",
    model_name="qwen",
    port=8000,
    argv=("vllm",),
    nonce="n",
    log_path="logs/x.log",
)
STARTED = EngineStarted(
    engine_id="qwen-1", recipe_id="qwen", pid=77, process_group=77, process_started_at=1.0
)
LEFT = EngineLeftAlone(
    engine_id="qwen-1", recipe_id="qwen", pid=77, reason="its recipe was changed meanwhile"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty home."""
    made = Settings(home=tmp_path)
    made.paths.create()
    return made


async def test_an_engine_left_alone_is_said(settings: Settings) -> None:
    """Which process it is, why, and how it is ended; nothing once it is gone."""
    assert list(engines_left_alone(settings)) == [], "there is no log yet"
    store = EventStore.open(settings.paths.main_db, projections=ALL)
    await store.append("engine-qwen-1", [REQUESTED, STARTED, LEFT], actor="system")
    (line,) = engines_left_alone(settings)
    assert line.verdict == "warn"
    assert "77" in line.message
    assert "changed" in line.message
    assert line.next_action == "end it: vllm-studio evict qwen"
    gone = EngineStopped(engine_id="qwen-1", recipe_id="qwen", exit_code=0, seconds=1.0)
    await store.append("engine-qwen-1", [gone], actor="cli")
    assert list(engines_left_alone(settings)) == []
    store.close()
