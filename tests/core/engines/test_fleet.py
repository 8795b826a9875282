"""The fleet with real processes: what the fakes promise, seen on the real thing."""

import asyncio
import json
import os
import signal
import socket
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.engines.processes import NONCE
from core.errors import EngineFailure, Invalid, Unavailable
from core.recipes.recipe import Recipe
from core.secrets import Secrets
from core.settings import Settings
from core.status import EngineView
from events.projections.engine_runs import engine_runs
from events.store import EventStore
from tests.core.engines.conftest import MakeFleet, sim
from tests.harness.processes import group_members


def requests_of(port: int) -> dict[str, Any]:
    """What the sim engine saw."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sim/requests", timeout=60) as answer:
        seen: dict[str, Any] = json.load(answer)
        return seen


async def until(true: Any) -> None:
    """Wait for a point; the test's own timeout ends what never comes."""
    while not true():  # noqa: ASYNC110 - another process sets no event of ours
        await asyncio.sleep(0.02)


async def test_an_engine_starts_serves_and_stops(make_fleet: MakeFleet) -> None:
    """From a recipe to an answer and back to nothing."""
    async with make_fleet() as fleet:
        endpoint = await fleet.ensure_ready(sim("a", "--load-seconds", "0.2"), 1, actor="cli")
        assert (endpoint.model_name, endpoint.kind) == ("a", "command")
        assert requests_of(endpoint.port)["received"][0]["path"] == "/health"
        (view,) = fleet.views()
        assert view.state == "ready"
        assert view.pid is not None
        await fleet.stop("a", reason="done", actor="cli")
        assert group_members(view.pid) == []
        assert fleet.views() == ()


async def test_fifty_callers_start_one_process(make_fleet: MakeFleet, tmp_path: Path) -> None:
    """The sim's own register proves it."""
    register = tmp_path / "register"
    recipe = sim("a", "--registry", str(register))
    async with make_fleet() as fleet:
        endpoints = await asyncio.gather(
            *(fleet.ensure_ready(recipe, 1, actor="api") for _ in range(50))
        )
        assert len(set(endpoints)) == 1
        await fleet.stop_all(reason="done", actor="cli")
    assert [line.split()[0] for line in register.read_text().splitlines()] == [
        *("start", "ready", "stop"),
    ]


async def test_a_crash_while_loading_tells_the_real_cause(
    make_fleet: MakeFleet, secrets: Secrets
) -> None:
    """Exit code, typed cause, decisive lines, secrets masked."""
    secrets.put("recipe.a.TOKEN", "hf_very_secret")
    line = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. hf_very_secret"
    recipe = sim("a", "--crash-while-loading", "3", "--log-line", line)
    async with make_fleet() as fleet:
        with pytest.raises(EngineFailure) as failed:
            await fleet.ensure_ready(recipe, 1, actor="cli")
    assert (failed.value.code, failed.value.exit_code) == ("gpu-out-of-memory", 3)
    assert "CUDA out of memory" in failed.value.lines[0]
    assert "hf_very_secret" not in failed.value.lines[0]


async def test_a_crash_after_it_was_ready_is_noticed_and_told(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """kill -9 of the engine: the endpoint goes, the reason stays."""
    async with make_fleet() as fleet:
        await fleet.ensure_ready(sim("a"), 1, actor="cli")
        os.kill(fleet.views()[0].pid or 0, signal.SIGKILL)
        await until(lambda: fleet.views()[0].state == "failed")
        assert fleet.endpoints() == {}
        assert fleet.views()[0].error_code == "killed-by-system"
    with store.reading() as connection:
        assert engine_runs(connection)[0].state == "failed"


async def test_a_killed_parents_grandchildren_go_too(make_fleet: MakeFleet) -> None:
    """As vLLM's EngineCore would keep the memory."""
    async with make_fleet() as fleet:
        await fleet.ensure_ready(sim("a", "--fork-grandchild"), 1, actor="cli")
        pid = fleet.views()[0].pid or 0
        assert len(group_members(pid)) == 2
        os.kill(pid, signal.SIGKILL)
        await until(lambda: fleet.views()[0].state == "failed")
        assert group_members(pid) == []


async def test_an_exit_with_code_0_is_a_crash(make_fleet: MakeFleet) -> None:
    """Somebody else ended it politely; we had not asked."""
    async with make_fleet() as fleet:
        await fleet.ensure_ready(sim("a"), 1, actor="cli")
        os.kill(fleet.views()[0].pid or 0, signal.SIGTERM)
        await until(lambda: fleet.views()[0].state == "failed")
        assert "exit code 0" in (fleet.views()[0].error or "")


async def test_a_stubborn_engine_is_killed_after_its_grace(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """And the log says that force was needed."""
    async with make_fleet() as fleet:
        recipe = sim("a", "--ignore-sigterm", stop_grace_s=0.3)
        await fleet.ensure_ready(recipe, 1, actor="cli")
        pid = fleet.views()[0].pid or 0
        await fleet.stop("a", reason="done", actor="cli")
        assert group_members(pid) == []
    last = store.read_all(newest_first=True, limit=1)[0].event
    assert getattr(last, "forced", None) is True


async def test_a_hanging_load_ends_and_the_port_is_free_again(make_fleet: MakeFleet) -> None:
    """After the timeout without progress nothing is left, and the next recipe starts."""
    async with make_fleet() as fleet:
        recipe = sim("a", "--hang-while-loading", load_timeout_s=0.5)
        with pytest.raises(EngineFailure) as failed:
            await fleet.ensure_ready(recipe, 1, actor="cli")
        assert failed.value.code == "load-timeout"
        await fleet.ensure_ready(sim("b"), 1, actor="cli")
        assert set(fleet.endpoints()) == {"b"}
        await fleet.stop_all(reason="done", actor="cli")


async def test_a_load_can_be_aborted(make_fleet: MakeFleet) -> None:
    """Also one that says nothing, and at once."""
    async with make_fleet() as fleet:
        caller = asyncio.ensure_future(
            fleet.ensure_ready(sim("a", "--hang-while-loading"), 1, actor="cli")
        )
        await until(lambda: fleet.views() and fleet.views()[0].state == "loading")
        await fleet.stop("a", reason="changed my mind", actor="cli")
        with pytest.raises(EngineFailure):
            await caller
        assert fleet.views() == ()


async def test_a_port_of_somebody_else_is_not_taken(
    make_fleet: MakeFleet, settings: Settings
) -> None:
    """The next free one is, and the other is not disturbed."""
    with socket.create_server(("127.0.0.1", settings.inference_port)):
        async with make_fleet() as fleet:
            endpoint = await fleet.ensure_ready(sim("a"), 1, actor="cli")
            assert endpoint.port > settings.inference_port
            await fleet.stop_all(reason="done", actor="cli")


async def test_a_server_under_another_name_is_refused(make_fleet: MakeFleet) -> None:
    """It answers, it is ours, and it would answer 404 to every request."""
    command = tuple("other" if w == "{model}" else w for w in sim("a").command)
    async with make_fleet() as fleet:
        with pytest.raises(EngineFailure, match="it serves other, not a") as failed:
            await fleet.ensure_ready(
                Recipe(id="a", engine="command", command=command), 1, actor="x"
            )
        assert failed.value.code == "wrong-model"


async def test_the_engine_demands_the_key_that_the_endpoint_carries(
    make_fleet: MakeFleet, secrets: Secrets
) -> None:
    """And the key stands neither in the view nor in the log."""
    async with make_fleet() as fleet:
        endpoint = await fleet.ensure_ready(sim("a", "--api-key", "{key}"), 1, actor="cli")
        key = secrets.get("engine-key")
        assert key
        assert endpoint.api_key == key
        assert key not in repr(fleet.views())
        await fleet.stop_all(reason="done", actor="cli")


async def test_the_child_gets_a_clean_environment(
    make_fleet: MakeFleet, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our nonce, the recipe's variables with their real values, no key of ours, an empty folder."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-theirs")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    Secrets(settings.paths.secrets).put("recipe.a.HF_TOKEN", "hf_real_value")
    recipe = sim("a", env={"HF_TOKEN": "@secret:recipe.a.HF_TOKEN"})
    async with make_fleet() as fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        process = psutil.Process(fleet.views()[0].pid)
        env = process.environ()
        assert env["HF_TOKEN"] == "hf_real_value"
        assert len(env[NONCE]) == 32
        assert "OPENAI_API_KEY" not in env
        assert "PYTHONPATH" not in env
        assert list(Path(process.cwd()).iterdir()) == []
        await fleet.stop_all(reason="done", actor="cli")


async def test_a_missing_runtime_is_said_with_the_command_that_installs_it(
    make_fleet: MakeFleet,
) -> None:
    """Nothing is recorded and nothing started."""
    async with make_fleet() as fleet:
        with pytest.raises(Unavailable) as refused:
            await fleet.ensure_ready(Recipe(id="q", model="/m"), 1, actor="cli")
    assert refused.value.code == "runtime-missing"
    assert "runtimes install vllm" in refused.value.next_action


async def test_a_missing_secret_is_said(make_fleet: MakeFleet) -> None:
    """A recipe that came from another machine has no values here."""
    recipe = sim("a", env={"HF_TOKEN": "@secret:recipe.a.HF_TOKEN"})
    async with make_fleet() as fleet:
        with pytest.raises(Invalid, match="HF_TOKEN"):
            await fleet.ensure_ready(recipe, 1, actor="cli")
        assert fleet.views() == ()


async def test_loading_tells_its_phases_and_how_long_it_may_take(
    make_fleet: MakeFleet, store: EventStore
) -> None:
    """The second load knows from the first."""
    recipe = sim("a", "--load-seconds", "0.6")
    async with make_fleet() as fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        await fleet.stop("a", reason="again", actor="cli")
        seen: list[EngineView] = []
        fleet.listen(lambda: seen.extend(fleet.views()))
        await fleet.ensure_ready(recipe, 1, actor="cli")
        loading = [view for view in seen if view.phase == "loading weights"]
        assert loading
        assert all((view.eta_s or 0) > 0 for view in loading)
        await fleet.stop_all(reason="done", actor="cli")
    told = [r.event for r in store.read_all() if r.type == "engine-progressed"]
    phases = [getattr(event, "phase", "") for event in told]
    assert phases.index("loading weights") < phases.index("capturing graphs")
