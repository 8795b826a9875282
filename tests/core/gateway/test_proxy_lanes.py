"""Both lanes, falling over and falling back, over real sockets."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from core.gateway.body import Filter
from core.gateway.routes import RouteTable
from tests.core.gateway.bench import CHAT, Bench, bench, post
from tests.core.gateway.tiny_upstream import (
    Received,
    TinyUpstream,
    json_answer,
    stream_answer,
    upstream,
)

COMPLETION = b'{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":5}}'
DIRECTLY = {"x-studio-lane": "direct"}


async def test_the_direct_lane_asks_the_engine_by_its_own_name_and_key() -> None:
    """LiteLLM hears nothing of it, and the engine nothing of the client's key (C15)."""
    async with upstream(json_answer(COMPLETION)) as engine, bench() as made:
        made.serve_directly(engine.port)
        answer = await post(made, headers={"authorization": "Bearer client-secret"})
        got = engine.received[0]
        assert (answer.status_code, answer.content) == (200, COMPLETION)
        assert answer.headers["x-studio-lane"] == "direct"
        assert got.headers["authorization"] == "Bearer engine"
        assert json.loads(got.body)["model"] == "engine-m"
        fact = await made.fact()
        assert (fact.lane, fact.outcome, fact.counted) == ("direct", "ok", "engine")
        assert (fact.prompt_tokens, fact.completion_tokens) == (3, 5)


async def test_the_tokens_of_an_embedding_were_counted_by_its_engine() -> None:
    """There are those of the prompt alone, and they are known."""
    told = b'{"data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}'
    async with upstream(json_answer(told)) as engine, bench() as made:
        made.serve_directly(engine.port)
        await post(made, {"model": "m", "input": "x"}, "/v1/embeddings")
        fact = await made.fact()
        assert (fact.prompt_tokens, fact.completion_tokens, fact.counted) == (3, None, "engine")


async def test_a_stream_is_the_engines_own_and_yet_counted() -> None:
    """We ask for the token counts, take out the one event that we asked for, and pass the rest."""
    said = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
    counts = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n'
    done = b"data: [DONE]\n\n"
    async with upstream(stream_answer(said, counts, done)) as engine, bench() as made:
        made.serve_directly(engine.port)
        answer = await post(made, {**CHAT, "stream": True})
        assert answer.content == said + done
        assert json.loads(engine.received[0].body)["stream_options"] == {"include_usage": True}
        fact = await made.fact()
        assert (fact.prompt_tokens, fact.completion_tokens, fact.counted) == (3, 1, "engine")


async def test_while_litellm_is_down_requests_go_on_directly() -> None:
    """At once, and only where that is allowed."""
    async with upstream(json_answer(COMPLETION)) as engine, bench() as made:
        made.serve_directly(engine.port, lane="gateway")
        made.gateway_is_ready.clear()
        answer = await post(made)
        assert (answer.status_code, answer.headers["x-studio-lane"]) == (200, "direct")


async def test_a_litellm_that_dies_under_a_request_does_not_take_it_along() -> None:
    """Nothing of an answer had come, so the engine is asked again, directly."""
    async with (
        upstream(_hangs_up) as litellm,
        upstream(json_answer(COMPLETION)) as engine,
        bench() as made,
    ):
        made.serve_directly(engine.port, lane="gateway", gateway_port=litellm.port)
        answer = await post(made)
        assert (answer.status_code, answer.headers["x-studio-lane"]) == (200, "direct")
        fact = await made.fact()
        assert (fact.lane, fact.outcome) == ("direct", "ok")
        assert len(litellm.received) == 1
        assert made.inflight.total == 0


async def test_an_engine_that_takes_no_connection_is_lost_and_not_waited_for() -> None:
    """It counts as ready, but nobody is there: a few tries, then the truth."""
    async with bench() as made:
        made.serve_directly(1)
        answer = await post(made)
        assert answer.status_code == 502
        assert (await made.fact()).outcome == "error"


async def test_a_lane_that_does_not_exist_is_refused() -> None:
    """And nobody is asked."""
    async with upstream(json_answer(COMPLETION)) as engine, bench() as made:
        made.serve_directly(engine.port)
        answer = await post(made, headers={"x-studio-lane": "fast"})
        assert (answer.status_code, engine.received) == (400, [])


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_model_that_fails_is_stood_in_for(status: int) -> None:
    """The next of the chain is asked, and the record says for whom it stood in."""
    async with (
        upstream(json_answer(b'{"error":{}}', status=f"{status} Failed")) as first,
        upstream(json_answer(COMPLETION)) as second,
        bench(choices=_chain("m", "other")) as made,
    ):
        _two(made, first, second)
        answer = await post(made)
        assert (answer.status_code, answer.content) == (200, COMPLETION)
        fact = await made.fact()
        assert (fact.recipe_id, fact.fell_back_from, fact.outcome) == ("other", "m", "ok")
        assert made.inflight.total == 0


async def test_the_last_of_the_chain_has_the_last_word() -> None:
    """Its answer is told as it is."""
    async with (
        upstream(json_answer(b'{"error":{}}', status="500 Failed")) as first,
        upstream(json_answer(b'{"error":{"message":"full"}}', status="503 Failed")) as second,
        bench(choices=_chain("m", "other")) as made,
    ):
        _two(made, first, second)
        answer = await post(made)
        assert (answer.status_code, answer.json()["error"]["message"]) == (503, "full")


async def test_what_the_client_did_wrong_is_not_tried_elsewhere() -> None:
    """A 400 is an answer."""
    async with (
        upstream(json_answer(b"{}", status="400 Wrong")) as first,
        upstream(json_answer(COMPLETION)) as second,
        bench(choices=_chain("m", "other")) as made,
    ):
        _two(made, first, second)
        assert (await post(made)).status_code == 400
        assert second.received == []


async def test_after_the_first_byte_nobody_stands_in() -> None:
    """What was passed on can not be taken back."""
    async with (
        upstream(_breaks_off) as first,
        upstream(json_answer(COMPLETION)) as second,
        bench(choices=_chain("m", "other")) as made,
    ):
        _two(made, first, second)
        answer = await post(made, {**CHAT, "stream": True})
        assert b'"content":"hi"' in answer.content
        assert b"error" in answer.content
        assert second.received == []


async def test_the_presets_of_both_names_hold_when_one_stands_in_for_another() -> None:
    """A virtual model may have a preset's name among its members."""
    put = {"any": {"top_k": 1, "seed": 1}, "m": {"seed": 2}}
    choices = SimpleNamespace(
        chain=lambda name: ("m",) if name == "any" else None,
        preset=lambda name: Filter.of((), put.get(name, {})),
    )
    async with upstream(json_answer(COMPLETION)) as engine, bench(choices=choices) as made:
        made.serve(engine.port)
        assert (await post(made, {**CHAT, "model": "any"})).status_code == 200
        sent = json.loads(engine.received[0].body)
        assert (sent["model"], sent["top_k"], sent["seed"]) == ("m", 1, 2)


async def _hangs_up(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _breaks_off(received: Received, writer: asyncio.StreamWriter) -> None:
    piece = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    writer.write(head + b"%x\r\n%s\r\n" % (len(piece), piece))
    await writer.drain()
    writer.transport.abort()


def _chain(*names: str) -> Any:
    return SimpleNamespace(
        chain=lambda name: names if name == names[0] else None, preset=lambda name: None
    )


def _two(made: Bench, first: TinyUpstream, second: TinyUpstream) -> None:
    """ "m" at the first upstream, "other" at the second."""
    one = made.serve(first.port)
    other = msgspec.structs.replace(
        one,
        name="other",
        recipe_id="other",
        engine_id="o",
        port=second.port,
        upstream_model="other",
    )
    made.routes.replace(RouteTable.of([one, other]))
