"""One thing from one address: over the guard, within limits of time and size, hop by hop.

1. The URL is checked, the host is given its turn, `before` may say no (robots.txt).
2. The guard resolves, checks and connects.
3. A redirect is a new URL and begins at 1; at most five.
4. `heed` looks at the answer's head: it says how much of the body is wanted, or that none is.
5. The body is unpacked while it comes and cut at the limit, whatever `Content-Length` promised.
6. A host that wants a short rest is given it, once, and asked again.

No cookies are kept and no credentials are sent, except headers that the caller gives for the first
hop: a key for a search service does not follow a redirect.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from core.research.web import decoding
from core.research.web.guarded import GuardedTransport
from core.research.web.politeness import Politeness
from core.research.web.urls import Place, parsed
from core.research.web.views import WebProblem
from core.version import studio_version

if TYPE_CHECKING:
    import httpx

AGENT = "vLLM-Studio"
MOST_HOPS = 5
CHUNK = 64 * 1024

Before = Callable[[str], Awaitable[None]]
Heed = Callable[[int, Mapping[str, str]], int]  # status and headers; the most bytes that are wanted


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how much."""

    connect_s: float = 10.0
    read_s: float = 20.0  # of silence
    whole_s: float = 60.0  # one hop, without waiting for one's turn
    most_bytes: int = 8 * 2**20  # unpacked
    patience_s: float = 0.0  # a rest that a host asks for and that is waited for


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What came."""

    url: str  # of the last hop
    status: int
    headers: dict[str, str]  # lower case
    body: bytes
    cut: bool  # there was more
    rest_s: float | None = None  # the host wants to be left alone so long


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, and what is made of what comes back."""

    method: str
    content: bytes
    headers: dict[str, str]
    limits: Limits
    heed: Heed


class Fetcher:
    """Asks for things. Loop-bound; holds nothing open between requests."""

    def __init__(self, transport: GuardedTransport, politeness: Politeness) -> None:
        self._transport = transport
        self._politeness = politeness

    async def fetch(
        self,
        url: str,
        *,
        limits: Limits,
        accept: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        before: Before | None = None,
        heed: Heed | None = None,
    ) -> Fetched:
        """What is there in the end, whatever its status. Raises WebProblem."""
        await asyncio.to_thread(import_module, "httpx")  # 40 ms the first time
        asked = _Asked(
            method=method,
            content=content,
            headers={**_headers(accept), **(headers or {})},
            limits=limits,
            heed=heed or (lambda status, headers: limits.most_bytes),
        )
        for _ in range(MOST_HOPS + 1):
            known, place = parsed(url)
            if before is not None:
                await before(url)
            got = await self._patient_hop(known, place, asked)
            if isinstance(got, Fetched):
                return got
            url, asked = got, _next_hop(asked, sent=_headers(accept))
        raise _redirects()

    def keep_apart(self, host: str, seconds: float) -> None:
        """Ask this host less often than others."""
        self._politeness.keep_apart(host, seconds)

    async def _patient_hop(self, url: "httpx.URL", place: Place, asked: _Asked) -> Fetched | str:
        got = await self._hop(url, place, asked)
        if isinstance(got, str) or got.rest_s is None or got.rest_s > asked.limits.patience_s:
            return got
        return await self._hop(url, place, asked)

    async def _hop(self, url: "httpx.URL", place: Place, asked: _Asked) -> Fetched | str:
        import httpx

        limits = asked.limits
        request = httpx.Request(
            asked.method,
            url.copy_with(fragment=None),
            headers=asked.headers,
            content=asked.content or None,
            extensions={"timeout": _timeouts(limits)},
        )
        turn = self._politeness.turn(place.host, patience_s=limits.patience_s)
        sent = self._transport.answering(request)
        async with turn, _in_words(place.host, limits), sent as response:
            return await self._answer(url, place, response, asked.heed)

    async def _answer(
        self, url: "httpx.URL", place: Place, response: "httpx.Response", heed: Heed
    ) -> Fetched | str:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code in (301, 302, 303, 307, 308) and headers.get("location"):
            return joined(url, headers["location"])
        rest_s = None
        if response.status_code in (429, 503) and headers.get("retry-after"):
            rest_s = self._politeness.rest(place.host, headers["retry-after"])
        body, cut = await _body(response, heed(response.status_code, headers))
        return Fetched(
            url=str(url.copy_with(fragment=None)),
            status=response.status_code,
            headers=headers,
            body=body,
            cut=cut,
            rest_s=rest_s,
        )


def _headers(accept: str) -> dict[str, str]:
    return {
        "User-Agent": f"{AGENT}/{studio_version()} (research for one person; reads robots.txt)",
        "Accept": accept,
        "Accept-Encoding": decoding.ACCEPTED,
        "Accept-Language": "en, de;q=0.8, zh;q=0.8, *;q=0.5",
        "Connection": "close",
    }


def _next_hop(asked: _Asked, *, sent: dict[str, str]) -> _Asked:
    """Always a plain GET without the caller's headers: neither a key nor a query is sent on."""
    return msgspec.structs.replace(asked, method="GET", content=b"", headers=sent)


def _timeouts(limits: Limits) -> dict[str, float | None]:
    import httpx

    return httpx.Timeout(
        connect=limits.connect_s, read=limits.read_s, write=limits.read_s, pool=limits.connect_s
    ).as_dict()


def joined(url: "httpx.URL | str", location: str) -> str:
    """Where a page sends to. Raises WebProblem where that is nowhere."""
    import httpx

    try:
        return str(httpx.URL(url).join(location))
    except (httpx.InvalidURL, ValueError):
        raise WebProblem(
            "The page redirects to an address that can not be read",
            code="redirects",
            next_action="Use another source.",
        ) from None


async def _body(response: "httpx.Response", most: int) -> tuple[bytes, bool]:
    """At most `most` unpacked bytes, and whether there was more."""
    unpack = decoding.decoder(response.headers.get("content-encoding", ""))
    body = bytearray()
    async for chunk in response.aiter_raw(CHUNK):
        body += unpack.feed(chunk, most + 1 - len(body))
        if len(body) > most:
            return bytes(body[:most]), True
    return bytes(body), False


@asynccontextmanager
async def _in_words(host: str, limits: Limits) -> AsyncIterator[None]:
    """What a network can do wrong, as a sentence; and an end to it."""
    import httpx

    try:
        async with asyncio.timeout(limits.whole_s):
            yield
    except (TimeoutError, httpx.TimeoutException):
        raise WebProblem(
            f"{host} did not answer in time",
            code="timeout",
            next_action="Try again later or use another source.",
        ) from None
    except (httpx.TransportError, httpx.StreamError, ssl.SSLError, OSError) as failure:
        raise WebProblem(
            f"{host} can not be reached: {_why(failure)}",
            code="unreachable",
            next_action="Check the address and this machine's connection.",
        ) from None


def _why(failure: Exception) -> str:
    import httpx

    text = str(failure)
    if "CERTIFICATE" in text or "certificate" in text:
        return "its certificate is not valid"
    if isinstance(failure, httpx.ProxyError):
        return text  # one of ours, in `tunnels.py`
    if isinstance(failure, httpx.ConnectError):
        return "the connection is refused or fails"
    return "the connection broke off"


def _redirects() -> WebProblem:
    return WebProblem(
        f"The page redirects more than {MOST_HOPS} times",
        code="redirects",
        next_action="Use another source.",
    )
