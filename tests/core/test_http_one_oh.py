"""HTTP/1.0 as old clients and proxies speak it: no chunks, and the connection's end is the end."""

from pathlib import Path
from typing import Any

import pytest

from tests.core.test_http_bounds import House, serving, told

ASKED = b"POST /v1/chat/completions HTTP/1.0\r\nhost: x\r\ncontent-length: 2\r\n"


@pytest.mark.parametrize("more", [b"", b"connection: keep-alive\r\n"])
async def test_an_answer_of_unknown_length_comes_as_it_is(more: bytes, tmp_path: Path) -> None:
    """Also to who would keep the connection."""
    async with serving(House(), tmp_path) as house:
        heard = await told(house, ASKED + more + b"\r\nab")
        head, _, body = heard.partition(b"\r\n\r\n")
        assert body == b"ok"
        assert b"transfer-encoding" not in head
        assert b"connection: close" in head
        assert [got.body for got in house.got] == [b"ab"]


async def sized(scope: Any, receive: Any, send: Any) -> None:
    """An answer that says how long it is."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def test_one_that_says_how_long_it_is_says_so(tmp_path: Path) -> None:
    """Once."""
    async with serving(House(), tmp_path, sized) as house:
        heard = await told(house, ASKED + b"\r\nab")
        head, _, body = heard.partition(b"\r\n\r\n")
        assert body == b"ok"
        assert head.count(b"content-length: 2") == 1
