"""Whether somebody is there at all: a connection, and not a word on it.

It goes where a search would go anyway, through the same check of names and addresses; nothing of
what is asked is in it.
"""

import asyncio
import contextlib

from core.research.web.guarded import certificates, way_to
from core.research.web.names import Allowed, Resolver, SystemResolver
from core.research.web.proxies import Proxies, Proxy, no_proxies
from core.research.web.urls import parsed
from core.research.web.views import WebProblem

REFUSED = "the connection is refused or fails"
REACH_S = 3.0  # a look-up and a handshake of somebody who is there take a tenth of it


async def demand_reachable(
    url: str,
    *,
    resolver: Resolver | None,
    allowed: Allowed,
    proxies: Proxies | None = None,
    within_s: float = REACH_S,
) -> None:
    """Raises WebProblem where nobody takes a connection at this address in time."""
    _, place = parsed(url)
    proxy: Proxy | None = None
    try:
        async with asyncio.timeout(within_s):
            found, proxy = await way_to(
                place, resolver or SystemResolver(), allowed, proxies or no_proxies()
            )
            await _connect(found, place.port, proxy)
    except TimeoutError:
        raise WebProblem(
            f"{place.host} did not answer in time",
            code="timeout",
            next_action="Try again later or use another source.",
        ) from None
    except OSError as failure:
        why = str(failure) if proxy is not None else REFUSED
        raise WebProblem(
            f"{place.host} can not be reached: {why}",
            code="unreachable",
            next_action="Check the address and this machine's connection.",
        ) from None


async def _connect(addresses: list[str], port: int, proxy: Proxy | None) -> None:
    """Until one of them takes it; all at once, for one may swallow whatever it is told."""
    tries = [asyncio.ensure_future(_connect_to(address, port, proxy)) for address in addresses]
    failure: OSError | None = None
    try:
        for one in asyncio.as_completed(tries):
            try:
                await one
            except OSError as problem:
                failure = problem
            else:
                return
    finally:
        for left in tries:
            left.cancel()
        await asyncio.gather(*tries, return_exceptions=True)
    raise failure or OSError("there is no address")


async def _connect_to(address: str, port: int, proxy: Proxy | None) -> None:
    if proxy is not None:
        await _through(proxy, address, port)
        return
    _, writer = await asyncio.open_connection(address, port)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _through(proxy: Proxy, address: str, port: int) -> None:
    from core.research.web.tunnels import demand_tunnel

    await demand_tunnel(proxy, address, port, certificates())
