"""Asks a model the way every client does, from inside: the hot path without a socket.

A reply to a person is a request like any other: it waits for its model, has a lane, can be
cancelled by its id, and is one RequestFinished. Only the bytes take no detour over the network.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import msgspec

from core.errors import StudioError

PATH = "/v1/chat/completions"
HELD = 64  # pieces that wait to be read before the engine has to wait, too

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Asgi(Protocol):
    """The hot path (`core.gateway.proxy.Proxy`)."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        ...


class Asker(Protocol):
    """Who asks, as the hot path wants to know it (`core.api.asking.Asking`)."""

    @property
    def actor(self) -> str:
        """What goes into the log."""
        ...


class ModelFailed(StudioError):
    """What the endpoint said instead of an answer; `status` is its HTTP status."""

    def __init__(self, status: int, error: "Told") -> None:
        super().__init__(
            error.message or f"the model answered {status}",
            code=str(error.code or "model-failed"),
            next_action=error.next_action or "",
        )
        self.status = status


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoint's error object; what engines add is left out."""

    message: str = ""
    code: str | int | None = None
    next_action: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: Told


class Opened(msgspec.Struct, frozen=True):
    """How an answer began."""

    request_id: str
    lane: str


class InnerCall:
    """One request. `opened` is there from the first piece on."""

    def __init__(
        self,
        proxy: Asgi,
        body: bytes,
        *,
        asker: Asker,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        self.opened = Opened("", "")
        self._proxy = proxy
        self._body = body
        self._asker = asker
        self._headers = headers
        self._status = 0
        self._left = asyncio.Event()
        self._asked = False
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(HELD)

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises ModelFailed where the answer is a refusal.

        Who stops reading has left: the engine's work ends.
        """
        serving = asyncio.create_task(self._serve())
        refusal: list[bytes] = []
        try:
            while (piece := await self._pieces.get()) is not None:
                if self._status < 400:
                    yield piece
                else:
                    refusal.append(piece)
            await serving
            if self._status >= 400:
                raise ModelFailed(self._status, _told(b"".join(refusal)))
        finally:
            self._left.set()
            while not serving.done():  # it may wait for room to say its last words
                self._drop()
                await asyncio.wait((serving,), timeout=0.05)

    async def _serve(self) -> None:
        try:
            await self._proxy(self._scope(), self._receive, self._send)
        except ConnectionError as broken:
            if not self._left.is_set():
                raise ModelFailed(502, Told(message=str(broken), code="gateway_down")) from broken
        finally:
            if not self._left.is_set():
                await self._pieces.put(None)

    def _drop(self) -> None:
        while not self._pieces.empty():
            self._pieces.get_nowait()

    def _scope(self) -> Message:
        return {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": b"",
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(self._body)).encode()),
                (b"accept", b"text/event-stream"),
                *self._headers,
            ],
            "state": {"asking": self._asker},
        }

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            told = dict(message["headers"])
            self.opened = Opened(
                told.get(b"x-request-id", b"").decode("latin-1"),
                told.get(b"x-studio-lane", b"").decode("latin-1"),
            )
        elif piece := message.get("body"):
            if self._left.is_set():
                raise ConnectionResetError("whoever asked has left")
            await self._pieces.put(piece)


def _told(body: bytes) -> Told:
    try:
        return msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Told(message=body.decode("utf-8", "replace")[:500])
