"""Connections that were answered before: what holds for the first request holds for later ones."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.api.guard import Guard
from tests.core.test_http_bounds import CHAT, H2C, REFUSED, WHOLE, House, moved, serving, told

END = b"k\r\n0\r\n\r\n"


async def kept(house: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Any]:
    """A connection after its first request, and our side of it."""
    reader, writer = await asyncio.open_connection(*house.address)
    connection: Any = await house.connection()
    writer.write(WHOLE)
    await reader.readuntil(END)
    connection._moved = False
    return reader, writer, connection


def time_is_up(connection: Any) -> None:
    """As long as a connection may be idle has gone by."""
    connection.timeout_keep_alive = 0.0
    connection.timeout_keep_alive_handler()


@pytest.mark.parametrize("shape", ["two hosts", "bytes that are no URL"])
async def test_a_later_request_is_refused_in_words_too(shape: str, tmp_path: Path) -> None:
    """The answer to the one before it is not taken for its own."""
    async with serving(House(), tmp_path) as house:
        reader, writer, _ = await kept(house)
        writer.write(REFUSED[shape])
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_heads_that_come_in_pieces_are_not_added_up(tmp_path: Path) -> None:
    """A client sends ahead, and the network cuts within heads: each has its own bound."""
    async with serving(House(), tmp_path) as house:
        reader, writer, connection = await kept(house)
        whole = CHAT + b"a: %b\r\ncontent-length: 2\r\n\r\nab" % (b"x" * 30_000)
        writer.write(whole[:100])
        while not connection.in_head:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        for _ in range(5):
            writer.write(whole[100:] + whole[:100])
            await reader.readuntil(END)
        assert [got.body for got in house.got] == [b"ab"] * 6
        writer.close()


async def test_blank_lines_do_not_keep_a_connection(tmp_path: Path) -> None:
    """They are passed over (RFC 9112, 2.2), and no request begins with them."""
    async with serving(House(), tmp_path) as house:
        reader, writer, connection = await kept(house)
        writer.write(b"\r\n")
        await moved(connection)
        connection.look()
        time_is_up(connection)
        assert await reader.read() == b""
        writer.close()


async def test_a_body_that_comes_after_its_answer_does_not_keep_a_connection(
    tmp_path: Path,
) -> None:
    """Who has no key is answered before it."""
    house = House()
    guard = Guard(house, port=1, host="127.0.0.1", api_key="secret", owner_token="owner")
    async with serving(house, tmp_path, guard):
        reader, writer = await asyncio.open_connection(*house.address)
        connection: Any = await house.connection()
        writer.write(CHAT + b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")
        connection._moved = False
        writer.write(b"ab")
        await moved(connection)
        connection.look()
        time_is_up(connection)
        assert b"HTTP/1.1" not in await reader.read()
        writer.close()


class Straight(House):
    """Answers the first request before the second is read."""

    def straight(self, request: Any) -> bool:
        """The first one only."""
        if request.data != b"ab":
            return False
        request.client.begin(200, [])
        request.client.go_on(b"k", more=False)
        return True


async def test_who_is_served_is_not_idle_since_the_request_before(tmp_path: Path) -> None:
    """Both came at once, and the first was answered at once."""
    async with serving(Straight(), tmp_path) as house:
        house.may_answer.clear()
        reader, writer = await asyncio.open_connection(*house.address)
        connection = await house.connection()
        writer.write(WHOLE + CHAT + b"content-length: 2\r\n\r\ncd")
        await reader.readuntil(END)
        await reader.readuntil(b"o\r\n")
        time_is_up(connection)
        assert not connection.transport.is_closing()
        house.may_answer.set()
        assert (await reader.readuntil(END)).endswith(END)
        writer.close()


async def test_who_was_answered_at_once_is_idle_from_then_on(tmp_path: Path) -> None:
    """Also where its head was known from the request before."""
    async with serving(Straight(), tmp_path) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        connection: Any = await house.connection()
        for number in (1, 2, 3):  # the third is known by the second
            writer.write(WHOLE)
            await reader.readuntil(END)
            assert connection.number == number
        time_is_up(connection)
        assert await reader.read() == b""
        writer.close()


async def test_an_offer_of_an_older_client_is_answered_in_its_version(tmp_path: Path) -> None:
    """It reads until the connection ends."""
    async with serving(House(), tmp_path) as house:
        first = CHAT.replace(b"HTTP/1.1", b"HTTP/1.0")
        heard = await told(house, first + H2C + b"content-length: 2\r\n\r\nab")
        assert b"connection: close\r\n" in heard
        assert [got.body for got in house.got] == [b"ab"]
