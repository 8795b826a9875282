"""The only way out: each request goes to an address that was checked for it, and to no other.

The address is put in the place of the host name; the name stays in the `Host` header and is what
the certificate has to be for. Connections are not kept: one that was opened for a name must not
serve another name that lives at the same address. A proxy of the environment is asked for a tunnel
to the checked address (`tunnels.py`); it is told no name, for it would look it up once more, where
nobody checks the answer.

httpx is imported where it is used, here as in `urls.py` and `fetching.py`: its 40 ms are a tenth of
the studio's start.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from core.research.web.addresses import may_be_reached
from core.research.web.names import Allowed, Resolver, SystemResolver, checked_addresses
from core.research.web.proxies import Proxies, Proxy, no_proxies
from core.research.web.urls import Place, parsed
from core.research.web.views import WebProblem

if TYPE_CHECKING:
    import httpx

MOST_ADDRESSES = 3  # of one host that are tried, one after the other

OpenTransport = Callable[[], "httpx.AsyncBaseTransport"]


@cache
def certificates() -> ssl.SSLContext:
    """Whom to believe. Made once: reading the authorities takes 20 ms."""
    import httpx

    return httpx.create_ssl_context()


def plain_transport() -> "httpx.AsyncBaseTransport":
    """One connection, HTTP/1.1, no proxy."""
    import httpx

    return httpx.AsyncHTTPTransport(
        verify=certificates(),
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
        proxies: Proxies | None = None,
    ) -> None:
        self._resolver = resolver or SystemResolver()
        self._allowed = allowed or Allowed()
        self._open = open_transport
        self._proxies = proxies or no_proxies()

    @asynccontextmanager
    async def answering(self, request: "httpx.Request") -> AsyncIterator["httpx.Response"]:
        """The answer, its body still to be read; its connection ends with the block."""
        _, place = parsed(str(request.url))
        addresses, proxy = await way_to(place, self._resolver, self._allowed, self._proxies)
        request.headers["Host"] = place.origin.partition("://")[2]
        opened = self._open if proxy is None else partial(_tunnelled, proxy)
        transport, response = await self._sent(request, addresses, place.host, opened)
        try:
            yield response
        finally:
            await response.aclose()
            await transport.aclose()

    async def _sent(
        self, request: "httpx.Request", addresses: list[str], name: str, opened: OpenTransport
    ) -> tuple["httpx.AsyncBaseTransport", "httpx.Response"]:
        """To the first address that answers; the failure of the last is the failure."""
        import httpx

        *first, last = addresses
        for address in first:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
                return await _sent_to(request, address, name, opened)
        return await _sent_to(request, last, name, opened)


async def way_to(
    place: Place, resolver: Resolver, allowed: Allowed, proxies: Proxies
) -> tuple[list[str], Proxy | None]:
    """Its checked addresses, a few, and the proxy through which they are reached, if any.

    Raises WebProblem. Who is in one's own network is reached directly: no proxy knows it.
    """
    try:
        addresses = await checked_addresses(place, resolver, allowed)
    except WebProblem as problem:
        if problem.code == "unknown-host" and proxies.to(place) is not None:
            problem.next_action = "Names are looked up on this machine, also where a proxy is used."
        raise
    public = all(may_be_reached(one) for one in addresses)
    return addresses[:MOST_ADDRESSES], proxies.to(place) if public else None


def _tunnelled(proxy: Proxy) -> "httpx.AsyncBaseTransport":
    from core.research.web.tunnels import tunnelled_transport

    return tunnelled_transport(proxy, certificates())


async def _sent_to(
    request: "httpx.Request", address: str, name: str, opened: OpenTransport
) -> tuple["httpx.AsyncBaseTransport", "httpx.Response"]:
    import httpx

    transport = opened()
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
