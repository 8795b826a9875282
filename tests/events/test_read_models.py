"""Each read model answers its question, after anything the log may say."""

from typing import Any

import pytest

from events.facts import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineLost,
    EngineProgressed,
    EngineStarted,
    EngineStartFailed,
    EngineStopped,
    EngineStopRequested,
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeImported,
    RecipeRestored,
    RecipeRevised,
    RuntimeInstalled,
    RuntimeInstallFailed,
    RuntimeInstallProgressed,
    RuntimeInstallRequested,
    RuntimeRemoved,
    SettingChanged,
)
from events.facts.base import Fact
from events.projections.engine_runs import EngineRun, engine_run, engine_runs
from events.projections.load_times import REMEMBERED, expected_load, load_times
from events.projections.runtimes_installed import RuntimeRow, runtimes_installed
from events.projections.saved_recipes import recipe_history, saved_recipe, saved_recipes
from events.projections.settings_in_force import settings_in_force
from events.store import EventStore
from tests.events.conftest import START, StillClock
from tests.events.steps import steps
from tests.events.stories import asked

WHO: dict[str, Any] = {"engine_id": "e1", "recipe_id": "qwen"}


def tell(log: EventStore, *facts: Fact, stream: str = "app", actor: str = "cli") -> None:
    """Append facts to a stream."""
    log.append_now(stream, facts, actor=actor)


# ---- recipes


def test_a_recipe_is_saved_with_who_and_when(log: EventStore, clock: StillClock) -> None:
    """Created by one, revised by another; both moments are kept."""
    tell(log, RecipeCreated(recipe_id="a", recipe={"id": "a", "model": "m"}), actor="window")
    clock.at += 5_000_000
    tell(log, RecipeRevised(recipe_id="a", recipe={"id": "a", "seed": 1}, revision=2), actor="api")
    with log.reading() as connection:
        saved = saved_recipe(connection, "a")
    assert saved is not None
    assert (saved.revision, saved.recipe, saved.archived) == (2, {"id": "a", "seed": 1}, False)
    assert (saved.created_at, saved.updated_at) == (START, START + 5_000_000)
    assert saved.updated_by == "api"


def test_an_archived_recipe_is_listed_apart_and_can_come_back(log: EventStore) -> None:
    """Archiving takes nothing away."""
    for name in "bca":
        tell(log, RecipeCreated(recipe_id=name, recipe={"id": name}))
    tell(log, RecipeArchived(recipe_id="b"), actor="window")
    with log.reading() as connection:
        assert [saved.recipe_id for saved in saved_recipes(connection)] == ["a", "c"]
        [archived] = saved_recipes(connection, archived=True)
        assert (archived.recipe_id, archived.updated_by) == ("b", "window")
        assert saved_recipe(connection, "b") == archived
        assert saved_recipe(connection, "nobody") is None
    tell(log, RecipeRestored(recipe_id="b"))
    with log.reading() as connection:
        assert [saved.recipe_id for saved in saved_recipes(connection)] == ["a", "b", "c"]


def test_a_recipe_remembers_every_revision(log: EventStore) -> None:
    """Whoever asks what it was before gets the whole recipe, and who changed it."""
    tell(log, RecipeImported(recipe_id="a", source="file.toml", recipe={"n": 1}))
    tell(log, RecipeRevised(recipe_id="a", recipe={"n": 2}, revision=2), actor="window")
    tell(log, RecipeCloned(recipe_id="b", source_id="a", recipe={"n": 2}))
    with log.reading() as connection:
        history = recipe_history(connection, "a")
        assert [(one.revision, one.recipe, one.actor, one.type) for one in history] == [
            (1, {"n": 1}, "cli", "recipe-imported"),
            (2, {"n": 2}, "window", "recipe-revised"),
        ]
        assert [one.type for one in recipe_history(connection, "b")] == ["recipe-cloned"]


# ---- engines


def run_after(log: EventStore, *facts: Fact) -> EngineRun:
    """The run e1 after its start was asked for and these facts."""
    tell(log, asked("e1"), *facts, stream="engine-e1", actor="gateway")
    with log.reading() as connection:
        run = engine_run(connection, "e1")
    assert run is not None
    return run


STARTED = EngineStarted(**WHO, pid=7, process_group=8, process_started_at=1.5)
READY = EngineBecameReady(**WHO, seconds=12.5)
STOP = EngineStopRequested(**WHO, reason="evicted")
STOPPED = EngineStopped(**WHO, exit_code=0, seconds=1.0)
FAILED = EngineStartFailed(**WHO, reason="no memory", code="oom", next_action="less", lines=("x",))
CRASHED = EngineCrashed(**WHO, reason="segfault", code="signal", exit_code=-11, lines=("a", "b"))


@pytest.mark.parametrize(
    ("facts", "state", "alive"),
    [
        ((), "starting", True),
        ((STARTED,), "loading", True),
        ((STARTED, READY), "ready", True),
        ((STARTED, READY, STOP), "stopping", True),
        ((STARTED, READY, STOP, STOPPED), "stopped", False),
        ((STARTED, STOP, STOPPED), "stopped", False),
        ((FAILED,), "failed", False),
        ((STARTED, FAILED), "failed", False),
        ((STARTED, FAILED, STOP, STOPPED), "failed", False),
        ((STARTED, CRASHED), "failed", False),
        ((STARTED, READY, CRASHED), "failed", False),
        ((STARTED, EngineLost(**WHO, reason="gone")), "stopped", False),
        ((STARTED, EngineAdopted(**WHO, pid=7)), "ready", True),
    ],
    ids=lambda value: None if isinstance(value, tuple) else str(value),
)
def test_an_engine_is_in_the_state_its_facts_say(
    log: EventStore, facts: tuple[Fact, ...], state: str, alive: bool
) -> None:
    """A start without an outcome is alive, and nothing else is."""
    run = run_after(log, *facts)
    assert (run.state, run.alive) == (state, alive)
    with log.reading() as connection:
        assert bool(engine_runs(connection, alive_only=True)) is alive


def test_a_run_knows_what_was_asked_for(log: EventStore) -> None:
    """All that restart needs to prove that a process is ours."""
    run = run_after(log, STARTED)
    assert (run.recipe_id, run.kind, run.runtime, run.revision) == (
        "qwen",
        "vllm",
        "vllm-0.12.0",
        1,
    )
    assert (run.port, run.nonce, run.argv) == (8000, "abc", ("vllm", "serve"))
    assert (run.pid, run.process_group, run.process_started_at) == (7, 8, 1.5)
    assert (run.log_path, run.requested_by, run.requested_at) == (
        "logs/e1.log",
        "gateway",
        START,
    )


def test_progress_shows_until_it_is_ready(log: EventStore) -> None:
    """Phase and percent are of the load, not of the run."""
    loading = run_after(log, STARTED, EngineProgressed(**WHO, phase="weights", percent=40.0))
    assert (loading.phase, loading.percent) == ("weights", 40.0)
    tell(log, READY)
    with log.reading() as connection:
        [ready] = engine_runs(connection)
    assert (ready.phase, ready.percent, ready.ready_seconds) == ("", None, 12.5)


def test_why_it_failed_is_kept_with_what_to_do(log: EventStore) -> None:
    """The decisive lines stand beside the reason."""
    run = run_after(log, STARTED, FAILED)
    assert (run.error_code, run.error, run.next_action, run.lines) == (
        "oom",
        "no memory",
        "less",
        ("x",),
    )


def test_an_exit_code_is_kept(log: EventStore) -> None:
    """Also the negative ones, which are signals."""
    assert run_after(log, STARTED, CRASHED).exit_code == -11


def test_an_adopted_engine_says_so(log: EventStore) -> None:
    """It was not started by this run of the application."""
    assert run_after(log, STARTED).adopted is False
    tell(log, EngineAdopted(**WHO, pid=7))
    with log.reading() as connection:
        assert engine_runs(connection)[0].adopted is True


def test_runs_are_listed_newest_first_and_can_be_chosen(log: EventStore, clock: StillClock) -> None:
    """The last run of a recipe is what its row shows."""
    for number in range(5):
        clock.at += 1
        tell(log, asked(f"e{number}", ("one", "two")[number % 2]))
    with log.reading() as connection:
        assert [run.engine_id for run in engine_runs(connection, limit=3)] == ["e4", "e3", "e2"]
        two = engine_runs(connection, recipe_id="two", alive_only=True)
        assert [run.engine_id for run in two] == ["e3", "e1"]
        assert engine_run(connection, "nobody") is None


# ---- load times


def test_the_expected_load_is_the_median_of_the_newest(log: EventStore) -> None:
    """One slow load does not spoil the estimate, and old ones are forgotten."""
    for seconds in (900.0, 900.0, 900.0, 10.0, 11.0, 12.0, 13.0, 500.0):
        tell(log, EngineBecameReady(engine_id="e", recipe_id="a", seconds=seconds))
    tell(log, EngineBecameReady(engine_id="e", recipe_id="b", seconds=3.0))
    assert REMEMBERED == 5
    with log.reading() as connection:
        assert expected_load(connection, "a") == 12.0
        assert load_times(connection) == {"a": 12.0, "b": 3.0}
        assert expected_load(connection, "never") is None


def test_older_loads_cost_nothing(log: EventStore) -> None:
    """Every picture of the status asks for this, however many loads there ever were."""

    def load(times: int) -> None:
        for _ in range(times):
            tell(log, EngineBecameReady(engine_id="e", recipe_id="a", seconds=1.0))
            tell(log, EngineBecameReady(engine_id="f", recipe_id="b", seconds=1.0))

    load(REMEMBERED)
    few = steps(log, load_times)
    load(10 * REMEMBERED)
    assert steps(log, load_times) == few


# ---- settings


def test_the_newest_value_of_a_setting_is_in_force(log: EventStore) -> None:
    """Any JSON value, also null, which is not the same as never set."""
    for value in (1, "two", None, {"three": [3]}):
        tell(log, SettingChanged(key="a", value=value))
    tell(log, SettingChanged(key="b", value=None, previous=1))
    with log.reading() as connection:
        assert settings_in_force(connection) == {"a": {"three": [3]}, "b": None}


# ---- runtimes

ASKED = RuntimeInstallRequested(runtime_id="v-1", kind="vllm", version="1")
PROGRESS = RuntimeInstallProgressed(runtime_id="v-1", phase="download", percent=3.0)
INSTALLED = RuntimeInstalled(
    runtime_id="v-1", kind="vllm", version="1", seconds=9.0, bytes_on_disk=1024
)
NOT_INSTALLED = RuntimeInstallFailed(runtime_id="v-1", reason="no network", next_action="wait")


def rows_after(log: EventStore, *facts: Fact) -> list[tuple[object, ...]]:
    """State, phase, bytes and error of each runtime after these facts."""
    tell(log, *facts)

    def shown(row: RuntimeRow) -> tuple[object, ...]:
        return (row.state, row.phase, row.bytes_on_disk, row.error)

    with log.reading() as connection:
        return [shown(row) for row in runtimes_installed(connection)]


@pytest.mark.parametrize(
    ("facts", "rows"),
    [
        ((ASKED,), [("installing", "", None, None)]),
        ((ASKED, PROGRESS), [("installing", "download", None, None)]),
        ((ASKED, PROGRESS, INSTALLED), [("installed", "", 1024, None)]),
        ((ASKED, PROGRESS, NOT_INSTALLED), [("failed", "", None, "no network")]),
        ((ASKED, NOT_INSTALLED, ASKED), [("installing", "", None, None)]),
        ((ASKED, INSTALLED, RuntimeRemoved(runtime_id="v-1")), []),
    ],
)
def test_a_runtime_is_in_the_state_its_facts_say(
    log: EventStore, facts: tuple[Fact, ...], rows: list[tuple[object, ...]]
) -> None:
    """Installing, installed, failed, or gone."""
    assert rows_after(log, *facts) == rows


def test_runtimes_can_be_chosen_by_state(log: EventStore) -> None:
    """What can run something is what is installed."""
    tell(
        log,
        ASKED,
        RuntimeInstalled(runtime_id="a", kind="k", version="2", seconds=1.0, bytes_on_disk=1),
    )
    with log.reading() as connection:
        assert [row.runtime_id for row in runtimes_installed(connection)] == ["a", "v-1"]
        assert [row.runtime_id for row in runtimes_installed(connection, "installed")] == ["a"]
