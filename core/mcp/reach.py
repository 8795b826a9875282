"""Where a sign-in may lead: a server at an address says whom to ask, and that may be anybody.

So a server out there can not have this machine ask what only this machine can reach, and no token
travels in clear. What its own origin answers was typed by a person; everything else has to be
https. Loopback is asked for servers on loopback alone, private addresses for servers on such.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from core.mcp.failing import McpFailure

if TYPE_CHECKING:
    from mcp.client.auth import OAuthClientProvider

MOST = 1024 * 1024  # bytes of one answer
WAIT_S = 20.0
_GLOBAL = ipaddress.IPv6Network("2000::/3")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # as networks without IPv4 see it (RFC 6052)
_HOSTS = (  # of machines in clouds, at addresses that count as public
    ipaddress.IPv4Network("168.63.129.16/32"),
    ipaddress.IPv4Network("192.0.0.0/24"),
)


@asynccontextmanager
async def asking(
    home: str, auth: "OAuthClientProvider | None" = None
) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client that asks for a server at `home`, where it may. Its requests raise McpFailure."""

    async def look(request: httpx2.Request) -> None:
        request.headers["accept-encoding"] = "identity"
        await demand_reachable(str(request.url), home)

    async def bound(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise httpx2.StreamError("the answer is packed, and may be of any size")
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Bounded(response.stream)

    hooks: dict[str, list[Callable[..., Any]]] = {"request": [look], "response": [bound]}
    timeout = httpx2.Timeout(WAIT_S)
    async with httpx2.AsyncClient(auth=auth, timeout=timeout, event_hooks=hooks) as client:
        yield client


def demand_shown(url: str, home: str) -> None:
    """Whether a person may be sent there to sign in. Raises McpFailure."""
    parts = urlsplit(url)
    here = is_loopback(parts.hostname) and is_loopback(urlsplit(home).hostname)
    fits = parts.scheme == "https" or (parts.scheme == "http" and here)
    if not fits or not parts.hostname or parts.username or parts.password:
        raise _astray(url)


async def demand_reachable(url: str, home: str) -> None:
    """Whether we may ask there. Raises McpFailure."""
    parts, ours = urlsplit(url), urlsplit(home)
    if (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
        return
    here = is_loopback(ours.hostname)
    if parts.scheme != "https" and not (here and is_loopback(parts.hostname)):
        raise _astray(url)
    if not here and await _is_inside(parts.hostname) and not await _is_inside(ours.hostname):
        raise _astray(url)


def is_loopback(host: str | None) -> bool:
    """Whether this names this very machine."""
    if host is None or host.lower() == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _is_inside(host: str | None) -> bool:
    """Whether a name leads to this machine or its network; a name of nobody leads nowhere."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    return not all(map(_is_public, addresses))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is out there; also what is IPv4 in the dress of IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if inner := address.ipv4_mapped or address.sixtofour:
            return _is_public(inner)
        return address in _GLOBAL and address.is_global
    never = address.is_multicast or any(address in one for one in _HOSTS)
    return address.is_global and not never


def _astray(url: str) -> McpFailure:
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.hostname or ''}"
    return McpFailure(
        f"its sign-in leads to {where:.200}, where this studio does not go",
        code="sign-in-astray",
        next_action="It has to be https, and no address of a private network.",
    )


class _Bounded(httpx2.AsyncByteStream):
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
        await self._stream.aclose()
