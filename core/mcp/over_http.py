"""MCP at a URL: the SDK's streamable HTTP, with a bound on what one answer may hold."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from core.mcp.large import MOST, made_small

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
        made_small(response)

    timeout = httpx2.Timeout(CONNECT_S, read=None)
    async with (
        httpx2.AsyncClient(
            auth=auth,
            headers={"accept-encoding": "identity"} | headers,
            timeout=timeout,
            event_hooks={"response": [look]},
        ) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=MOST) as streams,
    ):
        yield streams
