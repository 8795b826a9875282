"""The hot path over real sockets: what the client gets, what the gateway gets, what is recorded."""

import asyncio
import gzip
import itertools
import json
import time

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import EngineFailure
from core.gateway.errors import TooMany, WaitedTooLong
from core.gateway.routes import RouteTable
from core.recipes.recipe import Price
from tests.core.gateway.bench import CHAT, Bench, RawClient, bench, post
from tests.core.gateway.test_body import form
from tests.core.gateway.tiny_upstream import (
    STREAM_HEAD,
    Received,
    TinyUpstream,
    chunk,
    endless_stream,
    json_answer,
    nobody,
    stream_answer,
    until,
    upstream,
)

EVENTS = [
    b'data: {"choices":[{"delta":{"content":"tok%d"}}]}\n\n' % number for number in range(5)
] + [b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\n']
DONE = b"data: [DONE]\n\n"
COMPLETION = b'{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":5}}'


async def test_an_answer_comes_back_whole_and_is_recorded_once() -> None:
    """The plain case: status, body, headers, counts."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve(server.port, price=Price(input_per_million=1e6, output_per_million=2e6))
        answer = await post(made)
        assert (answer.status_code, answer.content) == (200, COMPLETION)
        assert answer.headers["x-studio-lane"] == "gateway"
        assert answer.headers["x-accel-buffering"] == "no"
        fact = await made.fact()
        assert answer.headers["x-request-id"] == fact.request_id
        assert (fact.outcome, fact.status, fact.model, fact.recipe_id) == ("ok", 200, "m", "r")
        assert (fact.prompt_tokens, fact.completion_tokens, fact.cost) == (3, 5, 13.0)
        assert fact.ttft_ms is not None
        assert made.inflight.total == 0


async def test_the_gateway_gets_our_key_and_never_the_clients() -> None:
    """Nor anything by which a client could steer LiteLLM (C15)."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve(server.port)
        sent = {
            "authorization": "Bearer client-secret", "x-api-key": "client-secret",
            "cookie": "a=b", "x-litellm-timeout": "1", "anthropic-version": "2023-06-01",
        }  # fmt: skip
        await post(made, headers=sent)
        got = server.received[0].headers
        assert got["authorization"] == "Bearer internal"
        assert "client-secret" not in str(got)
        assert not {"cookie", "x-litellm-timeout"} & set(got)
        assert got["anthropic-version"] == "2023-06-01"
        assert got["x-litellm-call-id"] == made.facts[0].request_id


async def test_an_alias_is_sent_on_under_the_public_name() -> None:
    """So the answer names what the recipe says; the record names what was asked (C04)."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve(server.port)
        await post(made, {**CHAT, "model": "alias", "big": 12345678901234567890123})
        sent = json.loads(server.received[0].body)
        assert sent == {**CHAT, "model": "m", "big": 12345678901234567890123}
        assert (await made.fact()).model == "alias"


async def test_path_and_query_survive() -> None:
    """As the client spelled them (C64)."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve(server.port)
        await post(made, path="/v1/chat/completions?a=%2Fb%20c&d")
        assert server.received[0].head == "POST /v1/chat/completions?a=%2Fb%20c&d HTTP/1.1"


async def test_a_stream_comes_piece_by_piece_and_not_at_its_end() -> None:
    """The first event is there while the upstream still holds the second back."""
    go_on = asyncio.Event()

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(EVENTS[0]))
        await writer.drain()
        await go_on.wait()
        writer.write(b"".join(map(chunk, [*EVENTS[1:], DONE])) + b"0\r\n\r\n")

    async with upstream(answering) as server, bench() as made:
        made.serve(server.port)
        async with (
            httpx.AsyncClient(timeout=60, verify=False) as client,
            client.stream(
                "POST", f"{made.url}/v1/chat/completions", json={**CHAT, "stream": True}
            ) as answer,
        ):
            pieces = answer.aiter_raw()
            assert await anext(pieces) == EVENTS[0]
            assert "x-litellm-model-api-base" not in answer.headers
            go_on.set()
            assert b"".join([piece async for piece in pieces]) == b"".join([*EVENTS[1:], DONE])
        fact = await made.fact()
        assert (fact.outcome, fact.stream, fact.completion_tokens) == ("ok", True, 5)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(min_value=1, max_value=400), max_size=10))
def test_the_clients_bytes_do_not_depend_on_how_upstream_writes(cuts: list[int]) -> None:
    """Through every socket and buffer there is, byte for byte."""
    stream = b"".join([*EVENTS, DONE])
    places = [0, *sorted({cut % len(stream) for cut in cuts} - {0}), len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(places)]

    async def scenario() -> None:
        async with upstream(stream_answer(*pieces)) as server, bench() as made:
            made.serve(server.port)
            answer = await post(made, {**CHAT, "stream": True})
            assert answer.content == stream
            assert (await made.fact()).completion_tokens == 5

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "status", ["400 Bad Request", "404 Not Found", "500 Internal Server Error"]
)
async def test_upstream_errors_pass_unchanged(status: str) -> None:
    """Status and body are the engine's; the record says failed (C66)."""
    body = b'{"error":{"message":"the engine says no"}}'
    async with upstream(json_answer(body, status)) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made)
        assert (answer.status_code, answer.content) == (int(status[:3]), body)
        assert (await made.fact()).outcome == "error"


async def test_nothing_is_loaded_for_a_path_that_its_engine_does_not_speak() -> None:
    """Refused before the wait; where the engine speaks it, the model is waited for. (404)"""
    async with bench() as made:
        made.engines["m"] = "transformers"
        answer = await post(made, {"model": "m", "prompt": "hi"}, "/v1/tokenize")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_path")
        assert made.admitted == []
        made.engines["m"] = "vllm"
        await post(made, {"model": "m", "prompt": "hi"}, "/v1/tokenize")
        assert made.admitted == ["m"]


async def test_messages_beside_a_prompt_are_refused_on_both_lanes() -> None:
    """As OpenAI does; vLLM would ignore them, and LiteLLM trips over them. (400)"""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        for serve in (made.serve, made.serve_directly):
            serve(server.port)
            answer = await post(made, {**CHAT, "prompt": "hi"}, "/v1/completions")
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == "messages"
        assert (await post(made, {**CHAT, "prompt": "hi"})).status_code == 200
        assert len(server.received) == 1


async def test_a_compressed_answer_stays_valid() -> None:
    """Content-Encoding comes back with it (C63)."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        body = gzip.compress(COMPLETION)
        head = f"content-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        writer.write(head.encode() + body)

    async with upstream(answering) as server, bench() as made:
        made.serve(server.port)
        assert (await post(made)).json()["model"] == "m"


async def test_an_upload_is_routed_by_its_field_with_the_file_intact() -> None:
    """The length is right after the model was renamed (C61)."""
    file = bytes(range(256)) * 2000
    data = form(("file@", file), ("model", b"alias"))
    async with upstream(json_answer(b"{}")) as server, bench() as made:
        made.serve(server.port)
        kind = {"content-type": "multipart/form-data; boundary=XX"}
        answer = await post(made, data, "/v1/audio/transcriptions", headers=kind)
        assert answer.status_code == 200
        assert server.received[0].body == form(("file@", file), ("model", b"m"))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing", "/sleep", "/wake_up", "/collective_rpc", "/reset_prefix_cache",
        "/v1/load_lora_adapter", "/v1/chat/completions/", "/v1/chat/../models", "/model/new",
        "/_studio/routing", "/v1/chat%2Fcompletions",
    ],
)  # fmt: skip
async def test_unknown_and_admin_paths_reach_nobody(path: str) -> None:
    """404 in JSON, and the engine gets nothing (C09, C10)."""
    async with upstream(json_answer(b"{}")) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made, path=path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "unknown_path"
        assert server.received == []
        assert (await made.fact()).outcome == "rejected"


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
async def test_an_answer_says_its_id_as_the_clients_of_its_dialect_read_it(path: str) -> None:
    """OpenAI's read `x-request-id`, Anthropic's `request-id`; also of a refusal."""
    async with upstream(json_answer(b"{}")) as server, bench() as made:
        made.serve(server.port)
        for body in ({"model": "m", "messages": []}, {"model": "none", "messages": []}, {}):
            answer = await post(made, body, path)
            request_id = (await made.fact()).request_id
            made.facts.clear()
            assert answer.headers["x-request-id"] == request_id
            theirs = request_id if path == "/v1/messages" else None
            assert answer.headers.get("request-id") == theirs


async def test_a_path_without_end_is_not_written_down_whole() -> None:
    """Records are for ever, and anybody may ask for anything."""
    async with bench() as made:
        await post(made, path="/v1/" + "x" * 10_000)
        fact = await made.fact()
        assert (fact.outcome, fact.path) == ("rejected", "/v1/" + "x" * 196)


async def test_another_verb_is_told_which_one_is_right() -> None:
    """405 with Allow."""
    async with bench() as made, httpx.AsyncClient(verify=False) as client:
        answer = await client.get(f"{made.url}/v1/chat/completions")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_an_unknown_model_is_a_404_with_its_name() -> None:
    """In the dialect of the path (C05)."""
    async with bench() as made:
        answer = await post(made, {**CHAT, "model": "gpt-9"})
        assert answer.status_code == 404
        assert "gpt-9" in answer.json()["error"]["message"]
        told = await post(made, {**CHAT, "model": "gpt-9"}, "/v1/messages")
        assert told.json()["error"]["type"] == "not_found_error"
        assert [fact.outcome for fact in made.facts] == ["rejected", "rejected"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"not json", 400), (b"{}", 400), (b'{"model":"m","api_base":"http://evil"}', 400)],
)
async def test_a_malformed_request_is_refused_before_anything_starts(
    body: bytes, status: int
) -> None:
    """A sentence, and no engine is asked."""
    async with upstream(json_answer(b"{}")) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made, body)
        assert answer.status_code == status
        assert made.admitted == []
        assert server.received == []


async def test_a_body_too_large_is_refused_by_its_announcement_or_by_its_size() -> None:
    """With or without a Content-Length."""

    async def pieces() -> "asyncio.AsyncIterator[bytes]":  # type: ignore[name-defined]
        for _ in range(30):
            yield b"x" * 100

    async with bench(max_body=1000) as made, httpx.AsyncClient(verify=False) as client:
        url = f"{made.url}/v1/chat/completions"
        announced = await client.post(url, content=b"x" * 2000)
        streamed = await client.post(url, content=pieces())
        assert [announced.status_code, streamed.status_code] == [413, 413]


async def test_a_request_for_a_model_that_is_coming_waits_and_is_served() -> None:
    """The wait is on record."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.coming = asyncio.get_running_loop().create_future()
        request = asyncio.create_task(post(made))
        await until(lambda: made.admitted)
        began = time.monotonic()
        await asyncio.sleep(0.05)
        waited_ms = (time.monotonic() - began) * 1000
        made.coming.set_result(made.serve(server.port))
        assert (await request).status_code == 200
        fact = await made.fact()
        assert fact.duration_ms >= fact.wait_ms >= int(waited_ms) > 0


async def test_nothing_is_loaded_for_a_request_that_forbids_it() -> None:
    """It is answered by what is in memory, or told at once that nothing is."""
    never = {"x-studio-load": "never"}
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        refused = await post(made, headers=never)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not-resident")
        assert made.admitted == []
        unknown = await post(made, headers={"x-studio-load": "maybe"})
        assert unknown.status_code == 400
        made.serve(server.port)
        assert (await post(made, headers=never)).status_code == 200
        assert made.admitted == []


async def test_a_route_withdrawn_in_the_last_moment_is_not_used() -> None:
    """Between admission and sending nobody is sent to an engine that is being stopped (C40)."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        gone = made.serve(1)
        made.routes.replace(RouteTable({}))
        made.coming = asyncio.get_running_loop().create_future()
        made.coming.set_result(gone)
        request = asyncio.create_task(post(made))
        await until(lambda: len(made.admitted) >= 3)
        made.coming = asyncio.get_running_loop().create_future()
        made.coming.set_result(made.serve(server.port))
        assert (await request).status_code == 200
        assert len(server.received) == 1


@pytest.mark.parametrize(
    ("refusal", "status", "outcome"),
    [
        (EngineFailure("m ended", exit_code=1, lines=("out of memory",)), 502, "error"),
        (WaitedTooLong("m took too long"), 504, "timeout"),
        (TooMany("enough"), 429, "rejected"),
    ],
)
async def test_a_failed_wait_is_told_and_recorded(
    refusal: EngineFailure, status: int, outcome: str
) -> None:
    """In the client's dialect, once."""
    async with bench() as made:
        made.refusal = refusal
        answer = await post(made)
        assert answer.status_code == status
        fact = await made.fact()
        assert (fact.outcome, fact.status, fact.lane) == (outcome, status, "none")


async def test_a_recipes_limit_refuses_with_retry_after() -> None:
    """One more than the recipe serves at once (C24)."""
    async with upstream(endless_stream()) as server, bench() as made:
        made.serve(server.port, concurrency=1)
        first = await RawClient.chat(made, stream=True)
        await first.reader.readuntil(b"data: {}")
        answer = await post(made, {**CHAT, "stream": True})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        first.hang_up()


async def test_a_request_waits_for_a_gateway_that_is_restarting() -> None:
    """Nobody took it yet, so it is sent when the gateway is back."""
    with nobody() as port:
        async with bench() as made:
            server = TinyUpstream(json_answer(COMPLETION))
            server.port = port
            made.serve(port)
            request = asyncio.create_task(post(made))
            await asyncio.sleep(0.1)
            async with server:
                assert (await request).status_code == 200
            assert (await made.fact()).outcome == "ok"


async def test_a_gateway_that_never_comes_back_is_a_timeout() -> None:
    """The wait for it is part of the request's bound."""
    async with bench(wait_s=0.3) as made:
        made.serve(1)
        answer = await post(made)
        assert answer.status_code == 504
        assert (await made.fact()).outcome == "timeout"


async def test_a_restarted_gateway_is_not_used_before_it_is_routed() -> None:
    """The port may be open before the models are known."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve(server.port)
        made.gateway_is_ready.clear()
        request = asyncio.create_task(post(made))
        await asyncio.sleep(0.05)
        assert server.received == []
        made.gateway_is_ready.set()
        assert (await request).status_code == 200


async def test_a_hundred_requests_leave_nothing_behind() -> None:
    """One record each, nobody in flight, no connection per request."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve(server.port)
        async with httpx.AsyncClient(timeout=60, verify=False) as client:
            url = f"{made.url}/v1/chat/completions"
            answers = await asyncio.gather(*(client.post(url, json=CHAT) for _ in range(100)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({fact.request_id for fact in made.facts}) == len(made.facts) == 100
        assert made.inflight.total == 0
        assert server.connections <= 100


def test_the_record_can_be_written() -> None:
    """A fact of any request is plain data."""

    async def scenario(made: Bench) -> None:
        await post(made, {**CHAT, "model": "nope"})

    async def main() -> bytes:
        async with bench() as made:
            await scenario(made)
            return msgspec.json.encode(made.facts[0])

    assert b'"type":"request-finished"' in asyncio.run(main())
