"""MCP at a URL: the SDK's streamable HTTP, with a bound on what one answer may hold."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

MOST = 128 * 1024 * 1024  # bytes of one answer
CONNECT_S = 15.0


class Seen:
    """What the server answered last on the level of HTTP."""

    def __init__(self) -> None:
        self.status: int | None = None


@asynccontextmanager
async def over_http(
    url: str, headers: dict[str, str], seen: Seen, auth: httpx2.Auth | None = None
) -> AsyncGenerator[TransportStreams]:
    """Enter it in the task that owns the session. Redirects are followed within the origin.

    `auth` says with each request who asks; None: the headers do, or nobody.

    Reading has no time-out of its own: streams are quiet for hours, and calls are timed by us.
    """

    async def look(response: httpx2.Response) -> None:
        seen.status = response.status_code
        is_json = response.headers.get("content-type", "").lower().startswith("application/json")
        if is_json and isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = Bounded(response.stream)

    timeout = httpx2.Timeout(CONNECT_S, read=None)
    async with (
        httpx2.AsyncClient(
            auth=auth, headers=headers, timeout=timeout, event_hooks={"response": [look]}
        ) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=MOST) as streams,
    ):
        yield streams


class Bounded(httpx2.AsyncByteStream):
    """An answer that breaks off when it is too large; events of a long stream are bounded apart."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MOST
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise httpx2.StreamError(f"the answer had more than {MOST:,} bytes")
            yield chunk

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._stream.aclose()
