"""The proxy straight in front of the sim engine: what a real server does on the other side."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.core.gateway.bench import CHAT, Bench, RawClient, bench, post
from tests.core.gateway.tiny_upstream import until
from tests.harness.ports import free_port
from tests.harness.sim import SIM_ENGINE, seen_by, turn_knobs


@contextlib.asynccontextmanager
async def sim(*knobs: str) -> AsyncIterator[int]:
    """A running sim engine's port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SIM_ENGINE), "--port", str(port), "--served-model-name", "m",
        "--api-key", "internal", "--quiet", *knobs,
    )  # fmt: skip
    try:
        await until(lambda: _answers(port))
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def posts(port: int) -> list[dict[str, Any]]:
    """What the engine was asked."""
    return [request for request in seen_by(port) if request["method"] == "POST"]


async def test_a_stream_is_byte_for_byte_the_engines() -> None:
    """Asked directly or through the proxy: the same, but for id and date."""
    async with sim("--tokens", "20") as port, bench() as made:
        made.serve(port)
        body = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
        through = (await post(made, body)).text
        async with httpx.AsyncClient(verify=False) as client:
            direct = await client.post(
                f"http://127.0.0.1:{port}/v1/chat/completions",
                json=body,
                headers={"authorization": "Bearer internal"},
            )
        assert through.count("data: ") == direct.text.count("data: ") > 20
        assert through.endswith("data: [DONE]\n\n")
        assert (await made.fact()).completion_tokens == 20


async def test_an_engine_that_dies_in_an_answer_leaves_no_silent_end() -> None:
    """Its process is gone in the middle of a stream."""
    async with sim("--tokens", "50", "--die-after-tokens", "5") as port, bench() as made:
        made.serve(port)
        answer = await post(made, {**CHAT, "stream": True})
        assert "tok3" in answer.text
        assert '"error"' in answer.text.rstrip().rpartition("data: ")[2]
        assert (await made.fact()).outcome == "error"


async def test_an_engine_sees_the_client_leave() -> None:
    """In a stream and while the first token is computed."""
    async with sim("--tokens", "100000", "--tokens-per-second", "100") as port, bench() as made:
        made.serve(port)
        client = await RawClient.chat(made, stream=True)
        await client.reader.readuntil(b"tok3")
        client.hang_up()
        await until(lambda: posts(port)[0]["disconnected"])

        await asyncio.to_thread(turn_knobs, port, first_token_seconds=60)
        waiting = await RawClient.chat(made)
        await until(lambda: len(posts(port)) == 2)
        waiting.hang_up()
        await until(lambda: posts(port)[1]["disconnected"])
        await until(lambda: len(made.facts) == 2)
        assert [fact.outcome for fact in made.facts] == ["client_gone"] * 2


async def test_an_engines_refusal_passes_unchanged() -> None:
    """Status and words are the engine's own (C66)."""
    async with sim("--fail-status", "503") as port, bench() as made:
        made.serve(port)
        answer = await post(made)
        assert answer.status_code == 503
        assert (await made.fact()).outcome == "error"


async def test_many_streams_at_once_stay_apart() -> None:
    """Each client gets its own answer, whole."""

    async def one(made: Bench) -> str:
        return (await post(made, {**CHAT, "stream": True})).text

    async with sim("--tokens", "30") as port, bench() as made:
        made.serve(port)
        answers = await asyncio.gather(*(one(made) for _ in range(20)))
        assert all(a.endswith("data: [DONE]\n\n") and "tok29" in a for a in answers)
        assert made.inflight.total == 0
