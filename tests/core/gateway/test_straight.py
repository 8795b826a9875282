"""What goes straight, and what goes the long way, can not be told apart: both are tried and held
against each other, byte for byte and fact for fact.
"""

import asyncio
import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import http_protocol
from core.gateway.body import Filter
from core.recipes.recipe import Price
from tests.core.gateway.bench import CHAT, Bench
from tests.core.gateway.both_ways import (
    ANSWERS,
    COMPLETION,
    COUNTS,
    DONE,
    JSON,
    LANES,
    REQUESTS,
    SAID,
    Client,
    Gate,
    asking,
    both,
    headed,
    raw,
    warmed,
    wire,
)
from tests.core.gateway.tiny_upstream import LAST_CHUNK, STREAM_HEAD, TinyUpstream, chunk, until


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("request_", ["plain", "stream and close"])
async def test_every_answer_comes_back_the_same(request_: str, lane: str) -> None:
    """Whole, failed, torn, compressed, without a length, …"""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        told = []
        for name, answering in ANSWERS.items():
            await warmed(made, engine, answering)
            told.append((name, await asking(REQUESTS[request_])(made, engine)))
        return told

    await both(scenario, ANSWERS["json"], straight=len(ANSWERS), lane=lane)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("filtered", [False, True])
async def test_every_request_goes_on_the_same(filtered: bool, lane: str) -> None:
    """And its answer is told the same, and recorded."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        return [(name, await asking(REQUESTS[name])(made, engine)) for name in REQUESTS]

    price = Price(input_per_million=1e6, output_per_million=2e6)
    through = Filter.of(["big"], {"temperature": 0})
    more: dict[str, Any] = {"filter": through, "price": price} if filtered else {}
    await both(scenario, ANSWERS["json"], straight=len(REQUESTS), lane=lane, **more)


async def test_what_it_looks_like() -> None:
    """One of these answers, for people."""
    (head, body, _), (fact,) = await both(asking(wire()), ANSWERS["json"], key_id="k", gate=Gate)
    assert head == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 63\r\n"
        b"x-request-id: ID\r\nx-accel-buffering: no\r\nx-ratelimit-remaining-requests: 998\r\n"
        b"x-studio-lane: direct\r\n\r\n"
    )
    assert body == COMPLETION
    assert (fact.outcome, fact.lane, fact.actor) == ("ok", "direct", "key:k")


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    request_cuts=st.lists(st.integers(min_value=1), max_size=4),
    answer_cuts=st.lists(st.integers(min_value=1), max_size=6),
    stream=st.booleans(),
    lane=st.sampled_from(LANES),
)
def test_it_does_not_matter_how_bytes_are_cut(
    request_cuts: list[int], answer_cuts: list[int], stream: bool, lane: str
) -> None:
    """Neither the client's nor the engine's."""
    events = STREAM_HEAD + b"".join(map(chunk, (SAID, SAID, COUNTS, DONE))) + LAST_CHUNK
    whole = events if stream else headed(COMPLETION, JSON)
    places = [0, *sorted({cut % len(whole) for cut in answer_cuts}), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(places) if b > a]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_protocol, "GATHERS_S", 3600.0)  # however slow this machine is just now
        (_, body, ended), (fact,) = asyncio.run(
            both(asking(wire(stream=stream), request_cuts), raw(*pieces), lane=lane)
        )
    counts = COUNTS if lane == "gateway" else b""  # which on the direct lane we asked for
    assert (body, ended) == ((SAID + SAID + counts + DONE) if stream else COMPLETION, True)
    assert (fact.prompt_tokens, fact.completion_tokens) == (3, 1 if stream else 5)


# ---- what does not go straight ------------------------------------------------------------------


CHUNKED = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    + chunk(json.dumps(CHAT).encode())
    + LAST_CHUNK
)


@pytest.mark.parametrize(
    ("request_", "straight"),
    [
        (CHUNKED, 1),
        (wire(first="POST /v1/chat/completions HTTP/1.0"), 0),
        (wire(first="GET /v1/chat/completions HTTP/1.1"), 0),
        (wire(headers=("Expect: 100-continue",)), 0),
        (wire(path="/v1/chat%2Fcompletions"), 0),
        (wire(path="/v1/audio/transcriptions"), 0),
        (wire(path="/v1/chat/completions#x"), 0),
        (wire(b"nonsense"), 0),
        (wire(api_base="http://x"), 0),
        (wire(model="forbidden"), 0),
        (wire(model=""), 0),
        (wire(headers=("x-studio-lane: sideways",)), 0),
        (wire(headers=("x-studio-ttl: soon",)), 0),
        (wire(thinking={}), 0),
        (wire(user="x" * 300_000), 0),
        (wire(user="x" * 2_000_000), 0),
        (b"", 0),
    ],
)
async def test_what_is_not_so_simple_goes_the_long_way(request_: bytes, straight: int) -> None:
    """As if nothing had been."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        await client.asks(request_ or wire()[:-9])
        if not request_:  # it leaves while it still sends
            await asyncio.sleep(0.05)
            client.leaves()
            await until(lambda: made.facts)
            return None
        told = await client.hears()
        client.leaves()
        return told

    await both(
        scenario,
        ANSWERS["json"],
        straight=straight,
        gate=lambda: Gate(forbids="forbidden"),
        key_id="k",
        max_body=1_000_000,
    )
