"""A port was free when it was chosen, and somebody else took it before the engine listened there.

Nobody is at fault and nothing is amiss, so the start is made again on another port.
"""

import socket
from collections.abc import AsyncIterator, Callable

import pytest

from core.clock import SystemClock
from core.engines.fleet import Fleet
from core.engines.health import Health
from core.engines.ports import OTHER_PORTS, RANGE, UNGUESSED, is_ours_to_choose
from core.engines.processes import system_launcher
from core.errors import EngineFailure
from core.recipes.recipe import Recipe
from core.secrets import Secrets
from core.settings import Settings
from events.store import EventStore
from tests.core.engines.conftest import sim
from tests.core.engines.fakes import Behaviour
from tests.core.engines.test_supervisor import Bench

RECIPE = Recipe(id="a", engine="command", command=("true", "{port}"))
TAKEN = Behaviour(output="OSError: [Errno 98] Address already in use\n")
LOST = ["start-requested", "started", "start-failed"]
WON = ["start-requested", "started", "became-ready"]
IMPOSTOR = Health(verdict="impostor", why="another program answers", code="port-taken")


@pytest.fixture
async def bench(store: EventStore, settings: Settings, secrets: Secrets) -> AsyncIterator[Bench]:
    """A running fleet on fakes."""
    made = Bench(store, settings, secrets)
    async with made.fleet:
        yield made


def ports(bench: Bench) -> list[int]:
    """The ports it was to start on, in turn."""
    requested = [r.event for r in bench.facts() if r.type == "engine-start-requested"]
    return [getattr(event, "port", 0) for event in requested]


async def launched(bench: Bench, count: int) -> None:
    """Wait until so many were launched and the last one loads."""
    await bench.until(lambda: len(bench.launcher.launched) == count)
    await bench.state("loading")


async def test_it_is_begun_again_on_another_port_and_who_waits_waits_on(bench: Bench) -> None:
    """Each try is told by its facts; nobody who waits hears of it."""
    bench.launcher.behaviour = TAKEN
    callers = [bench.start(RECIPE) for _ in range(3)]
    await launched(bench, 1)
    bench.launcher.behaviour = Behaviour()
    bench.launcher.programs[0].end_parent(1)
    await launched(bench, 2)
    assert not any(caller.done() for caller in callers)
    bench.health.becomes_ready()
    endpoints = [await caller for caller in callers]
    assert bench.types() == [*LOST, *WON]
    first, second = ports(bench)
    assert first != second
    assert {getattr(endpoint, "port", 0) for endpoint in endpoints} == {second}


async def test_it_is_never_shown_as_failed(bench: Bench) -> None:
    """A notification of a failure that mends itself would wake somebody for nothing."""
    seen: list[str] = []
    bench.fleet.listen(lambda: seen.extend(view.state for view in bench.fleet.views()))
    bench.start(RECIPE)
    for count in (1, 2):
        bench.launcher.behaviour = TAKEN
        await launched(bench, count)
        bench.launcher.programs[-1].end_parent(1)
    await launched(bench, 3)
    assert set(seen) == {"starting", "loading"}


async def test_it_goes_on_when_nobody_waits_any_more(bench: Bench) -> None:
    """A start goes on without its callers; so does another try."""
    bench.launcher.behaviour = TAKEN
    caller = bench.start(RECIPE)
    await launched(bench, 1)
    caller.cancel()
    bench.launcher.programs[0].end_parent(1)
    await launched(bench, 2)


async def test_the_tries_are_bounded(bench: Bench) -> None:
    """Whatever takes every port of ours, it is told in the end; and the next caller tries anew."""
    bench.launcher.behaviour = TAKEN
    caller = bench.start(RECIPE)
    for count in range(1, OTHER_PORTS + 2):
        await launched(bench, count)
        bench.launcher.programs[-1].end_parent(1)
    with pytest.raises(EngineFailure) as failed:
        await caller
    assert failed.value.code == "port-taken"
    assert bench.types() == LOST * (OTHER_PORTS + 1)
    assert len(set(ports(bench))) == OTHER_PORTS + 1
    bench.start(RECIPE)
    await launched(bench, OTHER_PORTS + 2)


async def test_a_stop_ends_the_tries(bench: Bench) -> None:
    """Who asks for an end does not get a beginning."""
    bench.launcher.behaviour = TAKEN
    caller = bench.start(RECIPE)
    await launched(bench, 1)
    bench.launcher.programs[0].end_parent(1)
    await bench.fleet.stop("a", reason="enough", actor="cli")
    with pytest.raises(EngineFailure):
        await caller
    assert len(bench.launcher.launched) == 1


async def test_the_look_before_the_launch_moves_it_too(
    store: EventStore, settings: Settings, secrets: Secrets
) -> None:
    """Nothing was launched in vain."""
    bench = Bench(store, settings, secrets)
    answers = iter([True, False])  # free when it was chosen, taken when it was looked at again
    bench.fleet = fleet_on(bench, settings, secrets, lambda _port: next(answers, True))
    bench.health.becomes_ready()
    async with bench.fleet:
        await bench.start(RECIPE)
    assert bench.types() == ["start-requested", "start-failed", *WON]


def fleet_on(
    bench: Bench, settings: Settings, secrets: Secrets, port_free: Callable[[int], bool]
) -> Fleet:
    """A fleet on the bench's fakes, which believes this of ports."""
    return Fleet(
        store=bench.store,
        settings=settings,
        secrets=secrets,
        clock=bench.clock,
        launcher=bench.launcher,
        runtime_for=lambda _recipe: None,
        host_env={"PATH": "/usr/bin:/bin"},
        look=bench.health,
        sleep=bench.clock.sleep,
        port_free=port_free,
    )


async def test_a_command_that_only_talks_to_a_daemon_is_told_at_once(bench: Bench) -> None:
    """Its port is held by what it started itself: another one would be, too."""
    bench.health.health = IMPOSTOR
    with pytest.raises(EngineFailure) as failed:
        await bench.start(RECIPE)
    assert failed.value.code == "port-taken"
    assert len(bench.launcher.launched) == 1


def test_a_port_that_the_recipe_demands_is_not_ours_to_choose() -> None:
    """A command's own, and where the machines of a recipe meet."""
    assert is_ours_to_choose(RECIPE)
    assert is_ours_to_choose(Recipe(id="a", model="m"))
    assert is_ours_to_choose(
        Recipe(id="a", engine="command", command=("x",), extra_args=("{port}",))
    )
    assert not is_ours_to_choose(Recipe(id="a", engine="command", command=("x", "--port", "80")))
    assert not is_ours_to_choose(
        Recipe(id="a", model="m", nodes=2, node_backend="engine", node_address="h:1")
    )


def test_unguessed_ports_are_none_that_connections_are_given() -> None:
    """Linux gives those from 32768 on to whoever connects to somewhere."""
    assert UNGUESSED.stop + RANGE <= 32_768


async def test_a_real_engine_whose_port_is_taken_serves_on_the_next_one(
    store: EventStore, settings: Settings, secrets: Secrets
) -> None:
    """A real process finds a real socket on its port."""
    fleet = Fleet(
        store=store,
        settings=settings,
        secrets=secrets,
        clock=SystemClock(),
        launcher=system_launcher(),
        runtime_for=lambda _recipe: None,
        port_free=lambda _port: True,
    )
    with socket.create_server(("127.0.0.1", settings.inference_port)):
        async with fleet:
            endpoint = await fleet.ensure_ready(sim("a"), 1, actor="cli")
            assert endpoint.port == settings.inference_port + 1
            await fleet.stop_all(reason="done", actor="cli")
    assert [r.type for r in store.read_all()].count("engine-start-failed") == 1
