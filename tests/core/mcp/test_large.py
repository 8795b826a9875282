"""Answers over HTTP that are large, packed, or come in pieces."""

import gzip
import json
import random
import zlib
from collections.abc import AsyncIterator, Callable, Iterable

import httpx2
import pytest

from core.mcp import large
from core.mcp.large import Events, made_small
from core.mcp.shrinking import LARGE, LEFT_OUT, MOST_TEXT

BIG = {"jsonrpc": "2.0", "id": 7, "result": {"content": [{"type": "text", "text": "y" * LARGE}]}}

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


class Pieces(httpx2.AsyncByteStream):
    """What a server sends."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def in_pieces(data: bytes, seed: int) -> Iterable[bytes]:
    """However a network cuts it."""
    chance = random.Random(seed)
    while data:
        size = chance.choice((1, 2, 3, 50, 60_000))
        yield data[:size]
        data = data[size:]


async def read(kind: str, body: bytes, packed: str = "") -> bytes:
    """An answer, as the SDK reads it."""
    headers = {"content-type": kind} | ({"content-encoding": packed} if packed else {})
    response = httpx2.Response(200, headers=headers, stream=Pieces([body[:100], body[100:]]))
    made_small(response)
    return await response.aread()


@pytest.mark.parametrize("packed", ["", "gzip", "deflate"])
async def test_a_large_document_is_cut_and_says_how_much(packed: str) -> None:
    """However it comes."""
    pack = PACKERS[packed]
    body = json.dumps(BIG).encode()
    got = json.loads(await read("application/json; charset=utf-8", pack(body), packed))
    assert got["id"] == 7
    assert len(got["result"]["content"][0]["text"]) == MOST_TEXT
    assert got["result"]["_meta"][LEFT_OUT] == LARGE - MOST_TEXT


@pytest.mark.parametrize("packed", ["", "gzip", "deflate"])
async def test_a_small_document_comes_as_it_was(packed: str) -> None:
    """And what is no JSON is left to whoever can say so."""
    pack = PACKERS[packed]
    for body in (b'{"id": 1 }', b"", b"<html>" + b"x" * LARGE):
        assert await read("application/json", pack(body), packed) == body


@pytest.mark.parametrize("packed", ["", "gzip"])
async def test_what_is_too_large_is_not_taken(packed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what only gets so large when it is unpacked; nor what is packed in another way."""
    monkeypatch.setattr(large, "MOST", 1000)
    body = b'"' + b"x" * 5000 + b'"'
    with pytest.raises(httpx2.StreamError, match="more than"):
        await read("application/json", gzip.compress(body) if packed else body, packed)
    with pytest.raises(httpx2.StreamError, match="packed"):
        await read("application/json", b"x", "br")
    with pytest.raises(httpx2.StreamError, match="unpacked"):
        await read("application/json", b"x" * 9, "gzip")


async def test_what_the_sdk_takes_for_a_message_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at how a kind begins."""
    monkeypatch.setattr(large, "MOST", 1000)
    with pytest.raises(httpx2.StreamError, match="more than"):
        await read("application/json-rpc", b'"' + b"x" * 5000 + b'"')


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "text/html"),
        (401, "text/event-stream"),
        (307, "text/event-stream"),
        (200, "text/plain"),
    ],
)
async def test_what_is_no_message_is_not_read(status: int, kind: str) -> None:
    """Without an end it would fill the memory before a redirect, or a renewed token, is tried."""
    refusal = Pieces(b"x" * 1000 for _ in range(10_000))
    response = httpx2.Response(status, headers={"content-type": kind}, stream=refusal)
    made_small(response)
    assert await response.aread() == b""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("seed", range(5))
async def test_events_come_as_they_were_but_for_those_that_are_large(end: str, seed: int) -> None:
    """In their order, with what stands beside their data, wherever the network cuts them."""
    small = ["id: 8", "event: message", 'data: {"id": 8,', 'data:  "x": 1}']
    before = end.join(("retry: 5", "", ": ping", "", *small, "", "")).encode()
    huge = end.join(("id: 9", "event: message", f"data: {json.dumps(BIG)}", "", "")).encode()
    rest = f"data: cut o{end}".encode()
    stream = Events(Pieces(in_pieces(before + huge + before + rest, seed)))
    got = b"".join([piece async for piece in stream])
    assert got.startswith(before)
    assert got.endswith(before + rest)
    lines = got[len(before) : -len(before + rest)].decode().split("\n")
    assert lines[:2] == ["id: 9", "event: message"]
    message = json.loads(lines[2].removeprefix("data: "))
    assert len(message["result"]["content"][0]["text"]) == MOST_TEXT
    assert lines[3:] == ["", ""]


async def test_events_that_never_end_are_handed_on_and_not_hoarded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK ends such a stream."""
    monkeypatch.setattr(large, "MOST", 1000)
    pieces = [b"data: " + b"x" * 400] * 4
    got = [piece async for piece in Events(Pieces(pieces))]
    assert max(map(len, got)) <= 1300
    assert b"".join(got) == b"".join(pieces)
