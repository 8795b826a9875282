"""Learns that a client left, at no cost while it stays.

ASGI tells of it to those who wait in `receive`, which takes a task for each request. Our HTTP
server (`core/http_protocol.py`) puts one `Departure` for each connection into the scope instead,
and a request leaves word there. Under other servers the task does it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol

EXTENSION = "vllm_studio.departure"
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Watch(Protocol):
    """Somebody waits for a client to leave."""

    def cancel(self) -> object:
        """Nobody does any more."""
        ...


class Departure:
    """Of one connection, on which one request is served at a time."""

    __slots__ = ("_gone", "_resume", "_tell")

    def __init__(self, resume_reading: Callable[[], None]) -> None:
        """`resume_reading`: a socket that is not read does not tell that it was closed."""
        self._resume = resume_reading
        self._tell: Callable[[], None] | None = None
        self._gone = False

    def watch(self, tell: Callable[[], None]) -> None:
        """Call `tell`, from the loop, when the client leaves; soon when it has left."""
        if self._gone:
            asyncio.get_running_loop().call_soon(tell)
            return
        self._tell = tell
        self._resume()

    def cancel(self) -> None:
        """See `Watch.cancel`."""
        self._tell = None

    def happened(self) -> None:
        """The connection is closed."""
        self._gone = True
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()


def watch(scope: Mapping[str, Any], receive: Receive, tell: Callable[[], None]) -> Watch:
    """Call `tell` when the client leaves. The body must have been read."""
    departure: Departure | None = (scope.get("extensions") or {}).get(EXTENSION)
    if departure is None:
        return asyncio.create_task(_received(receive, tell))
    departure.watch(tell)
    return departure


async def _received(receive: Receive, tell: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    tell()
