"""Names become addresses in one place, and what was checked is what is connected to.

A guard that resolves a name, and a client that resolves it again, are two answers of a name server
that may differ on purpose. Here the answer is checked and then used.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from core.research.web.addresses import may_be_reached
from core.research.web.urls import Place
from core.research.web.views import WebProblem

LOOKUP_S = 10.0


class Resolver(Protocol):
    """Addresses of a host name; an empty answer when there is none."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """As text, in the order in which they should be tried."""
        ...


class SystemResolver:
    """As the machine does it. Names under `localhost` never leave it (RFC 6761)."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """As text, in the order in which they should be tried."""
        if host == "localhost" or host.endswith(".localhost"):
            return ("127.0.0.1",)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LOOKUP_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Allowed:
    """Hosts that may be private ones, because a person said so.

    "wiki.home", "wiki.home:8080", "*.home" (everything under it) or "*.home:8080".
    """

    def __init__(self, hosts: Callable[[], Iterable[str]] = tuple) -> None:
        """`hosts` is asked each time: what a person takes back holds at once."""
        self._hosts = hosts

    @classmethod
    def named(cls, *hosts: str) -> "Allowed":
        """These, for good."""
        return cls(lambda: hosts)

    def has(self, place: Place) -> bool:
        """Whether this host, on this port, was named."""
        named = {host.strip().lower().removesuffix(".") for host in self._hosts()}
        labels = place.host.split(".")
        wild = ("*." + ".".join(labels[start:]) for start in range(1, len(labels)))
        host = f"[{place.host}]" if ":" in place.host else place.host
        return any(name in named or f"{name}:{place.port}" in named for name in (host, *wild))


async def checked_addresses(place: Place, resolver: Resolver, allowed: Allowed) -> list[str]:
    """Where this host may be connected to. Raises WebProblem: private-address, unknown-host.

    One refused address refuses the host: a name with a public and a private address is a trick or
    a mistake, and neither is worth guessing about.
    """
    found = await _looked_up(place, resolver)
    own = allowed.has(place)
    if not all(may_be_reached(address, own=own) for address in found):
        raise WebProblem(
            f"{place.host} is in a private network and is not read",
            code="private-address",
            next_action="If it is yours and should be read, add it to the allowed private hosts.",
        )
    return found


async def _looked_up(place: Place, resolver: Resolver) -> list[str]:
    try:
        found = list(await resolver.addresses(place.host, place.port))
    except (OSError, TimeoutError, UnicodeError):
        found = []
    if not found:
        raise WebProblem(
            f"There is no host called {place.host}, or the name can not be looked up",
            code="unknown-host",
            next_action="Check the address and this machine's connection.",
        )
    return found
