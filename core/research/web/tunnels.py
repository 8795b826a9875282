"""A connection through a proxy to an address that was checked here (`CONNECT`, RFC 9110, 9.3.6).

A proxy that is told a name looks it up by itself, where nobody checks what comes of it. So it is
told the address; the certificate is the page's own and is checked from end to end. What a proxy
could read of an http page it could read anyway.

Imported where there is a proxy only: httpcore, which httpx connects with, takes its time.
"""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from core.research.web.proxies import Proxy

MOST_HEAD = 16 * 1024  # bytes of a proxy's answer


def tunnelled_transport(proxy: Proxy, certificates: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    """One connection, HTTP/1.1, through this proxy."""
    transport = httpx.AsyncHTTPTransport(verify=certificates, trust_env=False)
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=certificates,
        max_connections=1,
        max_keepalive_connections=0,
        network_backend=Tunnels(proxy, certificates),
    )
    return transport


class Tunnels(httpcore.AsyncNetworkBackend):
    """Connects as others do, through a proxy."""

    def __init__(self, proxy: Proxy, certificates: ssl.SSLContext) -> None:
        self._proxy = proxy
        self._certificates = certificates
        self._direct = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """To an address. Raises httpcore.ProxyError, with a sentence."""
        stream = await self._to_the_proxy(timeout)
        try:
            await _ask(stream, host, port, self._proxy, timeout)
        except BaseException as failure:
            await stream.aclose()
            if isinstance(failure, httpcore.NetworkError):
                raise httpcore.ProxyError("the proxy broke off") from None
            raise
        return stream

    async def sleep(self, seconds: float) -> None:
        """Between two tries."""
        await self._direct.sleep(seconds)

    async def _to_the_proxy(self, timeout: float | None) -> httpcore.AsyncNetworkStream:
        proxy = self._proxy
        try:
            stream = await self._direct.connect_tcp(proxy.host, proxy.port, timeout)
            if proxy.scheme == "https":
                stream = await stream.start_tls(self._certificates, proxy.host, timeout)
        except (httpcore.NetworkError, httpcore.TimeoutException):
            raise httpcore.ProxyError(f"the proxy {proxy.name} can not be reached") from None
        return stream


async def demand_tunnel(
    proxy: Proxy, address: str, port: int, certificates: ssl.SSLContext
) -> None:
    """Raises OSError, with a sentence, where the proxy makes none to this address."""
    try:
        stream = await Tunnels(proxy, certificates).connect_tcp(address, port)
    except httpcore.ProxyError as failure:
        raise OSError(str(failure)) from None
    await stream.aclose()


async def _ask(
    stream: httpcore.AsyncNetworkStream, host: str, port: int, proxy: Proxy, timeout: float | None
) -> None:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    known = f"Proxy-Authorization: Basic {proxy.credentials}\r\n" if proxy.credentials else ""
    await stream.write(
        f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{known}\r\n".encode("ascii"), timeout
    )
    status = _status_of(await _head(stream, timeout))
    if status == 407:
        raise httpcore.ProxyError("the proxy wants a user name and a password")
    if not 200 <= status < 300:
        raise httpcore.ProxyError(f"the proxy refuses the connection ({status})")


async def _head(stream: httpcore.AsyncNetworkStream, timeout: float | None) -> bytes:
    """Its answer, to the empty line; read one by one, for what follows is the page's."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = await stream.read(1, timeout)
        if not piece or len(head) > MOST_HEAD:
            raise _no_proxy()
        head += piece
    return head


def _status_of(head: bytes) -> int:
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise _no_proxy()
    return int(rest[:3])


def _no_proxy() -> httpcore.ProxyError:
    return httpcore.ProxyError("the proxy does not answer as one")
