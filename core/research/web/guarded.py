"""The only way out: each request goes to an address that was checked for it, and to no other.

The address is put in the place of the host name; the name stays in the `Host` header and is what
the certificate has to be for. Connections are not kept: one that was opened for a name must not
serve another name that lives at the same address. Proxies of the environment are not used, for
they would resolve the name once more, where nobody checks the answer.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import cast

import httpx

from core.research.web.names import Allowed, Resolver, SystemResolver, checked_addresses
from core.research.web.urls import parsed

MOST_ADDRESSES = 3  # of one host that are tried, one after the other

OpenTransport = Callable[[], httpx.AsyncBaseTransport]


@cache
def _certificates() -> ssl.SSLContext:
    """Made once: reading the authorities takes 20 ms."""
    return httpx.create_ssl_context()


def plain_transport() -> httpx.AsyncBaseTransport:
    """One connection, HTTP/1.1, no proxy."""
    return httpx.AsyncHTTPTransport(
        verify=_certificates(),
        trust_env=False,
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
    )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Resolves, checks, connects to what it checked. Raises WebProblem for what it refuses."""

    def __init__(
        self,
        *,
        resolver: Resolver | None = None,
        allowed: Allowed | None = None,
        open_transport: OpenTransport = plain_transport,
    ) -> None:
        self._resolver = resolver or SystemResolver()
        self._allowed = allowed or Allowed()
        self._open = open_transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one connection; the next address is tried where one does not answer."""
        _, place = parsed(str(request.url))
        addresses = await checked_addresses(place, self._resolver, self._allowed)
        request.headers["Host"] = place.origin.partition("://")[2]
        *first, last = addresses[:MOST_ADDRESSES]
        for address in first:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._send(request, address, place.host)
        return await self._send(request, last, place.host)

    async def _send(self, request: httpx.Request, address: str, name: str) -> httpx.Response:
        transport = self._open()
        there = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": name},
        )
        try:
            response = await transport.handle_async_request(there)
        except BaseException:
            await transport.aclose()
            raise
        response.stream = _Closing(cast(httpx.AsyncByteStream, response.stream), transport)
        return response


class _Closing(httpx.AsyncByteStream):
    """A body whose end is the end of its connection."""

    def __init__(self, stream: httpx.AsyncByteStream, transport: httpx.AsyncBaseTransport) -> None:
        self._stream = stream
        self._transport = transport

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._transport.aclose()
