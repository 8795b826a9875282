"""What a client may take of us before its key was looked at; each case over a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import http_bounds
from core.api.guard import Guard
from core.http_bounds import LONGEST_HEAD, UNREAD_LOOKS, BoundedProtocol
from core.http_server import HttpServer, bind
from core.settings import Settings

CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
WHOLE = CHAT + b"content-length: 2\r\n\r\nab"
CHUNKED = CHAT + b"transfer-encoding: chunked\r\n\r\n"
H2C = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n"


class Got(msgspec.Struct):
    """A request as the application got it."""

    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class House:
    """A server whose application answers "ok" to what it got whole."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.address: tuple[str, int] = ("", 0)
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.server: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one."""
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message.get("more_body", False)
        self.got.append(Got(scope["path"], scope["headers"], body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await self.may_answer.wait()
        await send({"type": "http.response.body", "body": b"k"})

    async def connection(self) -> BoundedProtocol:
        """Our side of the only connection there is."""
        state = self.server._server.server_state
        while not state.connections:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        (one,) = state.connections
        return one  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def serving(house: House, home: Path, app: Any = None) -> AsyncIterator[House]:
    """It, perhaps behind another application, within a minute."""
    with bind(Settings(home=home, port=0)) as listening:
        house.server = HttpServer(app or house)
        running = asyncio.create_task(house.server.run(listening))
        await house.server.answering()
        house.address = listening.getsockname()
        async with asyncio.timeout(60):
            yield house
        await house.server.stop()
        await running


async def told(house: House, *pieces: bytes) -> bytes:
    """All that a client hears until its connection is closed."""
    reader, writer = await asyncio.open_connection(*house.address)
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    heard = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            heard += piece
    writer.close()
    return heard


async def moved(connection: BoundedProtocol) -> None:
    """Something came since the last look."""
    while not connection._moved:  # noqa: ASYNC110 - it sets no event
        await asyncio.sleep(0.001)


REFUSED = {
    "length and chunks": CHAT
    + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "chunks and length": CHAT + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": CHAT + b"content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
    "the same length twice": CHAT + b"content-length: 5\r\ncontent-length: 5\r\n\r\nabcde",
    "a list of lengths": CHAT + b"content-length: 5, 5\r\n\r\nabcde",
    "a signed length": CHAT + b"content-length: +5\r\n\r\nabcde",
    "a length beyond all numbers": CHAT + b"content-length: 99999999999999999999\r\n\r\n",
    "line feeds alone": b"POST /a HTTP/1.1\nhost: x\ncontent-length: 2\n\nab",
    "a line feed in the head": b"POST /a HTTP/1.1\r\nhost: x\na: b\r\n\r\n",
    "a return in the head": b"POST /a HTTP/1.1\r\nhost: x\ra: b\r\n\r\n",
    "a folded line": CHAT + b"accept: a\r\n b: c\r\ncontent-length: 2\r\n\r\nab",
    "a space before the colon": CHAT + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "a nul": CHAT + b"accept: a\x00b\r\ncontent-length: 2\r\n\r\nab",
    "an unknown coding": CHAT + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": CHAT + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk that ends with a line feed": CHUNKED + b"2\nab\n0\n\n",
    "an extension that ends with one": CHUNKED + b"2;a\nab\r\n0\r\n\r\n",
    "a chunk beyond all numbers": CHUNKED + b"ffffffffffffffffff\r\nab\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"2\r\nabX0\r\n\r\n",
    "two hosts": b"POST /a HTTP/1.1\r\nhost: x\r\nhost: y\r\ncontent-length: 2\r\n\r\nab",
    "bytes that are no URL": b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01",
}


@pytest.mark.parametrize("shape", REFUSED)
async def test_what_may_be_read_in_two_ways_is_refused(shape: str, tmp_path: Path) -> None:
    """Once, with a 400, and nothing that follows on the connection is served."""
    async with serving(House(), tmp_path) as house:
        heard = await told(house, REFUSED[shape])
        assert heard.startswith(b"HTTP/1.1 400 ")
        assert heard.count(b"HTTP/1.1") == 1
        assert house.got == []


async def test_extensions_of_chunks_are_passed_over(tmp_path: Path) -> None:
    """RFC 9112, 7.1.1."""
    async with serving(House(), tmp_path) as house:
        closing = CHAT + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        await told(house, closing + b'2;a=b;c="d"\r\nab\r\n0\r\n\r\n')
        assert [got.body for got in house.got] == [b"ab"]


async def test_a_trailer_is_no_header(tmp_path: Path) -> None:
    """What comes after a body was not there when it was decided who asks."""
    async with serving(House(), tmp_path) as house:
        closing = CHAT + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        await told(
            house, closing + b"2\r\nab\r\n0\r\nx-studio-owner: me\r\nhost: 127.0.0.1\r\n\r\n"
        )
        (got,) = house.got
        assert [name for name, _ in got.headers] == [b"host", b"connection", b"transfer-encoding"]


async def test_another_protocol_may_be_offered_with_a_body(tmp_path: Path) -> None:
    """Java's client offers h2c with each POST: it is served, and so is what comes after it."""
    last = CHAT + b"connection: close\r\ncontent-length: 2\r\n\r\ncd"
    for cut in (1, 40, len(CHAT + H2C) + 10, -9):
        async with serving(House(), tmp_path) as house:
            wire = CHAT + H2C + b"content-length: 2\r\n\r\nab" + last
            heard = await told(house, wire[:cut], wire[cut:])
            assert [got.body for got in house.got] == [b"ab", b"cd"]
            assert heard.count(b"HTTP/1.1 200 ") == 2
            assert b"upgrade" not in dict(house.got[0].headers)


async def test_this_is_no_proxy(tmp_path: Path) -> None:
    """What follows CONNECT is never read as a request."""
    async with serving(House(), tmp_path) as house:
        heard = await told(house, b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n" + WHOLE)
        assert heard.startswith(b"HTTP/1.1 405 ")
        assert house.got == []


@pytest.mark.parametrize("line", [b"a: %b\r\n" % (b"x" * 1000), b"x" * 1000])
async def test_a_head_has_an_end(line: bytes, tmp_path: Path) -> None:
    """Of many lines, or of one that does not end: no key was looked at yet."""
    async with serving(House(), tmp_path) as house:
        start = CHAT + (b"" if b"\r\n" in line else b"a: ")
        heard = await told(house, start, *[line] * (LONGEST_HEAD // 500))
        assert heard.startswith(b"HTTP/1.1 431 ") or heard == b""  # it had more to say, and was cut
        assert house.got == []


async def test_a_large_head_is_served(tmp_path: Path) -> None:
    """Cookies and tokens may be long; and a large body does not count as head."""
    async with serving(House(), tmp_path) as house:
        head = CHAT + b"a: %b\r\nconnection: close\r\n" % (b"x" * (LONGEST_HEAD - 500))
        body = b"x" * (2 * LONGEST_HEAD)
        await told(house, head + b"content-length: %d\r\n\r\n" % len(body) + body)
        assert [got.body for got in house.got] == [body]


async def much(scope: Any, receive: Any, send: Any) -> None:
    """An application whose answers no buffer holds."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(400):
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


# ---- who is slow --------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [b"", b"P", CHAT])
async def test_a_head_that_does_not_come_ends_with_the_second_look(
    begun: bytes, tmp_path: Path
) -> None:
    """However often a byte of it comes."""
    async with serving(House(), tmp_path) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        connection = await house.connection()
        for byte in begun:
            writer.write(bytes([byte]))
        while connection._head_size < len(begun):  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        connection.look()
        assert not connection.transport.is_closing()
        if begun:
            writer.write(b"O")
            await moved(connection)
        connection.look()
        heard = await reader.read()
        assert heard.startswith(b"HTTP/1.1 408 ") if begun else heard == b""
        writer.close()


async def test_a_body_that_moves_is_waited_for_and_one_that_does_not_is_not(tmp_path: Path) -> None:
    """An upload may take as long as it takes."""
    async with serving(House(), tmp_path) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        connection = await house.connection()
        writer.write(CHAT + b"content-length: 99\r\n\r\n")
        for _ in range(5):
            writer.write(b"a")
            await moved(connection)
            connection.look()
        connection.look()
        assert not connection.transport.is_closing()  # a byte may have come just before the last
        connection.look()
        heard = await reader.read()
        assert heard.startswith(b"HTTP/1.1 408 ")
        assert house.got == []
        writer.close()


async def test_who_is_served_is_not_cut_off_for_what_it_sends_ahead(tmp_path: Path) -> None:
    """Half a request behind one that is being answered."""
    async with serving(House(), tmp_path) as house:
        house.may_answer.clear()
        reader, writer = await asyncio.open_connection(*house.address)
        connection = await house.connection()
        writer.write(WHOLE)
        await reader.readuntil(b"o\r\n")
        writer.write(WHOLE[:20])
        while not connection.in_head:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        for _ in range(3):
            connection.look()
        house.may_answer.set()
        await reader.readuntil(b"k\r\n0\r\n\r\n")
        writer.write(WHOLE[20:])
        await reader.readuntil(b"k\r\n0\r\n\r\n")
        assert [got.body for got in house.got] == [b"ab", b"ab"]
        writer.close()


async def test_nothing_is_written_into_an_answer_under_way(tmp_path: Path) -> None:
    """Nonsense behind a request ends the connection, not its answer with another one's words."""
    async with serving(House(), tmp_path) as house:
        house.may_answer.clear()
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(WHOLE)
        head = await reader.readuntil(b"o\r\n")
        writer.write(b"\x00nonsense\r\n\r\n")
        assert b"HTTP/1.1" not in await reader.read()
        assert head.startswith(b"HTTP/1.1 200 ")
        house.may_answer.set()
        writer.close()


# ---- who takes room -----------------------------------------------------------------------------


async def test_who_takes_nothing_of_an_answer_is_let_go(tmp_path: Path) -> None:
    """After two minutes without a byte taken, also where its connection was to be closed."""
    async with serving(House(), tmp_path, much) as house:
        reader, writer = await asyncio.open_connection(*house.address, limit=1024)
        connection = await house.connection()
        writer.write(WHOLE)
        await reader.readexactly(1)
        while not connection.transport.get_write_buffer_size():  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        connection.transport.close()
        connection.look()  # how much waits
        for _ in range(UNREAD_LOOKS - 1):
            connection.look()
            assert connection in house.server._server.server_state.connections
        connection.look()
        while house.server._server.server_state.connections:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        writer.close()


async def test_who_reads_on_is_waited_for(tmp_path: Path) -> None:
    """However slowly."""
    async with serving(House(), tmp_path, much) as house:
        reader, writer = await asyncio.open_connection(*house.address, limit=1024)
        connection = await house.connection()
        writer.write(WHOLE)
        for _ in range(3 * UNREAD_LOOKS):
            before = connection.transport.get_write_buffer_size()
            while connection.transport.get_write_buffer_size() in (0, before):
                await reader.read(4096)
            connection.look()
            assert not connection.transport.is_closing()
        writer.close()


async def test_who_asks_nothing_makes_room_for_who_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections are bounded, and who is served keeps its own."""
    monkeypatch.setattr(http_bounds, "most_connections", lambda: 3)
    monkeypatch.setattr(http_bounds, "ROOM", 1)
    async with serving(House(), tmp_path) as house:
        house.may_answer.clear()
        served, asks = await asyncio.open_connection(*house.address)
        asks.write(WHOLE)
        await served.readuntil(b"o\r\n")
        idle = [await asyncio.open_connection(*house.address) for _ in range(2)]
        while len(house.server._server.server_state.connections) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        comes, more = await asyncio.open_connection(*house.address)
        more.write(WHOLE)
        await comes.readuntil(b"o\r\n")
        gone = [asyncio.ensure_future(reader.read()) for reader, _ in idle]
        done, _ = await asyncio.wait(gone, return_when=asyncio.FIRST_COMPLETED)
        assert [await one for one in done] == [b""]
        house.may_answer.set()
        await served.readuntil(b"k\r\n0\r\n\r\n")
        for task in gone:
            task.cancel()
        for writer in (asks, more, *(writer for _, writer in idle)):
            writer.close()


async def test_where_all_are_served_who_comes_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 503 that clients obey, before anything is read of them."""
    monkeypatch.setattr(http_bounds, "most_connections", lambda: 1)
    async with serving(House(), tmp_path) as house:
        house.may_answer.clear()
        served, asks = await asyncio.open_connection(*house.address)
        asks.write(WHOLE)
        await served.readuntil(b"o\r\n")
        heard = await told(house)
        assert heard.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in heard
        house.may_answer.set()
        await served.readuntil(b"k\r\n0\r\n\r\n")
        asks.close()


# ---- who is refused -----------------------------------------------------------------------------


def guarded(house: House) -> Guard:
    """Nobody gets in without a key."""
    return Guard(house, port=1, host="127.0.0.1", api_key="secret", owner_token="owner")


@pytest.mark.parametrize("expects", [b"", b"expect: 100-continue\r\n"])
async def test_who_has_no_key_is_refused_before_a_byte_of_the_body(
    expects: bytes, tmp_path: Path
) -> None:
    """And nobody is asked to send it; who sends it all the same is closed by the second look."""
    house = House()
    async with serving(house, tmp_path, guarded(house)):
        reader, writer = await asyncio.open_connection(*house.address)
        connection = await house.connection()
        writer.write(CHAT + expects + b"content-length: 50000000\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")
        connection.look()
        writer.write(b"x" * 1000)
        await moved(connection)
        connection.look()
        assert b"HTTP/1.1" not in await reader.read()
        assert house.got == []
        writer.close()


async def test_who_has_a_key_is_told_to_send(tmp_path: Path) -> None:
    """100 first, then the answer."""
    house = House()
    async with serving(house, tmp_path, guarded(house)):
        reader, writer = await asyncio.open_connection(*house.address)
        wanted = (
            b"authorization: Bearer secret\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
        )
        writer.write(CHAT + wanted)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert [got.body for got in house.got] == [b"ab"]
        writer.close()
