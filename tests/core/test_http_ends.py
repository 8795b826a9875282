"""How a connection ends, on a transport that only remembers."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn.server import ServerState

from core import http_bounds
from core.gateway.departure import watch
from core.http_protocol import StudioProtocol
from core.http_server import HttpServer
from tests.core.test_http_bounds import CHAT, CHUNKED, WHOLE
from tests.core.test_http_room import WEBSOCKET

GARBAGE = b"\x00\r\n\r\n"
NO_CHUNK = b"zz\r\n"


class Remembering:
    """A socket that takes everything; its connection is lost a turn after it was closed."""

    def __init__(self) -> None:
        self.said = b""
        self.ended = False
        self.closed = False
        self.protocol: Any = None

    def write(self, data: bytes) -> None:
        """As a socket does."""
        if self.ended:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not self.closed:
            self.said += data

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        """All of them."""
        self.write(b"".join(pieces))

    def write_eof(self) -> None:
        """Nothing more is said."""
        self.ended = True

    def close(self) -> None:
        """It is over."""
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed

    def set_protocol(self, protocol: Any) -> None:
        """Another one has it."""
        self.protocol = protocol

    def get_write_buffer_size(self) -> int:
        """All has gone out."""
        return 0

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Nothing is known of it."""
        return default

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    resume_reading = pause_reading


class App:
    """Waits until its client has left, perhaps in the middle of an answer."""

    def __init__(self, *, begins: bool = False) -> None:
        self.begins = begins
        self.called = 0
        self.left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one."""
        self.called += 1
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            return
        if self.begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"o", "more_body": True})
        message = await receive()
        while message["type"] != "http.disconnect" and message["more_body"]:
            message = await receive()
        if message["type"] == "http.disconnect":
            self.left.set()
        else:
            watch(scope, receive, self.left.set)
            await self.left.wait()
        if not self.begins:
            await send({"type": "http.response.start", "status": 499, "headers": []})


class Straight(App):
    """Takes what comes whole, and answers later."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """None comes this way."""
        self.called += 1

    def straight(self, whole: Any) -> bool:
        """Serve one."""
        whole.client.watch(gone=self.left.set, room=list)
        return True


def connection(app: App, state: ServerState | None = None) -> tuple[Any, Remembering]:
    """Our side of a connection, and the client's."""
    config = HttpServer(app)._server.config
    transport = Remembering()
    ours: Any = StudioProtocol(config, state or ServerState(), {})
    transport.protocol = ours
    ours.connection_made(transport)
    return ours, transport


async def turns() -> None:
    """What is to be done at once is done."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("kind", [App, Straight])
@pytest.mark.parametrize("more", [GARBAGE, b"cd", CHUNKED + NO_CHUNK])
async def test_who_breaks_off_while_served_is_gone_at_once(kind: type[App], more: bytes) -> None:
    """Nothing waits for it: its answer could not be said any more."""
    app = kind()
    ours, client = connection(app)
    ours.data_received(WHOLE)
    await turns()
    ours.data_received(more)
    ours.data_received(GARBAGE)
    assert client.closed
    await turns()
    assert app.left.is_set()
    assert (client.said, client.ended) == (b"", False)


async def test_so_is_who_breaks_off_a_body_that_is_being_answered() -> None:
    """It has heard something of its answer, and hears no more."""
    app = App(begins=True)
    ours, client = connection(app)
    ours.data_received(CHUNKED.replace(b"/v1/chat/completions", b"/x"))
    await turns()
    ours.data_received(NO_CHUNK)
    assert client.closed
    await turns()
    assert app.left.is_set()
    assert client.said.count(b"HTTP/1.1") == 1
    assert not client.ended


async def test_who_serves_a_request_that_is_refused_does_not_wait_for_it() -> None:
    """Its client hears the refusal, and is given time for that; nothing else is said."""
    app = App()
    ours, client = connection(app)
    ours.data_received(CHUNKED.replace(b"/v1/chat/completions", b"/x"))
    await turns()
    ours.data_received(NO_CHUNK)
    await turns()
    assert client.said.startswith(b"HTTP/1.1 400 ")
    assert client.said.count(b"HTTP/1.1") == 1
    assert (client.ended, client.closed) == (True, False)
    assert app.left.is_set()
    ours.shutdown()
    assert client.closed


async def test_who_was_refused_is_not_served_after_that() -> None:
    """What had come of its body is forgotten."""
    app = Straight()
    ours, client = connection(app)
    ours.data_received(CHUNKED + NO_CHUNK)
    assert client.said.startswith(b"HTTP/1.1 400 ")
    assert (client.ended, client.closed) == (True, False)
    assert ours._gathering is None
    assert not ours._is_served()
    client.abort()
    await turns()
    assert app.called == 0


async def test_an_offer_of_a_websocket_in_an_old_version_is_taken() -> None:
    """As uvicorn does; no answer of ours is under way then."""
    ours, client = connection(App())
    ours.data_received(WEBSOCKET.replace(b"HTTP/1.1", b"HTTP/1.0"))
    await turns()
    assert client.said.startswith(b"HTTP/1.1 101 ")


@pytest.fixture
def no_collector() -> Iterator[None]:
    """It does not come while the test runs."""
    gc.disable()
    yield
    gc.enable()


async def answered_and_upgraded(*asked: bytes) -> tuple[weakref.ref[Any], Remembering]:
    """Who had the connection before the websocket, and the client."""
    app = Straight()
    app.straight = answer  # type: ignore[method-assign]
    ours, client = connection(app)
    for one in (*asked, WEBSOCKET):
        ours.data_received(one)
    assert client.protocol is not ours
    return weakref.ref(ours), client


def answer(whole: Any) -> bool:
    """At once."""
    whole.client.begin(200, [(b"content-length", b"2")])
    whole.client.go_on(b"ok", more=False)
    return True


@pytest.mark.parametrize("asked", [(), (WHOLE,)], ids=["at first", "after a request"])
async def test_a_websocket_leaves_nothing_of_the_connection_before_it(
    asked: tuple[bytes, ...], no_collector: None
) -> None:
    """Each would wait for the collector, which is calm here."""
    before, client = await answered_and_upgraded(*asked)
    assert before() is None
    assert client.protocol is not None


async def test_who_was_ended_in_this_turn_makes_no_room_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody else is ended for it."""
    monkeypatch.setattr(http_bounds, "most_connections", lambda: 2)
    state = ServerState()
    lingering, told = connection(App(), state)
    lingering.data_received(CHAT + b"a b: c\r\n")
    assert lingering.lingering
    _, idle = connection(App(), state)
    _, first = connection(App(), state)
    _, second = connection(App(), state)
    assert (told.closed, idle.closed, first.closed, second.closed) == (True, True, False, False)
