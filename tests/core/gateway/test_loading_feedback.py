"""A client that wants to hear of the load, through the whole proxy, until its answer ends."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI

from core.clock import SystemClock
from core.errors import EngineFailure
from core.gateway.errors import TooMany, WaitedTooLong
from core.gateway.loading_feedback import LoadingFeedback
from core.gateway.loading_stream import KEEP_ALIVE, PING, Loading
from tests.core.gateway.bench import CHAT, Bench, RawClient, bench, post
from tests.core.gateway.test_proxy_with_sim_engine import sim
from tests.core.gateway.tiny_upstream import stream_answer, until, upstream

ON = {"x-studio-loading-feedback": "on"}
STREAM = {**CHAT, "stream": True}


class Progress:
    """What is known of the load, turned by the test."""

    def __init__(self) -> None:
        self.now: Loading | None = Loading(name="m", before=1)
        self.asked = 0

    def __call__(self, name: str) -> Loading | None:
        """See `ProgressOf`."""
        self.asked += 1
        return self.now


@contextlib.asynccontextmanager
async def telling_bench(
    *, by_default: bool = False, **times: float
) -> AsyncIterator[tuple[Bench, Progress]]:
    """A proxy whose model loads until the test says otherwise."""
    progress = Progress()
    feedback = LoadingFeedback(
        progress=progress,
        by_default=lambda: by_default,
        clock=SystemClock(),
        **{"begin_after_s": 0.02, "look_s": 0.01, **times},
    )
    async with bench(loading=feedback) as made:
        made.coming = asyncio.get_running_loop().create_future()
        yield made, progress


def loaded(made: Bench, port: int) -> None:
    """The model is there, and its route."""
    route = made.serve(port, upstream_model="m")
    assert made.coming is not None
    made.coming.set_result(route)


def chunks(text: str) -> list[dict[str, Any]]:
    """Every JSON event."""
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


async def test_progress_and_answer_are_one_stream() -> None:
    """Role, reasoning, the engine's own tokens, one [DONE]; all under one id (C22)."""
    async with sim("--tokens", "5") as port, telling_bench() as (made, progress):
        asked = asyncio.create_task(post(made, STREAM, headers=ON))
        await until(lambda: progress.asked > 1)
        progress.now = Loading(name="m", step="loading", phase="loading weights", percent=40.0)
        before = progress.asked
        await until(lambda: progress.asked > before + 1)
        loaded(made, port)
        answer = await asked
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.count("[DONE]") == 1
    assert answer.text.endswith("data: [DONE]\n\n")
    told = chunks(answer.text)
    assert len({(c["id"], c["created"], c["model"]) for c in told}) == 1
    deltas = [c["choices"][0]["delta"] for c in told if c["choices"]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert [d for d in deltas if "role" in d] == [deltas[0]]
    thoughts = "".join(d.get("reasoning_content") or "" for d in deltas)
    assert "1 model is before it" in thoughts
    assert "Loading m: 40 % (loading weights)" in thoughts
    assert "Ready after" in thoughts
    assert "".join(d.get("content") or "" for d in deltas) == "tok0 tok1 tok2 tok3 tok4"
    fact = await made.fact()
    assert (fact.outcome, fact.status, fact.stream) == ("ok", 200, True)


async def test_the_openai_sdk_reads_it() -> None:
    """It adds the deltas up to one message of one role."""
    async with sim("--tokens", "3") as port, telling_bench(by_default=True) as (made, progress):
        client = AsyncOpenAI(base_url=f"{made.url}/v1", api_key="none")

        async def ask() -> Any:
            async with client.chat.completions.stream(
                model="m", messages=[{"role": "user", "content": "hi"}]
            ) as stream:
                async for _event in stream:
                    pass
                return await stream.get_final_completion()

        asked = asyncio.create_task(ask())
        await until(lambda: progress.asked > 1)
        loaded(made, port)
        message = (await asked).choices[0].message
        await client.close()
    assert (message.role, message.content) == ("assistant", "tok0 tok1 tok2")


@pytest.mark.parametrize(
    ("body", "headers", "by_default"),
    [
        (CHAT, ON, True),  # no stream
        (STREAM, {}, False),  # off
        (STREAM, {"x-studio-loading-feedback": "off"}, True),  # off for this request
    ],
)
async def test_who_did_not_ask_gets_the_upstreams_answer_alone(
    body: dict[str, Any], headers: dict[str, str], by_default: bool
) -> None:
    """No loading bytes, and the upstream's own status (C23)."""
    async with (
        sim("--fail-status", "503") as port,
        telling_bench(by_default=by_default) as (made, progress),
    ):
        asked = asyncio.create_task(post(made, body, headers=headers))
        await until(lambda: made.admitted)
        loaded(made, port)
        answer = await asked
    assert progress.asked == 0
    assert answer.status_code == 503
    assert "asked to fail" in answer.json()["error"]["message"]


async def test_what_is_refused_at_once_has_its_status() -> None:
    """429 with Retry-After and JSON, before any byte of a stream (C24)."""
    async with telling_bench(begin_after_s=3600.0) as (made, progress):
        made.refusal = TooMany("5 requests wait for m already", retry_after=5.0)
        answer = await post(made, STREAM, headers=ON)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    assert answer.json()["error"]["code"] == "too_many_requests"
    assert progress.asked == 0


@pytest.mark.parametrize(
    ("failure", "code", "outcome"),
    [
        (EngineFailure("m could not be started", code="bad-flag", lines=("x",)), "bad-flag",
         "error"),
        (WaitedTooLong("m was not ready within 900 s"), "waited_too_long", "timeout"),
    ],
)  # fmt: skip
async def test_a_load_that_fails_ends_the_stream_with_the_error(
    failure: EngineFailure | WaitedTooLong, code: str, outcome: str
) -> None:
    """In OpenAI's form, and without a [DONE]."""
    async with telling_bench() as (made, progress):
        asked = asyncio.create_task(post(made, STREAM, headers=ON))
        await until(lambda: progress.asked > 1)
        assert made.coming is not None
        made.coming.set_exception(failure)
        answer = await asked
        fact = await made.fact()
    assert chunks(answer.text)[-1]["error"]["code"] == code
    assert "[DONE]" not in answer.text
    assert "Ready after" not in answer.text
    assert fact.outcome == outcome


async def test_an_engines_refusal_after_the_load_is_an_event_too() -> None:
    """The stream had begun with 200: the engine's words come as its error."""
    async with sim("--fail-status", "400") as port, telling_bench() as (made, progress):
        asked = asyncio.create_task(post(made, STREAM, headers=ON))
        await until(lambda: progress.asked > 1)
        loaded(made, port)
        answer = await asked
        fact = await made.fact()
    assert answer.status_code == 200
    assert "asked to fail" in chunks(answer.text)[-1]["error"]["message"]
    assert "[DONE]" not in answer.text
    assert fact.outcome == "error"


async def test_an_engine_that_dies_in_its_answer_is_told_as_ever() -> None:
    """The error event, no [DONE]."""
    async with (
        sim("--tokens", "50", "--die-after-tokens", "5") as port,
        telling_bench() as (made, progress),
    ):
        asked = asyncio.create_task(post(made, STREAM, headers=ON))
        await until(lambda: progress.asked > 1)
        loaded(made, port)
        answer = await asked
    assert "tok3" in answer.text
    assert "error" in chunks(answer.text)[-1]


async def test_silence_is_kept_alive() -> None:
    """A comment line when nothing is new."""
    async with telling_bench(keep_alive_s=0.0) as (made, progress):
        asked = asyncio.create_task(post(made, STREAM, headers=ON))
        await until(lambda: progress.asked > 4)
        assert made.coming is not None
        made.coming.set_exception(WaitedTooLong("m was not ready"))
        answer = await asked
    assert KEEP_ALIVE in answer.content


async def test_a_client_that_leaves_while_it_loads_is_forgotten() -> None:
    """Its wait is cancelled, as it would be without the stream."""
    async with telling_bench(by_default=True) as (made, _):
        client = await RawClient.chat(made, stream=True)
        await client.reader.readuntil(b'"role":"assistant"')
        client.hang_up()
        fact = await made.fact()
        assert made.coming is not None
        assert made.coming.cancelled()
    assert (fact.outcome, fact.status) == ("client_gone", 200)


async def test_anthropic_clients_get_pings() -> None:
    """Then their own events, unchanged."""
    events = (
        b'event: message_start\ndata: {"type":"message_start"}\n\n',
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    )
    async with upstream(stream_answer(*events)) as server, telling_bench() as (made, progress):
        asked = asyncio.create_task(post(made, STREAM, path="/v1/messages", headers=ON))
        await until(lambda: progress.asked > 1)
        loaded(made, server.port)
        answer = await asked
    assert answer.content.startswith(PING)
    assert answer.content.endswith(PING + b"".join(events))


async def test_a_model_that_is_there_is_answered_without_a_word() -> None:
    """Byte for byte as without the feature."""
    async with sim("--tokens", "3") as port, telling_bench(by_default=True) as (made, progress):
        made.serve(port)
        answer: httpx.Response = await post(made, STREAM)
    assert progress.asked == 0
    assert "reasoning_content" not in answer.text


def test_nothing_else_streams_its_load() -> None:
    """Neither completions nor embeddings know reasoning."""
    feedback = LoadingFeedback(
        progress=lambda name: None, by_default=lambda: True, clock=SystemClock()
    )
    for path in (b"/v1/completions", b"/v1/responses", b"/v1/embeddings"):
        assert not feedback.wanted(path, [], stream=True)
    assert feedback.wanted(b"/v1/chat/completions", [], stream=True)
    assert not feedback.wanted(b"/v1/chat/completions", [], stream=False)
