"""What an exported log leaves open is ended where it is brought to, before anybody looks."""

from pathlib import Path

from core.exports.arriving import bring
from core.exports.loose_ends import REASON, loose_ends
from core.settings import Settings
from events.audit import exported
from events.facts import (
    AppStarted,
    AppStopped,
    AuditImported,
    EngineLost,
    EngineStarted,
    GatewayBecameReady,
    GatewayStarted,
    GatewayStopped,
    SettingChanged,
    SwitchCancelled,
    SwitchCompleted,
    SwitchRequested,
)
from events.facts.base import Fact
from events.projections.engine_runs import engine_runs
from events.store import EventStore
from tests.core.exports.homes import Moment, settings_of, taken_to, write_main
from tests.events.conftest import append_story
from tests.events.stories import Story, asked

GATEWAY = GatewayStarted(pid=7, process_group=7, process_started_at=1.5, port=4000, nonce="n")
ENGINE: list[Fact] = [
    asked("e9"),
    EngineStarted(
        engine_id="e9", recipe_id="qwen", pid=42, process_group=42, process_started_at=1.25
    ),
]
IN_FULL_USE: Story = [
    ("app", AppStarted(version="1", pid=1)),
    ("gateway", GATEWAY),
    ("gateway", GatewayBecameReady(seconds=1.0)),
    *[("engine-e9", fact) for fact in ENGINE],
    ("switching", SwitchRequested(switch_id="s1", kind="load", target="two", evict=())),
    ("switching", SwitchCompleted(switch_id="s1", kind="load", target="two", seconds=1.0)),
    ("switching", SwitchRequested(switch_id="s2", kind="switch", target="qwen", evict=())),
    ("settings", SettingChanged(key="checkpoints_folder", value="/mnt/theirs")),
    ("settings", SettingChanged(key="max_resident", value=2)),
]
THEIRS = SettingChanged(key="checkpoints_folder", value=None, previous="/mnt/theirs")


def test_everything_that_runs_is_ended(home: Path) -> None:
    """Switch, folder of notes, engine, gateway, app; and what has ended is not ended again."""
    settings_of(home)
    store = write_main(home, Moment(2026, 11, 29))
    assert list(loose_ends(store)) == []
    append_story(store, IN_FULL_USE)
    ends = list(loose_ends(store))
    assert ends == [
        ("switching", SwitchCancelled(switch_id="s2", kind="switch", target="qwen")),
        ("settings", THEIRS),
        ("engine-e9", EngineLost(engine_id="e9", recipe_id="qwen", reason=REASON)),
        ("gateway", GatewayStopped()),
        ("app", AppStopped(reason=REASON, left_running=("qwen",))),
    ]
    append_story(store, ends)
    assert list(loose_ends(store)) == []
    store.close()


def test_an_import_ends_them_and_says_why(home: Path, tmp_path: Path) -> None:
    """In the log, each caused by the import."""
    settings_of(home)
    store = write_main(home, Moment(2026, 11, 29))
    append_story(store, IN_FULL_USE)
    taken_to(home, tmp_path / "export")
    store.close()
    new = Settings(home=tmp_path / "new")
    with exported.opened(tmp_path / "export") as export:
        bring(export, new, actor="cli")
    moved = EventStore.open(new.paths.main_db, read_only=True)
    imported, *ends = moved.read_all()[-6:]
    assert isinstance(imported.event, AuditImported)
    assert [end.causation_id for end in ends] == [imported.id] * 5
    assert list(loose_ends(moved)) == []
    with moved.reading() as connection:
        assert engine_runs(connection, alive_only=True) == []
    moved.close()
