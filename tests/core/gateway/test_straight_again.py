"""Clients that ask with one head again and again: by both ways, and read only when they must be."""

import asyncio
from typing import Any

import pytest

from core.http_protocol import STRANGE, StudioProtocol
from tests.core.gateway.bench import Bench
from tests.core.gateway.both_ways import COMPLETION, Client, Gate, both, warm, wire
from tests.core.gateway.tiny_upstream import TinyUpstream, json_answer, until

ANSWER = json_answer(COMPLETION)


class Reading:
    """Counts the requests that were read by httptools."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        begin = StudioProtocol.on_message_begin

        def counted(protocol: StudioProtocol) -> None:
            self.count += 1
            begin(protocol)

        monkeypatch.setattr(StudioProtocol, "on_message_begin", counted)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    """From now on."""
    return Reading(monkeypatch)


async def asked(client: Client, *wires: bytes) -> list[Any]:
    """One after the other, on one connection."""
    told = []
    for one in wires:
        await client.asks(one)
        told.append(await client.hears())
    return told


SAME = [wire(user="x" * n) for n in (3, 1, 400, 70_000, 5)]


@pytest.mark.parametrize("lane", ["direct", "gateway"])
async def test_a_head_that_is_said_again_is_answered_the_same(lane: str) -> None:
    """With bodies of any length; head and body reach the engine as if each had been the first."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        return await asked(await Client.to(made), *SAME)

    told, facts = await both(scenario, ANSWER, straight=5, lane=lane, key_id="k", gate=Gate)
    assert [body for _, body, _ in told] == [COMPLETION] * 5
    assert len(facts) == 5


async def test_it_is_read_twice_and_then_known(reading: Reading) -> None:
    """The first is one that may never come again."""
    async with warm(ANSWER, straight=True) as (made, _):
        client, before = await Client.to(made), reading.count
        await asked(client, *(wire(user="x" * n) for n in range(9)))
        assert (made.went_straight, reading.count - before) == (9, 2)


OTHERS = {
    "another path": wire(path="/v1/completions", prompt="x", messages=None),
    "another query": wire(path="/v1/chat/completions?x=y"),
    "another header": wire(headers=("x-studio-ttl: 60",)),
    "one that is refused": wire(headers=("x-studio-lane: sideways",)),
    "no body to speak of": wire(b"nonsense"),
    "HTTP/1.0": wire(first="POST /v1/chat/completions HTTP/1.0"),
    "the last": wire(headers=("connection: close",)),
}


LAST = ("HTTP/1.0", "the last")  # after which the connection is closed


@pytest.mark.parametrize("other", OTHERS)
async def test_another_head_between_is_what_it_is(other: str) -> None:
    """And what was known before is known again after it."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        told = await asked(client, wire(), wire(), wire(), OTHERS[other])
        return told + (await asked(client, wire(), wire()) if other not in LAST else [])

    strange = {"one that is refused", "no body to speak of", "HTTP/1.0", "another path"}
    both_ways = 3 + (other not in strange) + 2 * (other not in LAST)
    await both(scenario, ANSWER, straight=both_ways)


async def test_a_body_that_comes_later_is_waited_for() -> None:
    """The same head, but not all of its body yet; or more than that."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        told = await asked(client, wire(), wire(), wire())
        await client.asks(wire(), [-9, -3])
        told.append(await client.hears())
        await client.asks(wire() + wire() + wire()[:40])
        told += [await client.hears(), await client.hears()]
        await client.asks(wire()[40:])
        return [*told, await client.hears()]

    async with warm(ANSWER, straight=True) as (made, engine):
        straight = await scenario(made, engine)
    async with warm(ANSWER, straight=False) as (made, engine):
        long = await scenario(made, engine)
    assert [body for _, body, _ in straight] == [body for _, body, _ in long]


async def test_who_asks_ahead_with_the_same_head_waits_its_turn() -> None:
    """It is served when the one before has its answer, as any other."""
    go_on = asyncio.Event()

    async def answer(received: Any, writer: asyncio.StreamWriter) -> None:
        if b"slow" in received.body:
            await go_on.wait()
        await ANSWER(received, writer)

    async with warm(answer, straight=True) as (made, engine):
        client = await Client.to(made)
        await asked(client, wire(), wire(), wire())
        await client.asks(wire(user="slow"))
        await until(lambda: made.inflight.total == 1)
        await client.asks(wire(user="next"))
        go_on.set()
        assert (await client.hears())[1:] == (COMPLETION, True)
        assert (await client.hears())[1:] == (COMPLETION, True)
        await until(lambda: len(made.facts) == 5)
        assert b"next" in engine.received[-1].body


async def test_a_route_that_moved_is_where_the_same_head_goes() -> None:
    """What was written for the engine before is not sent to another."""
    async with warm(ANSWER, straight=True) as (made, engine):
        client = await Client.to(made)
        await asked(client, wire(), wire(), wire())
        first = engine.received[-1].headers
        made.serve_directly(engine.port, gateway_port=engine.port, lane="gateway")
        await asked(client, wire(), wire())
        then = engine.received[-1].headers
        assert "x-litellm-call-id" not in first
        assert "x-litellm-call-id" in then
        assert (first["authorization"], then["authorization"]) == (
            "Bearer engine",
            "Bearer internal",
        )


async def test_heads_that_all_differ_are_not_remembered_for_ever(reading: Reading) -> None:
    """A trace of its own in each: looking for what never comes again has an end."""
    async with warm(ANSWER, straight=True) as (made, _):
        client = await Client.to(made)
        traced = (wire(headers=(f"traceparent: {n}",)) for n in range(STRANGE + 3))
        await asked(client, *traced)
        assert made.went_straight == STRANGE + 3
        (connection,) = (c for c in made.connections() if c.number == STRANGE + 3)
        assert connection._said.body(wire(headers=(f"traceparent: {STRANGE}",))) is not None


async def test_a_head_that_comes_after_many_others_is_remembered_too(reading: Reading) -> None:
    """As long as some of those came again: a client may change its ways."""
    async with warm(ANSWER, straight=True) as (made, _):
        client, before = await Client.to(made), reading.count
        kinds = [wire(headers=(f"user-agent: {n}",)) for n in range(STRANGE + 3)]
        await asked(client, *(kind for kind in kinds for _ in range(3)))
        assert reading.count - before == len(kinds) + 1  # the very first is not remembered
