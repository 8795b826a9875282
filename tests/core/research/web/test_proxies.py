"""Through a proxy nothing is reached that the guard refuses, and it is told addresses alone."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.research.web import guarded
from core.research.web.fetching import Fetched, Fetcher, Limits
from core.research.web.guarded import GuardedTransport
from core.research.web.names import Allowed
from core.research.web.politeness import Politeness
from core.research.web.proxies import Proxies, Proxy
from core.research.web.reaching import demand_reachable
from core.research.web.urls import parsed
from core.research.web.views import WebProblem
from tests.core.gateway.tiny_upstream import nobody
from tests.core.research.web.conftest import Answers, HeldClock
from tests.support.little_web.server import LittleWeb

PUBLIC = "93.184.216.34"
NAMES = Answers(a_example=[PUBLIC], atlas_localhost=[PUBLIC], inside_example=["10.0.0.7"])
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Tunneller:
    """A proxy; every address is a page of its own, or the server at `leads_to`."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"
        self.page = PAGE
        self.leads_to = 0
        self.heads: list[str] = []
        self.requests: list[str] = []
        self.port = 0
        self._taken: set[asyncio.Task[None]] = set()

    @property
    def asked(self) -> list[str]:
        """What it was asked for."""
        return [one.partition("\r\n")[0] for one in self.heads]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task: asyncio.Task[None] = asyncio.ensure_future(self._serve(reader, writer))
        self._taken.add(task)
        task.add_done_callback(self._taken.discard)

    async def over(self) -> None:
        """Until nobody is led anywhere any more: who is at the other end may then go."""
        while self._taken:
            await asyncio.wait(self._taken)

    async def close(self) -> None:
        """Let go of whoever is still there."""
        taken = tuple(self._taken)
        for task in taken:
            task.cancel()
        await asyncio.gather(*taken, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            await self._answered(reader, writer)

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self.answer)
            await writer.drain()
            if self.leads_to:
                await self._led(reader, writer)
            elif b" 200 " in self.answer:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(self.page)
                await writer.drain()

    async def _led(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.leads_to)

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
            target.close()

        with contextlib.closing(back):
            await asyncio.gather(pump(reader, back), pump(there, writer))


@pytest.fixture
async def proxy() -> AsyncIterator[Tunneller]:
    """Listening."""
    made = Tunneller()
    async with await asyncio.start_server(made.take, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made
        await made.close()


@pytest.fixture
def fetch(proxy: Tunneller, clock: HeldClock) -> Callable[[str], asyncio.Future[Fetched]]:
    """Through the proxy, where it is meant to."""

    def asked(url: str) -> asyncio.Future[Fetched]:
        transport = GuardedTransport(
            resolver=NAMES, allowed=Allowed.named("*.home"), proxies=through(proxy.port)
        )
        fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
        return asyncio.ensure_future(fetcher.fetch(url, limits=Limits(), accept="*/*"))

    return asked


def through(port: int, user: str = "") -> Proxies:
    """An environment that names it."""
    told = {"ALL_PROXY": f"http://{user}127.0.0.1:{port}"}
    return Proxies(lambda: told)


Fetch = Callable[[str], asyncio.Future[Fetched]]


async def test_a_page_is_read_through_a_tunnel_to_its_checked_address(
    proxy: Tunneller, fetch: Fetch
) -> None:
    """The proxy never learns the name from us; the page is asked for by it."""
    got = await fetch("http://a.example/path")
    assert (got.status, got.body) == (200, b"ok")
    assert proxy.asked == [f"CONNECT {PUBLIC}:80 HTTP/1.1"]
    assert "a.example" not in proxy.heads[0]
    assert "Proxy-Authorization" not in proxy.heads[0]
    assert proxy.requests[0].startswith("GET /path HTTP/1.1\r\n")
    assert "\r\nhost: a.example\r\n" in proxy.requests[0].lower()


@pytest.mark.parametrize(
    "url",
    ["http://inside.example/", "http://10.0.0.7/", "http://169.254.169.254/", "http://[::1]/"],
)
async def test_a_proxy_is_never_asked_for_a_private_address(
    proxy: Tunneller, fetch: Fetch, url: str
) -> None:
    """Nor is one reached by a redirect of a page that was."""
    with pytest.raises(WebProblem) as refused:
        await fetch(url)
    assert refused.value.code == "private-address"
    assert proxy.asked == []
    proxy.page = f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(WebProblem) as refused:
        await fetch("http://a.example/")
    assert refused.value.code == "private-address"
    assert len(proxy.asked) == 1


async def test_who_is_in_ones_own_network_is_reached_without(
    proxy: Tunneller, web: LittleWeb, clock: HeldClock
) -> None:
    """A proxy has another network around it than this machine."""
    transport = GuardedTransport(allowed=Allowed.named("*.localhost"), proxies=through(proxy.port))
    fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
    got = await fetcher.fetch(web.url("atlas", "/mount-ada"), limits=Limits(), accept="*/*")
    assert got.status == 200
    assert proxy.asked == []


async def test_a_certificate_is_checked_through_the_tunnel(
    proxy: Tunneller,
    fetch: Fetch,
    secure: LittleWeb,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From end to end, for the name of the page: a proxy can put nothing in its place."""
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(guarded, "certificates", lambda: context)
    proxy.leads_to = secure.port
    got = await fetch(f"https://atlas.localhost:{secure.port}/mount-ada")
    assert got.status == 200
    assert proxy.asked == [f"CONNECT {PUBLIC}:{secure.port} HTTP/1.1"]
    with pytest.raises(WebProblem, match="certificate"):
        await fetch(f"https://a.example:{secure.port}/mount-ada")
    await proxy.over()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy refuses the connection (403)"),
        (b"HTTP/1.1 407 Who?\r\n\r\n", "the proxy wants a user name and a password"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the proxy does not answer as one"),
        (b"", "the proxy does not answer as one"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000, "the proxy does not answer as one"),
    ],
)
async def test_what_a_proxy_refuses_is_said(
    proxy: Tunneller, fetch: Fetch, answer: bytes, why: str
) -> None:
    """As its refusal, not as the page's."""
    proxy.answer = answer
    with pytest.raises(WebProblem) as refused:
        await fetch("http://a.example/")
    assert refused.value.message == f"a.example can not be reached: {why}"


async def test_a_proxy_that_is_not_there_is_said(clock: HeldClock) -> None:
    """By its address, without its password."""
    with nobody() as port:
        proxies = through(port, "me:secret@")
        transport = GuardedTransport(resolver=NAMES, proxies=proxies)
        fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
        with pytest.raises(WebProblem) as refused:
            await fetcher.fetch("http://a.example/", limits=Limits(), accept="*/*")
    assert f"the proxy 127.0.0.1:{port} can not be reached" in refused.value.message
    assert "secret" not in refused.value.message
    assert "secret" not in repr(proxies.to(parsed("http://a.example/")[1]))


async def test_a_proxy_is_told_who_asks_where_the_environment_says_it(
    proxy: Tunneller, clock: HeldClock
) -> None:
    """And the page is not."""
    transport = GuardedTransport(resolver=NAMES, proxies=through(proxy.port, "me:p%40ss@"))
    fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
    await fetcher.fetch("http://a.example/", limits=Limits(), accept="*/*")
    assert "Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in proxy.heads[0]
    assert "authorization" not in proxy.requests[0].lower()


async def test_a_name_that_only_the_proxy_knows_is_not_reached_and_said_so(fetch: Fetch) -> None:
    """Nobody here could check what it stands for."""
    with pytest.raises(WebProblem) as refused:
        await fetch("http://b.example/")
    assert refused.value.code == "unknown-host"
    assert "looked up on this machine" in refused.value.next_action


async def test_whether_a_service_is_there_is_seen_through_the_proxy(proxy: Tunneller) -> None:
    """Otherwise behind one nothing would ever be."""
    url, proxies = "https://a.example/search", through(proxy.port)
    nothing = Allowed()
    await demand_reachable(url, resolver=NAMES, allowed=nothing, proxies=proxies)
    assert proxy.asked == [f"CONNECT {PUBLIC}:443 HTTP/1.1"]
    proxy.answer = b"HTTP/1.1 502 Bad Gateway\r\n\r\n"
    with pytest.raises(WebProblem, match=re.escape("refuses the connection (502)")):
        await demand_reachable(url, resolver=NAMES, allowed=nothing, proxies=proxies)


async def test_a_proxy_that_breaks_off_is_said() -> None:
    """Where it resets the connection, and where it is only seen whether a service is there."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    async with await asyncio.start_server(reset, "127.0.0.1", 0) as server:
        proxies = through(server.sockets[0].getsockname()[1])
        with pytest.raises(WebProblem, match="reached: the proxy broke off"):
            await demand_reachable(
                "https://a.example/", resolver=NAMES, allowed=Allowed(), proxies=proxies
            )


@pytest.mark.parametrize(
    ("environment", "url", "reached"),
    [
        ({}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://a.example", "p:3128"),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://a.example", None),
        ({"http_proxy": "q:8080", "HTTP_PROXY": "http://p:1"}, "http://a.example", "q:8080"),
        ({"all_proxy": "https://p"}, "http://a.example", "p:443"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, "http://a.example", None),
        ({"ALL_PROXY": "http://p:1", "no_proxy": "b.example, .example"}, "http://a.example", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "example"}, "http://an-example", "p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "a.example:81"}, "http://a.example", "p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "93.184.0.0/16"}, f"http://{PUBLIC}", None),
        ({"ALL_PROXY": " ", "HTTP_PROXY": ""}, "http://a.example", None),
    ],
)
def test_the_environment_says_which(
    environment: dict[str, str], url: str, reached: str | None
) -> None:
    """As it does to other programs."""
    proxy = Proxies(lambda: environment).to(parsed(url)[1])
    assert (proxy.name if proxy is not None else None) == reached
    assert proxy is None or isinstance(proxy, Proxy)


@pytest.mark.parametrize("told", ["socks5://p:1080", "http://p:x", "http://", "ftp://p:21"])
def test_what_is_no_proxy_that_is_used_here_is_refused(told: str) -> None:
    """Going around it would show to the web what it was to hide."""
    with pytest.raises(WebProblem) as refused:
        Proxies(lambda: {"ALL_PROXY": told}).to(parsed("http://a.example")[1])
    assert refused.value.code == "proxy"
    assert "HTTPS_PROXY" in refused.value.next_action
