"""Answers from the cache and shared flights, over real sockets: what clients and the record say."""

import asyncio

from core.gateway.cache import CachePolicy
from events.facts.usage import RequestFinished
from tests.core.gateway.bench import CHAT, Bench, RawClient, bench, post
from tests.core.gateway.cache.parts import answers
from tests.core.gateway.test_proxy import COMPLETION, DONE, EVENTS
from tests.core.gateway.tiny_upstream import (
    LAST_CHUNK,
    STREAM_HEAD,
    Received,
    chunk,
    json_answer,
    stream_answer,
    until,
    upstream,
)

BOTH = CachePolicy(cache=True, ttl_s=60.0, single_flight=True)
GREEDY = {**CHAT, "temperature": 0}


class Held:
    """An upstream that streams, and stops after its first event until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, received: Received, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        writer.write(STREAM_HEAD + chunk(EVENTS[0]))
        await writer.drain()
        await self.go_on.wait()
        writer.write(b"".join(map(chunk, [*EVENTS[1:], DONE])) + LAST_CHUNK)


async def records(made: Bench, count: int) -> list[RequestFinished]:
    """So many, and not one more."""
    await until(lambda: len(made.facts) >= count)
    await asyncio.sleep(0.02)
    assert len(made.facts) == count
    return made.facts


async def test_a_hit_needs_no_engine_and_is_recorded_as_one() -> None:
    """The model may be gone: same bytes, the answer's tokens, no cost, no lane."""
    async with upstream(json_answer(COMPLETION)) as server, bench(cache=answers(BOTH)) as made:
        made.serve(server.port)
        first = await post(made, GREEDY)
        await server.die()
        again = await post(made, {"temperature": 0, **CHAT})
        assert (again.status_code, again.content) == (200, COMPLETION)
        assert [a.headers["x-studio-cache"] for a in (first, again)] == ["miss", "hit"]
        assert first.headers["content-type"] == again.headers["content-type"]
        assert first.headers["x-request-id"] != again.headers["x-request-id"]
        own, hit = await records(made, 2)
        assert (own.cache, own.lane, own.outcome) == ("", "gateway", "ok")
        assert (hit.cache, hit.lane, hit.outcome, hit.cost) == ("hit", "none", "ok", 0.0)
        assert (hit.prompt_tokens, hit.completion_tokens) == (3, 5)


async def test_a_streaming_hit_is_the_same_stream() -> None:
    """Byte for byte, to its last event."""
    answering = stream_answer(*EVENTS, DONE)
    async with upstream(answering) as server, bench(cache=answers(BOTH)) as made:
        made.serve(server.port)
        asked = {**CHAT, "stream": True}
        first, again = await post(made, asked), await post(made, asked)
        assert first.content == again.content == b"".join([*EVENTS, DONE])
        assert again.headers["x-studio-cache"] == "hit"
        assert again.headers["content-type"].startswith("text/event-stream")
        assert len(server.received) == 1


async def test_a_stream_that_says_it_failed_is_not_kept() -> None:
    """Though it ended as streams end."""
    error = b'data: {"error":{"message":"out of memory","code":500}}\n\n'
    answering = stream_answer(EVENTS[0], error, DONE)
    async with upstream(answering) as server, bench(cache=answers(BOTH)) as made:
        made.serve(server.port)
        for _ in range(2):
            answer = await post(made, {**GREEDY, "stream": True})
            assert answer.headers["x-studio-cache"] == "miss"
        assert len(server.received) == 2


async def test_one_exchange_answers_all_and_the_first_may_leave() -> None:
    """One call to the engine, one record each; whoever began it is charged, though it left."""
    held = Held()
    async with upstream(held) as server, bench(cache=answers(BOTH)) as made:
        made.serve(server.port)
        first = await RawClient.chat(made, temperature=0, stream=True)
        await first.reader.readuntil(EVENTS[0])
        others = [asyncio.create_task(post(made, {**GREEDY, "stream": True})) for _ in range(3)]
        await until(lambda: len(made.proxy.calls.all()) == 4)
        first.hang_up()
        await until(lambda: len(made.proxy.calls.all()) == 3)
        assert not server.received[0].left
        held.go_on.set()
        for answer in await asyncio.gather(*others):
            assert answer.content == b"".join([*EVENTS, DONE])
            assert answer.headers["x-studio-cache"] == "joined"
        told = await records(made, 4)
        assert sorted(fact.cache for fact in told) == ["", "joined", "joined", "joined"]
        (own,) = (fact for fact in told if not fact.cache)
        assert (own.outcome, own.completion_tokens) == ("client_gone", 5)
        joined = next(fact for fact in told if fact.cache)
        assert (joined.outcome, joined.completion_tokens, joined.cost) == ("ok", 5, 0.0)
        assert len(server.received) == 1
        assert made.inflight.total == 0


async def test_when_all_have_left_the_engine_is_told_at_once() -> None:
    """And nothing of the exchange stays."""
    held = Held()
    async with upstream(held) as server, bench(cache=answers(BOTH)) as made:
        made.serve(server.port)
        pair = [await RawClient.chat(made, temperature=0, stream=True) for _ in range(2)]
        for client in pair:
            await client.reader.readuntil(EVENTS[0])
        for client in pair:
            client.hang_up()
        await until(lambda: server.received[0].left)
        told = await records(made, 2)
        assert {fact.outcome for fact in told} == {"client_gone"}
        assert len(server.received) == 1
        assert made.inflight.total == 0


async def test_a_cut_ends_every_reader_with_the_same_word() -> None:
    """A switch needs the room: nobody is left hanging."""
    held = Held()
    async with upstream(held) as server, bench(cache=answers(BOTH)) as made:
        made.serve(server.port)
        pair = [await RawClient.chat(made, temperature=0, stream=True) for _ in range(2)]
        for client in pair:
            await client.reader.readuntil(EVENTS[0])
        made.inflight.end_all()
        for client in pair:
            rest = await client.reader.readuntil(b"0\r\n\r\n")
            assert b"error" in rest
            assert DONE not in rest
            client.hang_up()
        told = await records(made, 2)
        assert {fact.outcome for fact in told} == {"cancelled"}
        assert made.inflight.total == 0


async def test_cancelling_one_reader_by_its_id_leaves_the_other() -> None:
    """It was that request which was meant."""
    held = Held()
    async with upstream(held) as server, bench(cache=answers(BOTH)) as made:
        made.serve(server.port)
        first = asyncio.create_task(post(made, {**GREEDY, "stream": True}))
        await until(lambda: server.received)
        second = asyncio.create_task(post(made, {**GREEDY, "stream": True}))
        await until(lambda: len(made.proxy.calls.all()) == 2)
        made.proxy.calls.cancel(made.proxy.calls.all()[0].request_id)
        cancelled = await first
        held.go_on.set()
        whole = await second
        assert whole.content == b"".join([*EVENTS, DONE])
        assert DONE not in cancelled.content
        told = await records(made, 2)
        assert sorted(fact.outcome for fact in told) == ["cancelled", "ok"]
