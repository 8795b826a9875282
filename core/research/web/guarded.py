"""The only way out: each request goes to an address that was checked for it, and to no other.

The address is put in the place of the host name; the name stays in the `Host` header and is what
the certificate has to be for. Connections are not kept: one that was opened for a name must not
serve another name that lives at the same address. Proxies of the environment are not used, for
they would resolve the name once more, where nobody checks the answer.

httpx is imported where it is used, here as in `urls.py` and `fetching.py`: its 40 ms are a tenth of
the studio's start.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

from core.research.web.names import Allowed, Resolver, SystemResolver, checked_addresses
from core.research.web.urls import parsed

if TYPE_CHECKING:
    import httpx

MOST_ADDRESSES = 3  # of one host that are tried, one after the other

OpenTransport = Callable[[], "httpx.AsyncBaseTransport"]


@cache
def _certificates() -> ssl.SSLContext:
    """Made once: reading the authorities takes 20 ms."""
    import httpx

    return httpx.create_ssl_context()


def plain_transport() -> "httpx.AsyncBaseTransport":
    """One connection, HTTP/1.1, no proxy."""
    import httpx

    return httpx.AsyncHTTPTransport(
        verify=_certificates(),
        trust_env=False,
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
    )


class GuardedTransport:
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

    @asynccontextmanager
    async def answering(self, request: "httpx.Request") -> AsyncIterator["httpx.Response"]:
        """The answer, its body still to be read; its connection ends with the block."""
        _, place = parsed(str(request.url))
        addresses = await checked_addresses(place, self._resolver, self._allowed)
        request.headers["Host"] = place.origin.partition("://")[2]
        transport, response = await self._sent(request, addresses[:MOST_ADDRESSES], place.host)
        try:
            yield response
        finally:
            await response.aclose()
            await transport.aclose()

    async def _sent(
        self, request: "httpx.Request", addresses: list[str], name: str
    ) -> tuple["httpx.AsyncBaseTransport", "httpx.Response"]:
        """To the first address that answers; the failure of the last is the failure."""
        import httpx

        *first, last = addresses
        for address in first:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._sent_to(request, address, name)
        return await self._sent_to(request, last, name)

    async def _sent_to(
        self, request: "httpx.Request", address: str, name: str
    ) -> tuple["httpx.AsyncBaseTransport", "httpx.Response"]:
        import httpx

        transport = self._open()
        there = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": name},
        )
        try:
            return transport, await transport.handle_async_request(there)
        except BaseException:
            await transport.aclose()
            raise
