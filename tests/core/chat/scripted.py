"""A hot path that answers as it is told: for what a real engine will not do on demand."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


def chunk(text: str = "", **more: Any) -> bytes:
    """One event of a streamed chat completion."""
    finish = more.pop("finish", None)
    usage = more.pop("usage", None)
    delta = {"content": text, **more}
    told = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": usage}
    return b"data: " + json.dumps(told).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


class Scripted:
    """Sends `pieces`; after `holds_after` of them it waits for `go_on`, or for an end."""

    def __init__(
        self,
        pieces: Iterable[bytes] = (chunk("Hello"), chunk("!", finish="stop"), DONE),
        *,
        status: int = 200,
        holds_after: int | None = None,
        breaks: bool = False,
    ) -> None:
        self.pieces = list(pieces)
        self.status = status
        self.holds_after = holds_after
        self.breaks = breaks
        self.go_on = asyncio.Event()
        self.asked: list[dict[str, Any]] = []
        self.actors: list[str] = []
        self.headers: list[dict[bytes, bytes]] = []
        self.begun = asyncio.Event()
        self.left = 0

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one request."""
        self.actors.append(scope["state"]["asking"].actor)
        self.headers.append(dict(scope["headers"]))
        self.asked.append(json.loads((await receive())["body"]))
        self.begun.set()
        gone = asyncio.ensure_future(self._gone(receive))
        try:
            headers = [(b"x-request-id", b"request-1"), (b"x-studio-lane", b"direct")]
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            for at, piece in enumerate(self.pieces):
                if at == self.holds_after:
                    going_on = asyncio.ensure_future(self.go_on.wait())
                    await asyncio.wait((gone, going_on), return_when="FIRST_COMPLETED")
                    going_on.cancel()
                if gone.done():
                    self.left += 1
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if self.breaks:
                raise ConnectionResetError("the engine is gone")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()

    async def _gone(self, receive: Callable[[], Awaitable[Message]]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class InTurn(Scripted):
    """The first request is answered by the first script, the next by the next; then by the last."""

    def __init__(self, *scripts: Scripted) -> None:
        super().__init__()
        self.scripts = scripts

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one request."""
        script = self.scripts[min(len(self.asked), len(self.scripts) - 1)]
        self.asked.append({})
        at = len(self.asked) - 1
        try:
            await script(scope, receive, send)
        finally:
            self.asked[at] = script.asked[-1]


def calls(*wanted: tuple[str, str], text: str = "") -> Scripted:
    """An answer that calls tools: names and arguments, in two parts each."""
    pieces = [chunk(text)] if text else []
    for at, (name, arguments) in enumerate(wanted):
        half = len(arguments) // 2
        begun = {
            "index": at,
            "id": f"c{at}",
            "function": {"name": name, "arguments": arguments[:half]},
        }
        pieces.append(chunk("", tool_calls=[begun]))
        rest = {"index": at, "function": {"arguments": arguments[half:]}}
        pieces.append(chunk("", tool_calls=[rest]))
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return Scripted((*pieces, chunk("", finish="tool_calls"), chunk("", usage=usage), DONE))


def says(text: str) -> Scripted:
    """An answer without calls."""
    return Scripted((chunk(text, finish="stop"), DONE))
