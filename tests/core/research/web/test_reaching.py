"""Whether a provider is there is known without asking it anything."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from core.research.web.configuring import WebConfig
from core.research.web.names import Allowed
from core.research.web.reaching import demand_reachable
from core.research.web.views import WebProblem
from tests.core.gateway.tiny_upstream import nobody
from tests.core.research.web.conftest import HeldClock
from tests.core.research.web.test_providers import House, _at
from tests.support.little_web.server import LittleWeb

LOCAL = Allowed.named("*.localhost")


class Listener:
    """Takes connections, and keeps what it is told."""

    def __init__(self) -> None:
        self.told = b""
        self.taken = 0
        self.left = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the other side leaves."""
        self.taken += 1
        self.told += await reader.read()
        writer.close()
        self.left.set()


@pytest.fixture
async def house(web: LittleWeb, tmp_path: Path, clock: HeldClock) -> AsyncIterator[House]:
    """Every provider there is, on the little web."""
    house = House(web, tmp_path, clock)
    yield house
    await house.web.aclose()


async def test_a_service_is_connected_to_and_told_nothing() -> None:
    """Not a byte goes out: no question, no key, no name of a program."""
    listener = Listener()
    async with await asyncio.start_server(listener.take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await demand_reachable(f"http://s.localhost:{port}/x?q=1", resolver=None, allowed=LOCAL)
        await listener.left.wait()
    assert (listener.taken, listener.told) == (1, b"")


async def test_who_does_not_answer_is_not_waited_for() -> None:
    """Neither a name server nor a host."""

    class Silent:
        async def addresses(self, host: str, port: int) -> Sequence[str]:
            """Never."""
            await asyncio.Event().wait()
            return ()

    with pytest.raises(WebProblem, match=r"a\.example did not answer in time") as raised:
        await demand_reachable(
            "https://a.example", resolver=Silent(), allowed=Allowed(), within_s=0.01
        )
    assert raised.value.code == "timeout"


async def test_an_address_that_swallows_everything_hides_no_other() -> None:
    """As where a network has IPv6 by name alone: a search would go on to the next one."""
    listener = Listener()
    full = socket.socket()
    full.bind(("127.0.0.2", 0))
    full.listen(0)
    port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:  # its queue takes no more
        one.setblocking(False)
        one.connect_ex(("127.0.0.2", port))

    class Both:
        async def addresses(self, host: str, port: int) -> Sequence[str]:
            """The first takes nobody in."""
            return ("127.0.0.2", "127.0.0.1")

    try:
        async with await asyncio.start_server(listener.take, "127.0.0.1", port):
            await demand_reachable(f"http://s.localhost:{port}", resolver=Both(), allowed=LOCAL)
            await listener.left.wait()
    finally:
        for one in (*waiting, full):
            one.close()
    assert listener.taken == 1


async def test_nobody_goes_into_a_private_network_for_it() -> None:
    """The same check as for a search: an address that is not allowed is not connected to."""
    listener = Listener()
    async with await asyncio.start_server(listener.take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(WebProblem) as raised:
            await demand_reachable(
                f"http://s.localhost:{port}",
                resolver=None,
                allowed=Allowed.named("other.localhost"),
            )
    assert (raised.value.code, listener.taken) == ("private-address", 0)


async def test_each_kind_of_provider_says_whether_it_is_there(house: House, tmp_path: Path) -> None:
    """Services, a folder, a tool; in the order in which they were named."""
    house.secrets.put("research.brave", "k")
    house.secrets.put("research.tavily", "k")
    names = [one.name for one in house.config.providers if one.enabled]
    assert await house.web.unreached(names) == ()
    (tmp_path / "notes" / "ada.md").unlink()
    (tmp_path / "notes").rmdir()
    with nobody() as closed:
        house.config = WebConfig(
            providers=(
                _at("searxng", f"http://search.localhost:{closed}"),
                *(one for one in house.config.providers if one.name not in ("searxng", "tool")),
            )
        )
        missed = await house.web.unreached(["tool", "searxng", "notes", "wikipedia", "off"])
    assert [(one.name, one.code) for one in missed] == [
        ("tool", "unknown-provider"),
        ("searxng", "unreachable"),
        ("notes", "missing-folder"),
        ("off", "unknown-provider"),
    ]
    assert missed[1].problem.startswith("search.localhost can not be reached: ")
