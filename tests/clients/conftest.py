"""One studio, one engine, two lanes: everything in this folder shares them.

The engine is the sim engine as a vLLM, so that the direct lane has all that vLLM speaks.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.harness import vllm_shim
from tests.harness.sim import answers_seen_by, turn_knobs
from tests.harness.studio import StudioServer

HERE = Path(__file__).parent
MODEL = "clients"
KNOBS: dict[str, object] = {
    "tokens": 5,
    "tokens_per_second": 0,
    "first_token_seconds": 0,
    "fail_status": None,
    "cached_tokens": 0,
    "reasoning_field": "reasoning",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real app, a real LiteLLM, real clients."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


class Engine:
    """The engine behind: what it saw, and its knobs."""

    def __init__(self, port: int) -> None:
        self.port = port

    def turn(self, **knobs: object) -> None:
        """Change knobs until the end of the test."""
        turn_knobs(self.port, **knobs)

    def seen(self) -> list[dict[str, Any]]:
        """What it was asked in this test, oldest first."""
        return answers_seen_by(self.port)

    def last(self) -> dict[str, Any]:
        """The body of the newest request."""
        body: dict[str, Any] = self.seen()[-1]["body"]
        return body


@pytest.fixture(scope="package")
def served(shared_studio: StudioServer) -> Iterator[StudioServer]:
    """The studio with its one model loaded."""
    vllm_shim.install(shared_studio.home)
    shared_studio.add(vllm_shim.recipe(MODEL, aliases=["gpt-sim"]))
    shared_studio.load(MODEL)
    yield shared_studio
    shared_studio.evict_all()
    deleted = shared_studio.http.delete(f"/api/recipes/{MODEL}", headers=shared_studio.owner())
    assert deleted.is_success, deleted.text
    shutil.rmtree(shared_studio.home / "runtimes" / vllm_shim.NAME)


@pytest.fixture
def engine(served: StudioServer) -> Iterator[Engine]:
    """The engine, with nothing seen yet and every knob where it belongs."""
    found = Engine(served.engines()[MODEL]["port"])
    found.turn(**KNOBS)
    httpx.delete(f"http://127.0.0.1:{found.port}/_sim/requests", timeout=60)
    yield found
    found.turn(**KNOBS)


@pytest.fixture(params=["gateway", "direct"])
def lane(request: pytest.FixtureRequest) -> str:
    """The way that requests take to the engine."""
    return str(request.param)


def options(served: StudioServer, lane: str) -> dict[str, Any]:
    """What a client is made with."""
    return {
        "api_key": "not-needed",
        "base_url": served.v1,
        "max_retries": 0,
        "timeout": 60,
        "default_headers": {"x-studio-lane": lane},
    }


@pytest.fixture
def client(served: StudioServer, engine: Engine, lane: str) -> Iterator[openai.OpenAI]:
    """The official OpenAI client on this lane."""
    with openai.OpenAI(**options(served, lane)) as made:
        yield made


@pytest.fixture
async def async_client(
    served: StudioServer, engine: Engine, lane: str
) -> AsyncIterator[openai.AsyncOpenAI]:
    """The asynchronous one."""
    async with openai.AsyncOpenAI(**options(served, lane)) as made:
        yield made


@pytest.fixture
def claude(served: StudioServer, engine: Engine, lane: str) -> Iterator[anthropic.Anthropic]:
    """The official Anthropic client on this lane."""
    with anthropic.Anthropic(**options(served, lane) | {"base_url": served.url}) as made:
        yield made
