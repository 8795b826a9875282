"""The real LiteLLM under our supervision, with the sim engine behind it and the proxy in front."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from core.clock import SystemClock
from core.engines.processes import system_launcher
from core.gateway.gateway import Gateway
from core.gateway.routes import RouteTable
from core.gateway.usage_ledger import UsageLedger
from core.recipes.recipe import Price, Recipe
from core.runtimes import Runtimes
from core.secrets import Secrets
from core.settings import Settings
from events.facts.gateway import GatewayBecameReady, GatewayCrashed, GatewayStarted
from events.store import EventStore
from tests.core.gateway.bench import CHAT, Bench, RawClient, bench, post
from tests.core.gateway.test_litellm_config import Ready
from tests.core.gateway.tiny_upstream import until
from tests.harness import runtimes
from tests.harness.ports import free_port
from tests.harness.sim import SIM_ENGINE, turn_knobs

pytestmark = pytest.mark.real

COLD_S = 180.0
RECIPE = Recipe(
    id="r", served_name="public", aliases=("alias",), price=Price(input_per_million=1e6)
)


@contextlib.asynccontextmanager
async def sim(*knobs: str) -> AsyncIterator[int]:
    """A running sim engine's port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SIM_ENGINE), "--port", str(port), "--served-model-name", "inner",
        "--api-key", "sk-engine", "--quiet", *knobs,
    )  # fmt: skip
    try:
        await until(lambda: _answers(port), within=30)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(autouse=True)
def linked(home: Path, litellm_runtime: None) -> None:
    """The test's home has the cached runtime."""
    runtimes.link(home, ["litellm"])


def made_gateway(home: Path, store: EventStore, **more: object) -> Gateway:
    """A gateway on the cached runtime."""
    settings = Settings(home=home, litellm_port=free_port())
    settings.paths.create()
    clock = SystemClock()
    return Gateway(
        store=store,
        settings=settings,
        secrets=Secrets(settings.paths.secrets),
        clock=clock,
        launcher=system_launcher(),
        runtimes=Runtimes(store=store, settings=settings, clock=clock),
        **more,  # type: ignore[arg-type]  # passed on as given
    )


@contextlib.asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[None]:
    """The gateway's task around a block; stopped afterwards."""
    await gateway.adopt_or_sweep()
    task = asyncio.create_task(gateway.run())
    try:
        await gateway.ready(COLD_S)
        yield
    finally:
        await gateway.stop()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def routed(made: Bench, gateway: Gateway, port: int) -> None:
    """What the route publisher does after an engine became ready."""
    endpoint = Ready(port=port)
    await gateway.apply([(RECIPE, endpoint)])
    made.routes.replace(
        RouteTable.of(gateway.route_for(name, RECIPE, endpoint) for name in RECIPE.names)
    )


def kinds(store: EventStore) -> list[str]:
    """What happened to the gateway, in order."""
    return [record.type for record in store.read_stream("gateway")]


async def test_it_starts_routes_streams_counts_and_stops(home: Path, store: EventStore) -> None:
    """Everything a request needs, through the real gateway; nothing is left afterwards."""
    gateway = made_gateway(home, store)
    async with sim("--tokens", "5") as port, bench() as made:
        ledger = UsageLedger(made.facts.append, price_of=lambda recipe_id: RECIPE.price)
        gateway._usage = ledger.reported
        made.proxy._finished = ledger.finished
        async with running(gateway):
            await routed(made, gateway, port)

            answer = (await post(made, {**CHAT, "model": "alias"})).json()
            assert answer["model"] == "public"
            assert answer["choices"][0]["message"]["content"] == "tok0 tok1 tok2 tok3 tok4"

            stream = await post(made, {**CHAT, "model": "r", "stream": True})
            assert stream.text.endswith("data: [DONE]\n\n")
            assert '"model":"public"' in stream.text
            assert '"usage"' not in stream.text

            told = await post(
                made, {**CHAT, "model": "r", "stream": True, "max_tokens": 9}, "/v1/messages"
            )
            assert "event: message_stop" in told.text

            embedded = await post(made, {"model": "r", "input": "x"}, "/v1/embeddings")
            assert embedded.status_code == 200

            await until(lambda: len(made.facts) == 4, within=60)
            assert {fact.outcome for fact in made.facts} == {"ok"}
            by_path = {(f.path, f.stream): f for f in made.facts}
            for streamed in (False, True):
                chat = by_path["/v1/chat/completions", streamed]
                assert chat.completion_tokens == 5
                assert chat.cost == chat.prompt_tokens
            assert by_path["/v1/messages", True].completion_tokens == 5

            async with httpx.AsyncClient(verify=False) as client:
                url = f"http://127.0.0.1:{gateway.port}"
                for key in ("sk-wrong", gateway._known_keys().master):
                    refused = await client.post(
                        f"{url}/v1/chat/completions",
                        json={**CHAT, "model": "public"},
                        headers={"authorization": f"Bearer {key}"},
                    )
                    assert refused.status_code == 401
                door = await client.put(f"{url}/_studio/routing", json={"model_list": []})
                assert door.status_code == 403
            pid = gateway.view().pid
        assert gateway.view().state == "stopped"
    assert pid is not None
    assert not Path(f"/proc/{pid}").exists()
    assert kinds(store) == [
        "gateway-started",
        "gateway-config-applied",
        "gateway-became-ready",
        "gateway-config-applied",
        "gateway-stopped",
    ]
    environ = (home / "litellm" / "config.yaml").read_text()
    assert "sk-" not in environ


async def test_a_killed_gateway_is_restarted_while_requests_go_past_it(
    home: Path, store: EventStore
) -> None:
    """Under load: what may go direct is answered, what may not waits, a stream says it broke."""
    gateway = made_gateway(home, store)
    async with (
        sim("--tokens", "100000", "--tokens-per-second", "50") as port,
        bench() as made,
        contextlib.AsyncExitStack() as stack,
    ):
        made.fetching._gateway = gateway
        async with running(gateway):
            await routed(made, gateway, port)
            only_gateway = msgspec.structs.replace(
                gateway.route_for("public", RECIPE, Ready(port=port)), direct=None
            )
            both = [route for route in made.routes.current.all() if route.name != "public"]
            made.routes.replace(RouteTable.of([only_gateway, *both]))
            client = await RawClient.chat(made, model="public", stream=True)
            await client.reader.readuntil(b"tok3")
            await asyncio.to_thread(turn_knobs, port, tokens=3)

            stop = asyncio.Event()
            load = [asyncio.create_task(asking(made, stop)) for _ in range(4)]
            stack.callback(lambda: [task.cancel() for task in load])
            await until(lambda: len(made.facts) > 8, within=30)
            pid = gateway.view().pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            broken = await client.reader.readuntil(b"0\r\n\r\n")
            assert b'data: {"error"' in broken
            assert b"[DONE]" not in broken
            client.hang_up()

            waited = await post(made, {**CHAT, "model": "public"}, timeout=COLD_S)
            assert (waited.status_code, waited.headers["x-studio-lane"]) == (200, "gateway")
            assert gateway.view().restarts == 1
            assert gateway.view().pid != pid
            stop.set()
            lanes = [one for lanes in await asyncio.gather(*load) for one in lanes]
            assert {"gateway", "direct"} == set(lanes)
            assert lanes.count("direct") > 8, "they were answered all the while"
            assert [f.outcome for f in made.facts if f.outcome != "ok"] == ["error"]
    crash = next(r.event for r in store.read_stream("gateway") if r.type == "gateway-crashed")
    assert isinstance(crash, GatewayCrashed)
    assert crash.exit_code == -signal.SIGKILL
    assert crash.retry_in > 0


async def asking(made: Bench, stop: asyncio.Event) -> list[str]:
    """Ask again and again; the lanes of the answers, each of which was a good one."""
    lanes = []
    while not stop.is_set():
        answer = await post(made, {**CHAT, "model": "alias"}, timeout=COLD_S)
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["completion_tokens"] == 3
        lanes.append(answer.headers["x-studio-lane"])
        await asyncio.sleep(0.02)
    return lanes


async def test_a_dead_engine_ends_a_stream_with_an_error_event(
    home: Path, store: EventStore
) -> None:
    """LiteLLM's own error event, nothing behind it, and one request at the engine: no retry."""
    gateway = made_gateway(home, store)
    async with bench() as made, running(gateway):
        async with sim("--die-after-tokens", "5", "--tokens-per-second", "20") as port:
            await routed(made, gateway, port)
            answer = await post(made, {**CHAT, "model": "r", "stream": True})
            assert "tok3" in answer.text
            last = answer.text.rstrip().rpartition("data: ")[2]
            assert "error" in json.loads(last)
            assert made.facts[-1].outcome == "error"
        refused = await post(made, {**CHAT, "model": "r"})
        assert refused.status_code >= 500
        assert refused.json()["error"]["message"]


async def test_what_a_killed_app_left_behind_is_taken_over(home: Path, store: EventStore) -> None:
    """The same process goes on: no cold start, and a routing of the new app's own."""
    first = made_gateway(home, store)
    await first.adopt_or_sweep()
    task = asyncio.create_task(first.run())
    await first.ready(COLD_S)
    pid = first.view().pid
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task  # the app is gone, LiteLLM is not

    second = made_gateway(home, store)
    async with sim("--tokens", "2") as port, bench() as made, running(second):
        assert second.view().pid == pid
        assert second.port == first.port
        await routed(made, second, port)
        assert (await post(made, {**CHAT, "model": "r"})).status_code == 200
    ready = [r for r in store.read_stream("gateway") if isinstance(r.event, GatewayBecameReady)]
    assert len(ready) == 2


async def test_what_can_not_be_taken_over_is_stopped(home: Path, store: EventStore) -> None:
    """Another plugin or version, or never ready: provably ours, so it is ended; then a new one."""
    first = made_gateway(home, store)
    await first.adopt_or_sweep()
    task = asyncio.create_task(first.run())
    await until(lambda: first.view().pid, within=30)
    pid = first.view().pid
    await until(lambda: store.read_stream("gateway"), within=30)
    task.cancel()  # killed while LiteLLM was starting
    with contextlib.suppress(asyncio.CancelledError):
        await task

    second = made_gateway(home, store)
    await second.adopt_or_sweep()
    assert not Path(f"/proc/{pid}/environ").exists() or _zombie(pid)
    assert second.view().pid is None
    await second.stop()
    started = store.read_stream("gateway")[0].event
    assert isinstance(started, GatewayStarted)
    assert msgspec.json.encode(started)


def _zombie(pid: int | None) -> bool:
    return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
