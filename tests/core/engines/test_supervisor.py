"""The supervision of one run, on remembered processes: time stands still and no promise waits."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.engines.fleet import Fleet
from core.engines.health import READY, Health
from core.errors import EngineFailure
from core.recipes.recipe import Recipe
from core.secrets import Secrets
from core.settings import Settings
from events.envelope import Recorded
from events.errors import LogUnavailable
from events.facts import AppStopped
from events.store import EventStore
from tests.core.engines.fakes import (
    Behaviour,
    FakeLauncher,
    ScriptedHealth,
    ScriptedSleeping,
    StillClock,
)

RECIPE = Recipe(id="a", engine="command", command=("true",), load_timeout_s=60.0)


class Bench:
    """A fleet on fakes, with everything a test wants to turn."""

    def __init__(self, store: EventStore, settings: Settings, secrets: Secrets) -> None:
        self.store = store
        self.launcher = FakeLauncher()
        self.clock = StillClock()
        self.health = ScriptedHealth()
        self.sleeping = ScriptedSleeping()
        self.fleet = Fleet(
            store=store,
            settings=settings,
            secrets=secrets,
            clock=self.clock,
            launcher=self.launcher,
            runtime_for=lambda _recipe: None,
            host_env={"PATH": "/usr/bin:/bin"},
            look=self.health,
            sleeping=self.sleeping,
            sleep=self.clock.sleep,
            port_free=lambda _port: True,
        )

    def start(self, recipe: Recipe = RECIPE, actor: str = "cli") -> "asyncio.Task[object]":
        """A caller who wants it ready."""
        return asyncio.ensure_future(self.fleet.ensure_ready(recipe, 1, actor=actor))

    async def until(self, true: Callable[[], object]) -> None:
        """Let everybody run until a point is reached."""
        while not true():  # noqa: ASYNC110 - everybody has to have a turn
            await asyncio.sleep(0)

    async def passed(self, seconds: float) -> None:
        """Wait until that much time has passed on the fakes' clock."""
        point = self.clock.seconds + seconds
        await self.until(lambda: self.clock.seconds > point)

    async def state(self, name: str) -> None:
        """Wait until the engine is in a state."""
        await self.until(lambda: [v.state for v in self.fleet.views()] == [name])

    async def ready(self) -> None:
        """Start it and have it answer."""
        self.health.becomes_ready()
        await self.start()

    def facts(self) -> list[Recorded]:
        """Everything recorded about engines, oldest first."""
        return [r for r in self.store.read_all() if r.stream.startswith("engine-")]

    def types(self) -> list[str]:
        """The same, by name."""
        return [recorded.type.removeprefix("engine-") for recorded in self.facts()]


@pytest.fixture
async def bench(store: EventStore, settings: Settings, secrets: Secrets) -> AsyncIterator[Bench]:
    """A running fleet on fakes."""
    made = Bench(store, settings, secrets)
    async with made.fleet:
        yield made


async def test_two_callers_share_one_start(bench: Bench) -> None:
    """One process, one endpoint, one story in the log."""
    first, second = bench.start(), bench.start()
    await bench.state("loading")
    bench.health.becomes_ready()
    assert await first == await second
    assert len(bench.launcher.launched) == 1
    assert bench.types() == ["start-requested", "started", "became-ready"]


async def test_a_ready_engine_answers_at_once(bench: Bench) -> None:
    """Who asks later joins what runs."""
    await bench.ready()
    await bench.fleet.ensure_ready(RECIPE, 2, actor="api")
    assert len(bench.launcher.launched) == 1


async def test_a_caller_who_leaves_is_forgotten(bench: Bench) -> None:
    """The start goes on for the others, and for the next one."""
    leaves, stays = bench.start(), bench.start()
    await bench.state("loading")
    leaves.cancel()
    bench.health.becomes_ready()
    assert await stays
    assert len(bench.launcher.launched) == 1


async def test_the_last_caller_who_leaves_does_not_end_the_load(bench: Bench) -> None:
    """A load is not a request: it completes."""
    caller = bench.start()
    await bench.state("loading")
    caller.cancel()
    bench.health.becomes_ready()
    await bench.state("ready")


async def test_an_exit_while_loading_is_told_to_everyone_with_its_cause(bench: Bench) -> None:
    """Exit code, diagnosis and decisive lines, without waiting for a health timeout."""
    bench.launcher.behaviour = Behaviour(output="OSError: [Errno 98] Address already in use\n")
    callers = [bench.start() for _ in range(5)]
    await bench.state("loading")
    bench.launcher.programs[0].end_parent(1)
    failures = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(f) for f in failures} == {EngineFailure}
    failure = failures[0]
    assert isinstance(failure, EngineFailure)
    assert (failure.code, failure.exit_code) == ("port-taken", 1)
    assert failure.lines == ("OSError: [Errno 98] Address already in use",)
    assert bench.clock.seconds < 60


async def test_what_a_dead_parent_leaves_is_swept_before_the_failure_is_told(
    bench: Bench,
) -> None:
    """Nobody is told "failed" while a worker still holds the memory."""
    bench.launcher.behaviour = Behaviour(grandchild=True)
    caller = bench.start()
    await bench.state("loading")
    bench.launcher.programs[0].end_parent(1)
    with pytest.raises(EngineFailure):
        await caller
    assert bench.launcher.programs[0].running == 0


@pytest.mark.parametrize("code", [0, 1, -9])
async def test_any_exit_nobody_asked_for_is_a_crash(bench: Bench, code: int) -> None:
    """vLLM exits with 0 when its core was killed."""
    await bench.ready()
    bench.launcher.programs[0].end_parent(code)
    await bench.state("failed")
    assert bench.types()[-1] == "crashed"
    assert bench.fleet.endpoints() == {}


async def test_the_cause_of_a_crash_is_not_sought_before_it_was_ready(bench: Bench) -> None:
    """A complaint that it survived while loading explains nothing now."""
    bench.launcher.behaviour = Behaviour(output="ImportError: no fast kernels, using slow ones\n")
    await bench.ready()
    bench.launcher.programs[0].end_parent(-9)
    await bench.state("failed")
    assert bench.fleet.views()[0].error_code == "killed-by-system"


async def test_a_failure_stays_visible_until_the_next_start(bench: Bench) -> None:
    """With its sentence and what to do."""
    await bench.ready()
    bench.launcher.programs[0].end_parent(-9)
    await bench.state("failed")
    (view,) = bench.fleet.views()
    assert view.error_code == "killed-by-system"
    assert view.error
    assert view.next_action
    await bench.ready()
    assert [v.state for v in bench.fleet.views()] == ["ready"]


async def test_no_progress_for_too_long_is_a_failure_and_the_process_is_gone(
    bench: Bench,
) -> None:
    """A hanging load ends: killed first, told afterwards."""
    with pytest.raises(EngineFailure) as failed:
        await bench.start()
    assert failed.value.code == "load-timeout"
    assert bench.clock.seconds == pytest.approx(60.0, abs=1.0)
    assert bench.launcher.programs[0].running == 0
    assert bench.types()[-2:] == ["stop-requested", "start-failed"]


async def test_progress_puts_the_timeout_off(bench: Bench, settings: Settings) -> None:
    """A slow load that moves is no hanging load."""
    caller = bench.start()
    await bench.state("loading")
    (view,) = bench.fleet.views()
    log_path = settings.paths.engine_log(view.engine_id)
    for percent in range(0, 100, 10):
        await bench.passed(50)
        with log_path.open("a", encoding="utf-8") as log:
            log.write(f"Loading safetensors checkpoint shards: {percent}% Completed\n")
    bench.health.becomes_ready()
    assert await caller
    assert bench.clock.seconds > 300
    assert bench.types().count("progressed") == 10


async def test_a_load_that_is_over_by_the_second_look_has_told_its_steps(
    bench: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said after the log was read, and before it was seen to answer."""

    async def look(*_: object) -> Health:
        (view,) = bench.fleet.views()
        with settings.paths.engine_log(view.engine_id).open("a", encoding="utf-8") as log:
            log.write("Starting to load model m...\nGraph capturing finished\n")
        return READY

    monkeypatch.setattr(bench.fleet._tools, "look", look)
    await bench.start()
    assert bench.types()[2:] == ["progressed", "progressed", "became-ready"]


async def test_an_impostor_on_the_port_is_found_out(bench: Bench) -> None:
    """A port that answers proves nothing; ours is ended and the reason told."""
    bench.health.health = Health(
        verdict="impostor", why="another program answers on port 8000", code="port-taken"
    )
    with pytest.raises(EngineFailure, match="another program answers") as failed:
        await bench.start()
    assert failed.value.code == "port-taken"
    assert bench.launcher.programs[0].running == 0


async def test_a_program_that_can_not_run_is_a_failed_start(bench: Bench) -> None:
    """Asked for, refused by the system, told."""
    bench.launcher.behaviour = Behaviour(missing=True)
    with pytest.raises(EngineFailure) as failed:
        await bench.start()
    assert failed.value.code == "not-executable"
    assert bench.types() == ["start-requested", "start-failed"]


async def test_a_check_before_the_launch_costs_no_process(bench: Bench) -> None:
    """Refused by the preflight: nothing was launched."""
    with pytest.raises(EngineFailure) as failed:
        await bench.start(Recipe(id="a", engine="command", command=("no-such-program-here",)))
    assert failed.value.code == "not-executable"
    assert bench.launcher.launched == []


async def test_a_stop_asks_with_the_recipes_grace(bench: Bench) -> None:
    """And the log says who asked, why, and that it went."""
    await bench.ready()
    await bench.fleet.stop("a", reason="evicted", actor="tray", correlation_id="c1")
    assert bench.launcher.launched[0].graces == [RECIPE.stop_grace_s]
    asked, stopped = bench.facts()[-2:]
    assert (asked.actor, asked.correlation_id) == ("tray", "c1")
    assert (stopped.type, stopped.correlation_id) == ("engine-stopped", "c1")
    assert stopped.causation_id == asked.id
    assert bench.fleet.views() == ()


async def test_stopping_again_or_nothing_changes_nothing(bench: Bench) -> None:
    """Stop is idempotent, also for what never ran."""
    await bench.fleet.stop("a", reason="x", actor="cli")
    await bench.ready()
    await asyncio.gather(*(bench.fleet.stop("a", reason="x", actor="cli") for _ in range(3)))
    await bench.fleet.stop("a", reason="x", actor="cli")
    assert bench.types().count("stop-requested") == 1
    assert bench.types().count("stopped") == 1


async def test_a_stop_aborts_a_load_and_strands_nobody(bench: Bench) -> None:
    """Who waited for the load is answered; the wait for a deaf loader is short."""
    caller = bench.start()
    await bench.state("loading")
    await bench.fleet.stop("a", reason="changed my mind", actor="cli")
    with pytest.raises(EngineFailure) as failed:
        await caller
    assert failed.value.code == "stopped"
    assert bench.launcher.launched[0].graces == [2.0]


async def test_a_start_that_arrives_during_a_stop_waits_its_turn(bench: Bench) -> None:
    """Never two of one recipe, never an answer from the one that goes."""
    await bench.ready()
    stopping = asyncio.ensure_future(bench.fleet.stop("a", reason="x", actor="cli"))
    await asyncio.sleep(0)
    endpoint = await bench.fleet.ensure_ready(RECIPE, 1, actor="api")
    await stopping
    first, second = bench.launcher.programs
    assert (first.running, second.running) == (0, 1)
    assert endpoint == bench.fleet.endpoints()["a"]
    assert bench.types()[3:] == [
        *("stop-requested", "stopped"),
        *("start-requested", "started", "became-ready"),
    ]


async def test_every_engine_gets_a_port_and_a_nonce_of_its_own(bench: Bench) -> None:
    """From the configured port upwards, though none of them listens yet."""
    a, b = bench.start(), bench.start(Recipe(id="b", engine="command", command=("true",)))
    await bench.until(lambda: len(bench.launcher.launched) == 2)
    ports = [view.port for view in bench.fleet.views()]
    assert ports[1] == ports[0] + 1
    assert len({p.identity.nonce for p in bench.launcher.programs}) == 2
    bench.health.becomes_ready()
    await asyncio.gather(a, b)


async def test_facts_follow_from_each_other(bench: Bench) -> None:
    """The actor who asked, then the system; each fact names the one that caused it."""
    bench.health.becomes_ready()
    await bench.fleet.ensure_ready(
        RECIPE, 1, actor="tray", correlation_id="c1", causation_id="switch"
    )
    requested, started, ready = bench.facts()
    assert [r.actor for r in bench.facts()] == ["tray", "system", "system"]
    assert {r.correlation_id for r in bench.facts()} == {"c1"}
    assert [requested.causation_id, started.causation_id, ready.causation_id] == [
        "switch",
        requested.id,
        started.id,
    ]


async def test_an_intent_that_can_not_be_recorded_starts_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No record, no process; and the caller hears why."""

    async def full(*_args: object, **_kwargs: object) -> list[Recorded]:
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(bench.store, "append", full)
    with pytest.raises(EngineFailure, match="disk is full") as failed:
        await bench.start()
    assert failed.value.code == "log-unavailable"
    assert bench.launcher.launched == []


async def test_a_full_disk_does_not_end_the_supervision(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine can still be stopped; what waited is recorded when there is room again."""
    await bench.ready()
    append = bench.store.append

    async def full(*_args: object, **_kwargs: object) -> list[Recorded]:
        if bench.launcher.launched[0].graces:
            return await append(*_args, **_kwargs)  # type: ignore[arg-type] # passed on as given
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(bench.store, "append", full)
    await bench.fleet.stop("a", reason="x", actor="cli")
    assert bench.types()[-2:] == ["stop-requested", "stopped"]


async def test_an_end_that_found_the_disk_full_is_recorded_when_there_is_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run is over and nobody comes back to it: the log itself keeps what is missing."""
    await bench.ready()

    async def full(*_args: object, **_kwargs: object) -> list[Recorded]:
        raise LogUnavailable("the disk is full")

    with monkeypatch.context() as while_full:
        while_full.setattr(bench.store, "append", full)
        await bench.fleet.stop("a", reason="x", actor="cli")
    await bench.store.append("app", [AppStopped(reason="room again")], actor="system")
    assert bench.types()[-2:] == ["stop-requested", "stopped"]


async def test_listeners_hear_every_change_and_can_not_break_it(bench: Bench) -> None:
    """A listener that fails is logged, not fatal."""
    heard: list[tuple[str, ...]] = []

    def bad() -> None:
        raise RuntimeError("a listener's own fault")

    bench.fleet.listen(bad)
    bench.fleet.listen(lambda: heard.append(tuple(v.state for v in bench.fleet.views())))
    await bench.ready()
    await bench.fleet.stop("a", reason="x", actor="cli")
    assert heard == [("starting",), ("loading",), ("ready",), ("stopping",), ()]


async def test_leaving_the_fleet_leaves_the_engines(
    store: EventStore, settings: Settings, secrets: Secrets
) -> None:
    """They outlive us, to be adopted."""
    bench = Bench(store, settings, secrets)
    async with bench.fleet:
        await bench.ready()
    assert bench.launcher.programs[0].running == 1


async def test_stop_all_leaves_none(bench: Bench) -> None:
    """All at once."""
    bench.health.becomes_ready()
    await bench.start()
    await bench.start(Recipe(id="b", engine="command", command=("true",)))
    await bench.fleet.stop_all(reason="quit", actor="system")
    assert [p.running for p in bench.launcher.programs] == [0, 0]
    assert bench.fleet.views() == ()
