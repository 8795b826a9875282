"""How LiteLLM is supervised, with a stand-in that starts in no time."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.clock import SystemClock
from core.engines.processes import system_launcher
from core.errors import Unavailable
from core.gateway.gateway import Gateway
from core.gateway.upstream import Upstream, ask
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.secrets import Secrets
from core.settings import Settings
from events.facts.gateway import GatewayConfigApplied, GatewayCrashed, GatewayStarted
from events.store import EventStore
from tests.core.gateway.test_litellm_config import Ready
from tests.core.gateway.tiny_upstream import until
from tests.harness.ports import free_port

FAKE = Path(__file__).with_name("fake_litellm.py")


class OneRuntime:
    """A LiteLLM that is installed, or not."""

    def __init__(self, runtime: Runtime, *, installed: bool = True) -> None:
        self._runtime = runtime
        self._installed = installed
        self.installs = 0
        self.refusal: Unavailable | None = None

    def newest(self, kind: str) -> Runtime | None:
        """The one."""
        return self._runtime if self._installed else None

    async def install(self, kind: str, version: str | None = None, **_: Any) -> Runtime:
        """Takes no time."""
        self.installs += 1
        if self.refusal is not None:
            raise self.refusal
        self._installed = True
        return self._runtime


class House:
    """A data directory in which several apps may live, one after the other."""

    def __init__(self, home: Path, store: EventStore) -> None:
        self.settings = Settings(home=home, litellm_port=free_port(), gateway_restart_limit=2)
        self.settings.paths.create()
        self.store = store
        python = home / "runtime" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
        python.chmod(0o755)
        runtime = Runtime(id="litellm-1.0", kind="litellm", version="1.0", path=home / "runtime")
        self.runtimes = OneRuntime(runtime)

    def behave(self, how: str) -> None:
        """From its next start on."""
        (self.settings.paths.litellm / "behave").write_text(how)

    def gateway(self) -> Gateway:
        """A new app's gateway."""
        return Gateway(
            store=self.store,
            settings=self.settings,
            secrets=Secrets(self.settings.paths.secrets),
            clock=SystemClock(),
            launcher=system_launcher(),
            runtimes=self.runtimes,
        )

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [r.type.removeprefix("gateway-") for r in self.store.read_stream("gateway")]

    async def routed(self, gateway: Gateway) -> list[str]:
        """The models that the running stand-in knows."""
        key = gateway._known_keys().master.encode()
        _, answer = await ask(
            Upstream(clock=SystemClock()), "GET", "127.0.0.1", gateway.port, "/",
            headers=[(b"authorization", b"Bearer " + key)], timeout_s=60,
        )  # fmt: skip
        return [one["model_name"] for one in json.loads(answer)["model_list"]]


@pytest.fixture
def house(home: Path, store: EventStore) -> House:
    """An empty one."""
    return House(home, store)


@contextlib.asynccontextmanager
async def run_of(gateway: Gateway) -> AsyncIterator[None]:
    """The gateway's task around a block, stopped afterwards."""
    await gateway.adopt_or_sweep()
    task = asyncio.create_task(gateway.run())
    try:
        yield
    finally:
        await gateway.stop()
        async with asyncio.timeout(60):
            await task


async def killed_app(gateway: Gateway) -> None:
    """An app that made its gateway ready and was then killed."""
    await gateway.adopt_or_sweep()
    task = asyncio.create_task(gateway.run())
    await gateway.ready(60)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_it_tells_its_life_in_facts(house: House) -> None:
    """Started, routed, ready, routed anew, stopped; and nothing is left."""
    gateway = house.gateway()
    async with run_of(gateway):
        await gateway.ready(60)
        await gateway.apply([(Recipe(id="r"), Ready())])
        assert await house.routed(gateway) == ["r"]
        pid = gateway.view().pid
    assert house.kinds() == [
        "started",
        "config-applied",
        "became-ready",
        "config-applied",
        "stopped",
    ]
    assert not Path(f"/proc/{pid}").exists()
    assert gateway.view().pid is None


async def test_the_same_routing_is_not_put_twice(house: House) -> None:
    """The log does not fill with what did not change."""
    gateway = house.gateway()
    async with run_of(gateway):
        await gateway.ready(60)
        for _ in range(3):
            await gateway.apply([(Recipe(id="r"), Ready())])
    assert house.kinds().count("config-applied") == 2


async def test_a_wish_from_before_the_start_is_in_force_when_it_is_ready(house: House) -> None:
    """Ready means: it answers, and it knows every engine."""
    gateway = house.gateway()
    await gateway.apply([(Recipe(id="early"), Ready())])
    async with run_of(gateway):
        await gateway.ready(60)
        assert await house.routed(gateway) == ["early"]


async def test_after_a_crash_it_is_started_and_routed_again(house: House) -> None:
    """Whoever waits for it is let through when it is whole again."""
    gateway = house.gateway()
    async with run_of(gateway):
        await gateway.ready(60)
        await gateway.apply([(Recipe(id="r"), Ready())])
        pid = gateway.view().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: gateway.view().state != "ready")
        await gateway.ready(60)
        assert gateway.view().restarts == 1
        assert await house.routed(gateway) == ["r"]
    assert house.kinds()[3:7] == ["config-applied", "crashed", "started", "config-applied"]


async def test_a_gateway_that_never_starts_is_given_up_with_its_last_words(house: House) -> None:
    """Pauses grow, then a person is waited for; requests are refused at once meanwhile."""
    house.behave("crash")
    gateway = house.gateway()
    async with run_of(gateway):
        with pytest.raises(Unavailable, match="half of it is missing"):
            await gateway.ready(60)
        crashes = [r.event for r in house.store.read_stream("gateway") if "crashed" in r.type]
        assert [c.retry_in for c in crashes if isinstance(c, GatewayCrashed)] == [0.5, 1.0, 0.0]
        assert [c.exit_code for c in crashes if isinstance(c, GatewayCrashed)] == [3, 3, 3]
        assert gateway.view().state == "down"

        house.behave("")
        gateway.try_again()
        await until(lambda: gateway.view().state == "ready")


async def test_a_missing_runtime_is_installed_first(house: House) -> None:
    """A fresh machine has none."""
    house.runtimes._installed = False
    gateway = house.gateway()
    states: list[str] = []
    gateway.listen(lambda: states.append(gateway.view().state))
    async with run_of(gateway):
        await gateway.ready(60)
    assert house.runtimes.installs == 1
    assert list(dict.fromkeys(states)) == ["installing", "starting", "ready", "stopped"]


async def test_a_failed_installation_is_told_and_stopping_does_not_wait(house: House) -> None:
    """No network is not the end."""
    house.runtimes._installed = False
    house.runtimes.refusal = Unavailable("no network")
    gateway = house.gateway()
    async with run_of(gateway):
        await until(lambda: gateway.view().error)
        assert "no network" in (gateway.view().error or "")


async def test_a_taken_port_is_passed_over(house: House) -> None:
    """Another program keeps its port, and never sees our keys."""
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", house.settings.litellm_port))
        stranger.listen()
        gateway = house.gateway()
        async with run_of(gateway):
            await gateway.ready(60)
            assert gateway.port != house.settings.litellm_port
            assert gateway.route_for("r", Recipe(id="r"), Ready()).port == gateway.port


def test_only_the_gateway_knows_the_way_to_inference_elsewhere(house: House) -> None:
    """With INFERENCE_API_BASE set the engine on this machine is not the one to ask."""
    direct = house.gateway().route_for("r", Recipe(id="r"), Ready()).direct
    assert direct is not None
    assert direct.port == Ready().port
    assert direct.headers == ((b"authorization", b"Bearer sk-engine"),)
    house.settings = msgspec.structs.replace(house.settings, inference_api_base="http://gpu:1/v1")
    assert house.gateway().route_for("r", Recipe(id="r"), Ready()).direct is None


async def test_what_a_killed_app_left_is_taken_over(house: House) -> None:
    """The very process goes on, on its own port, routed by the new app."""
    first = house.gateway()
    await killed_app(first)
    second = house.gateway()
    await second.apply([(Recipe(id="new"), Ready())])
    async with run_of(second):
        await second.ready(60)
        assert (second.view().pid, second.port) == (first.view().pid, first.port)
        assert await house.routed(second) == ["new"]
    assert house.kinds().count("started") == 1
    assert not _runs(first.view().pid)


async def test_what_a_killed_app_left_of_another_version_is_stopped(house: House) -> None:
    """It is ours by proof, but not what we would start."""
    first = house.gateway()
    await killed_app(first)
    house.runtimes._runtime = Runtime(
        id="litellm-2.0", kind="litellm", version="2.0", path=house.runtimes._runtime.path
    )
    second = house.gateway()
    async with run_of(second):
        await second.ready(60)
        assert second.view().pid != first.view().pid
    assert house.kinds()[3:5] == ["stopped", "started"]


async def test_a_launch_that_was_never_recorded_is_found_by_its_nonce(house: House) -> None:
    """Killed between launching and telling: still nothing is left behind."""
    first = house.gateway()
    await killed_app(first)
    pid = first.view().pid
    forgetful = EventStore.open(house.settings.home / "other.db")
    house.store = forgetful
    second = house.gateway()
    await second.adopt_or_sweep()
    forgetful.close()
    assert not _runs(pid)


async def test_a_strangers_process_is_left_alone(house: House) -> None:
    """The pid of the log belongs to somebody else by now."""
    first = house.gateway()
    await killed_app(first)
    started = house.store.read_stream("gateway")[0].event
    assert isinstance(started, GatewayStarted)
    pid = first.view().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not _runs(pid))
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        log = EventStore.open(house.settings.home / "other.db")
        await log.append(
            "gateway", [msgspec.structs.replace(started, pid=stranger.pid)], actor="system"
        )
        house.store = log
        await house.gateway().adopt_or_sweep()
        log.close()
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_the_log_tells_which_models_are_routed(house: House) -> None:
    """By the names that clients use, without keys."""
    gateway = house.gateway()
    async with run_of(gateway):
        await gateway.ready(60)
        await gateway.apply([(Recipe(id="b", served_name="B"), Ready()), (Recipe(id="a"), Ready())])
    applied = [r.event for r in house.store.read_stream("gateway") if "config" in r.type][-1]
    assert isinstance(applied, GatewayConfigApplied)
    assert applied.models == ("B", "a")


async def test_waiting_for_a_gateway_has_a_bound(house: House) -> None:
    """A request is told, and may come back."""
    with pytest.raises(Unavailable) as refusal:
        await house.gateway().ready(0.01)
    assert refusal.value.retry_after > 0


async def test_stopping_releases_whoever_waits(house: House) -> None:
    """Nobody waits for what will not come."""
    gateway = house.gateway()
    waiting = asyncio.create_task(gateway.ready(600))
    await asyncio.sleep(0)
    await gateway.stop()
    with pytest.raises(Unavailable, match="stopping"):
        await waiting


async def test_a_studio_that_stops_turns_away_whoever_waits_for_litellm(house: House) -> None:
    """They are answered before the server closes their connections; LiteLLM itself stops last."""
    gateway = house.gateway()
    waiting = asyncio.create_task(gateway.ready(600))
    await asyncio.sleep(0)
    gateway.turn_away()
    with pytest.raises(Unavailable, match="stopping"):
        await waiting


def _runs(pid: int | None) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
