"""The sim engine keeps the promises that other tests build on."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from core.engines.run import Endpoint
from tests.core.engines.conftest import MakeFleet, sim

CHAT = {"model": "a", "messages": [{"role": "user", "content": "hello you"}]}


def client(endpoint: Endpoint) -> httpx.AsyncClient:
    """A client of that engine."""
    url = f"http://127.0.0.1:{endpoint.port}"
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)


async def chunks(http: httpx.AsyncClient, body: dict[str, Any]) -> list[str]:
    """The data lines of a streamed answer."""
    async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        return [line.removeprefix("data: ") async for line in answer.aiter_lines() if line]


async def until_running(http: httpx.AsyncClient) -> None:
    """Wait until it works on an answer."""
    while not (await http.get("/_sim/requests")).json()["running"]:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.01)


async def test_a_stream_is_whole_and_ends_with_usage_and_done(make_fleet: MakeFleet) -> None:
    """Role, tokens, finish reason, usage when asked, [DONE]."""
    async with (
        make_fleet() as fleet,
        client(await fleet.ensure_ready(sim("a", "--tokens", "3"), 1, actor="t")) as http,
    ):
        body = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
        *events, done = await chunks(http, body)
        assert done == "[DONE]"
        parsed = [json.loads(event) for event in events]
        text = "".join(p["choices"][0]["delta"].get("content", "") for p in parsed[:-1])
        assert text == "tok0 tok1 tok2"
        assert parsed[-2]["choices"][0]["finish_reason"] == "stop"
        assert parsed[-1]["usage"]["completion_tokens"] == 3
        await fleet.stop_all(reason="done", actor="t")


async def test_a_client_that_hangs_up_stops_the_work(make_fleet: MakeFleet) -> None:
    """And it is noted."""
    recipe = sim("a", "--tokens", "10000", "--tokens-per-second", "50")
    async with (
        make_fleet() as fleet,
        client(await fleet.ensure_ready(recipe, 1, actor="t")) as http,
    ):
        async with http.stream("POST", "/v1/chat/completions", json={**CHAT, "stream": True}) as s:
            async for _ in s.aiter_lines():
                break
        seen: dict[str, Any] = {"running": 1}
        while seen["running"]:
            seen = (await http.get("/_sim/requests")).json()
            await asyncio.sleep(0.01)
        assert seen["received"][-1]["disconnected"] is True
        await fleet.stop_all(reason="done", actor="t")


async def test_a_broken_stream_ends_as_vllms_does(make_fleet: MakeFleet) -> None:
    """SIGTERM mid-stream: an error event and [DONE], which looks complete unless one reads it."""
    recipe = sim("a", "--tokens", "10000", "--tokens-per-second", "50")
    async with (
        make_fleet() as fleet,
        client(await fleet.ensure_ready(recipe, 1, actor="t")) as http,
    ):
        reading = asyncio.ensure_future(chunks(http, {**CHAT, "stream": True}))
        await until_running(http)
        await fleet.stop("a", reason="done", actor="t")
        *_, error, done = await reading
        assert done == "[DONE]"
        assert json.loads(error)["error"]["code"] == 500


async def test_dying_inside_an_answer_breaks_the_connection(make_fleet: MakeFleet) -> None:
    """The process is gone, and the stream has no end."""
    recipe = sim("a", "--tokens", "100", "--die-after-tokens", "5")
    async with (
        make_fleet() as fleet,
        client(await fleet.ensure_ready(recipe, 1, actor="t")) as http,
    ):
        with pytest.raises(httpx.HTTPError):
            await chunks(http, {**CHAT, "stream": True})
        while fleet.endpoints():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.01)
        assert fleet.views()[0].error_code == "engine-core-died"


async def test_sleep_lies_and_hangs_as_vllms_does(make_fleet: MakeFleet) -> None:
    """A chat sent to a sleeper waits; after level 2 it is gibberish until the weights are back."""
    async with (
        make_fleet() as fleet,
        client(await fleet.ensure_ready(sim("a", "--tokens", "1"), 1, actor="t")) as http,
    ):
        await http.post("/sleep?level=2")
        assert (await http.get("/is_sleeping")).json() == {"is_sleeping": True}
        assert (await http.get("/health")).status_code == 200
        waiting = asyncio.ensure_future(http.post("/v1/chat/completions", json=CHAT))
        await until_running(http)
        await http.post("/wake_up")
        said = (await waiting).json()["choices"][0]["message"]["content"]
        assert said == "###0"
        await http.post("/collective_rpc", json={"method": "reload_weights"})
        again = (await http.post("/v1/chat/completions", json=CHAT)).json()
        assert again["choices"][0]["message"]["content"] == "tok0"
        await fleet.stop_all(reason="done", actor="t")
