"""Engines and clients that keep to the letter of HTTP and no further."""

from typing import Any

import pytest

from tests.core.gateway.bench import Bench
from tests.core.gateway.both_ways import (
    COMPLETION,
    COUNTS,
    DONE,
    JSON,
    LANES,
    SAID,
    Client,
    asking,
    both,
    headed,
    raw,
    warm,
    wire,
)
from tests.core.gateway.tiny_upstream import (
    LAST_CHUNK,
    STREAM_HEAD,
    TinyUpstream,
    chunk,
    json_answer,
)

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"
ANNOUNCED = b"HTTP/1.1 102 Processing\r\nx-step: 1\r\n\r\n"


@pytest.mark.parametrize("lane", LANES)
async def test_an_engine_that_says_one_byte_at_a_time(lane: str) -> None:
    """Its head, the frames of its chunks, its events: all of it is put together again."""
    answer = STREAM_HEAD + b"".join(map(chunk, (SAID, COUNTS, DONE))) + LAST_CHUNK
    pieces = [answer[at : at + 1] for at in range(len(answer))]
    (_, body, whole), (fact,) = await both(asking(wire(stream=True)), raw(*pieces), lane=lane)
    assert (body, whole) == (SAID + (COUNTS if lane == "gateway" else b"") + DONE, True)
    assert (fact.prompt_tokens, fact.completion_tokens) == (3, 1)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("answer", [SWITCHING, SWITCHING + b"\x00\x00", ANNOUNCED * 8000])
async def test_an_engine_that_never_comes_to_its_answer(answer: bytes, lane: str) -> None:
    """It changes the protocol, which nobody asked for, or announces without end: a 502."""
    more: dict[str, Any] = {"direct": None} if lane == "gateway" else {}
    (head, _, _), (fact,) = await both(asking(wire()), raw(answer), lane=lane, **more)
    assert head.startswith(b"HTTP/1.1 502 ")
    assert fact.outcome == "error"


async def test_an_engine_that_announces_often_and_then_answers() -> None:
    """What it announced is not passed on, and counts for nothing."""
    (head, body, _), _ = await both(asking(wire()), raw(ANNOUNCED * 100 + headed(COMPLETION, JSON)))
    assert (head[:13], body) == (b"HTTP/1.1 200 ", COMPLETION)
    assert b"x-step" not in head


@pytest.mark.parametrize("verb", ["HEAD", "OPTIONS", "PUT", "TRACE"])
async def test_another_verb_is_refused_and_the_connection_goes_on(verb: str) -> None:
    """Nobody is asked; to HEAD not a byte of a body comes, or the next answer would be misread."""

    async def scenario(made: Bench, engine: TinyUpstream) -> tuple[bytes, bytes]:
        client = await Client.to(made)
        await client.asks(f"{verb} /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await client.reader.readuntil(b"\r\n\r\n")
        if verb != "HEAD":
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await client.reader.readexactly(int(length))
        await client.asks(wire())
        _, body, _ = await client.hears()
        client.leaves()
        return head, body

    (head, body), (refused, served) = await both(scenario, json_answer(COMPLETION))
    assert head.startswith(b"HTTP/1.1 405 ")
    assert b"allow: POST" in head
    assert body == COMPLETION
    assert (refused.outcome, served.outcome) == ("rejected", "ok")


async def test_a_client_that_offers_another_protocol_is_served_in_this_one() -> None:
    """As Java's client does with every POST."""
    async with warm(json_answer(COMPLETION), straight=True) as (made, engine):
        client = await Client.to(made)
        offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA")
        for _ in range(2):
            await client.asks(wire(headers=offer))
            assert (await client.hears())[1] == COMPLETION
        assert [len(got.body) for got in engine.received] == [len(engine.received[0].body)] * 2
        assert made.went_straight == 2
