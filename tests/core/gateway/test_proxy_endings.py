"""Every way for an answer to end before its end, and what everybody is told then."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.core.gateway.bench import CHAT, Bench, RawClient, bench, post
from tests.core.gateway.test_proxy import DONE, EVENTS
from tests.core.gateway.tiny_upstream import (
    STREAM_HEAD,
    Received,
    chunk,
    endless_stream,
    stream_answer,
    until,
    upstream,
)


async def dies_after(writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    """Begin a stream and break off."""
    writer.write(STREAM_HEAD + b"".join(map(chunk, pieces)))
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


async def test_a_client_that_leaves_a_stream_stops_the_work() -> None:
    """The upstream sees the hang-up at once; the record says who left."""
    async with upstream(endless_stream()) as server, bench() as made:
        made.serve(server.port)
        client = await RawClient.chat(made, stream=True)
        await client.reader.readuntil(b"data: {}")
        client.hang_up()
        await until(lambda: server.received[0].left)
        assert (await made.fact()).outcome == "client_gone"
        assert made.inflight.total == 0


async def test_a_client_that_leaves_before_any_answer_stops_the_work() -> None:
    """Without a stream as well, where no write would ever fail."""
    forever = asyncio.Event()

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        await forever.wait()

    async with upstream(answering) as server, bench() as made:
        made.serve(server.port)
        client = await RawClient.chat(made)
        await until(lambda: server.received)
        client.hang_up()
        await until(lambda: server.received[0].left)
        fact = await made.fact()
        assert (fact.outcome, fact.status) == ("client_gone", 499)


async def test_a_client_that_leaves_the_queue_is_forgotten() -> None:
    """Its wait in admission ends with it."""
    async with bench() as made:
        made.coming = asyncio.get_running_loop().create_future()
        client = await RawClient.chat(made)
        await until(lambda: made.admitted)
        client.hang_up()
        fact = await made.fact()
        assert (fact.outcome, fact.lane) == ("client_gone", "none")
        assert made.coming.cancelled()


async def test_a_stream_whose_upstream_dies_ends_with_an_error_event() -> None:
    """Whole events, then the error in the client's dialect, no [DONE]; never a silent end."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        await dies_after(writer, EVENTS[0], EVENTS[1][:20])

    async with upstream(answering) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made, {**CHAT, "stream": True})
        first, _, rest = answer.content.partition(b"\n\n")
        assert first + b"\n\n" == EVENTS[0]
        assert rest.startswith(b"data: {")
        assert json.loads(rest[6:])["error"]["code"] == "upstream_lost"
        assert b"[DONE]" not in rest
        assert (await made.fact()).outcome == "error"


async def test_an_anthropic_stream_breaks_in_anthropics_dialect() -> None:
    """`event: error`, `type: error`."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        await dies_after(writer, b'event: message_start\ndata: {"type":"message_start"}\n\n')

    async with upstream(answering) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made, {**CHAT, "stream": True}, path="/v1/messages")
        assert b"\n\nevent: error\ndata: " in answer.content
        assert json.loads(answer.content.rpartition(b"data: ")[2])["type"] == "error"


async def test_a_stream_that_ends_without_its_end_is_an_error_too() -> None:
    """An upstream that closes politely in the middle does not get away with it."""
    async with upstream(stream_answer(*EVENTS)) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made, {**CHAT, "stream": True})
        assert answer.content.startswith(b"".join(EVENTS))
        assert b'data: {"error"' in answer.content
        assert (await made.fact()).outcome == "error"


async def test_an_error_that_the_gateway_streams_is_recorded_as_one() -> None:
    """HTTP 200 notwithstanding; the false [DONE] behind it is dropped."""
    error = b'data: {"error":{"message":"engine died","code":"500"}}\n\n'
    async with upstream(stream_answer(EVENTS[0], error, DONE)) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made, {**CHAT, "stream": True})
        assert answer.content == EVENTS[0] + error
        assert (await made.fact()).outcome == "error"


async def test_a_whole_answer_that_breaks_off_is_a_502() -> None:
    """It was not begun towards the client, so it can still be told honestly."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        writer.write(b'content-length: 100\r\n\r\n{"half":')
        await writer.drain()
        writer.close()

    async with upstream(answering) as server, bench() as made:
        made.serve(server.port)
        answer = await post(made)
        assert answer.status_code == 502
        assert answer.json()["error"]["type"] == "server_error"
        assert (await made.fact()).outcome == "error"


async def test_a_huge_answer_that_breaks_off_is_never_a_short_success() -> None:
    """The connection is closed in the middle; no client takes that for an end."""

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n")
        writer.write(b"content-length: 5000000\r\n\r\n" + b"x" * 2_000_000)
        await writer.drain()
        writer.close()

    async with upstream(answering) as server, bench() as made:
        made.serve(server.port)
        with pytest.raises(httpx.RemoteProtocolError):
            await post(made, path="/v1/audio/speech")
        assert (await made.fact()).outcome == "error"


async def test_a_cancelled_request_ends_with_an_error_event() -> None:
    """By its id; the engine sees the hang-up, the record says cancelled (C87)."""
    async with upstream(endless_stream()) as server, bench() as made:
        made.serve(server.port)
        client = await RawClient.chat(made, stream=True)
        await client.reader.readuntil(b"data: {}")
        (ticket,) = made.inflight.running()
        assert made.inflight.cancel(ticket.request_id)
        rest = await client.reader.readuntil(b"0\r\n\r\n")
        assert b'"code":"cancelled"' in rest
        assert b"[DONE]" not in rest
        assert (await made.fact()).outcome == "cancelled"
        await until(lambda: server.received[0].left)
        client.hang_up()


async def test_a_request_that_waits_for_its_model_can_be_cancelled_too() -> None:
    """Its client is told so, in a way that it does not try again; nothing goes on for it (C87)."""
    async with bench() as made:
        made.coming = asyncio.get_running_loop().create_future()
        asking = asyncio.create_task(post(made))
        await until(lambda: made.admitted)
        (waiting,) = made.proxy.calls.all()
        assert (waiting.state, waiting.model, waiting.recipe_id) == ("waiting", "m", None)
        assert made.proxy.calls.cancel(waiting.request_id)
        answer = await asking
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "cancelled"
        assert answer.headers["x-should-retry"] == "false"
        fact = await made.fact()
        assert (fact.request_id, fact.outcome) == (waiting.request_id, "cancelled")
        assert made.coming.cancelled()
        assert made.proxy.calls.all() == ()
        assert not made.proxy.calls.cancel(waiting.request_id)


async def test_a_revoked_key_starts_nothing_more_and_loses_no_answer() -> None:
    """What waits is told 401; what is being answered runs to its end."""
    async with upstream(endless_stream()) as server, bench(key_id="k1") as made:
        made.serve(server.port)
        running = await RawClient.chat(made, stream=True)
        await running.reader.readuntil(b"data: {}")
        made.coming = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(post(made, {**CHAT, "model": "other"}))
        await until(lambda: made.admitted)
        assert [call.state for call in made.proxy.calls.all()] == ["running", "waiting"]
        assert made.proxy.calls.end_of_key("another") == 0
        assert made.proxy.calls.end_of_key("k1") == 1
        answer = await waiting
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "revoked")
        await running.reader.readuntil(b"data: {}")
        running.hang_up()
        await until(lambda: made.inflight.total == 0)


async def test_a_server_that_goes_down_says_so_to_whoever_it_still_serves() -> None:
    """Cancelled by the server itself, a request ends with a sentence and not with an empty 500."""
    made = Bench()
    made.coming = asyncio.get_running_loop().create_future()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        body = {"type": "http.request", "body": json.dumps(CHAT).encode()}
        return body if not made.admitted and not sent else await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}
    serving = asyncio.create_task(made(scope, receive, send))
    await until(lambda: made.admitted)
    serving.cancel("the server goes down")
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["error"]["code"] == "stopping"
    assert (await made.fact()).outcome == "cancelled"
    made.proxy.close()


async def test_a_forced_switch_cuts_what_runs() -> None:
    """Streaming or not, everybody is told."""
    async with upstream(endless_stream()) as server, bench() as made:
        made.serve(server.port)
        client = await RawClient.chat(made, stream=True)
        await client.reader.readuntil(b"data: {}")
        assert made.inflight.cut(["r"]) == 1
        assert await made.inflight.drained(["r"], timeout_s=60)
        assert b'"code":"cut"' in await client.reader.readuntil(b"0\r\n\r\n")
        client.hang_up()
