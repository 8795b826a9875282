"""Every spelling of a private place is refused, and nothing is asked of it.

The little web listens on 127.0.0.1 while these run: a spelling that came through would find it.
"""

from collections.abc import Sequence

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.research.web.fetching import Fetcher
from core.research.web.guarded import GuardedTransport
from core.research.web.names import Allowed
from core.research.web.politeness import Politeness
from core.research.web.reader import WebReader
from core.research.web.robots import Robots
from core.research.web.views import WebProblem
from tests.core.research.web.conftest import QUICK, Answers, HeldClock, ReadingHere
from tests.support.little_web.server import LittleWeb

SPELLINGS = (
    "127.0.0.1",
    "127.0.0.2",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7F.0x0.0x0.0x1",
    "0177.0.0.1",
    "017700000001",
    "00000177.0.0.01",
    "0",
    "0.0.0.0",
    "000.0.0.0",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "LocalHost.",
    "foo.localhost",
    "ip6-localhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[::1%25lo]",
    "[::1%lo]",
    "[fe80::1%25eth0]",
    "[v1.127.0.0.1]",
    "127。0。0。1",
    "127．0．0．1",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "127.0.0.1.",
    "127.0.0.1..",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "localhost%00.example",
    "localhost%2eexample",
    "ⓛocalhost",
    "loc\u00adalhost",
    "local\u200bhost",
    "user@127.0.0.1",
    "a.example@127.0.0.1",
    "127.0.0.1#@a.example",
    "127.0.0.1?@a.example",
    "a.example:80@127.0.0.1",
    "a.example\\@127.0.0.1",
    "a.example\t@127.0.0.1",
    "127.0.0.1\\.a.example",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "0xA9FEA9FE",
    "2852039166",
    "metadata.google.internal",
    "10.1.2.3",
    "192.168.0.1",
)


@pytest.fixture
def strict(clock: HeldClock) -> WebReader:
    """A reader to which nobody has allowed anything; the machine's own names are the system's."""
    fetcher = Fetcher(GuardedTransport(), Politeness(clock, sleep=clock.sleep))
    return WebReader(
        fetcher=fetcher, robots=Robots(fetcher, clock), workers=ReadingHere(), clock=clock
    )


async def outcome(fetcher: Fetcher, url: str) -> int | str:
    """The status that came, or the code of the refusal."""
    try:
        return (await fetcher.fetch(url, limits=QUICK, accept="*/*")).status
    except WebProblem as refused:
        return refused.code


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("scheme", ["http", "https", "HTTP"])
async def test_no_spelling_reaches_this_machine(
    strict: WebReader, web: LittleWeb, host: str, scheme: str
) -> None:
    """By number, by name, in brackets, in disguise, behind somebody's name."""
    for url in (f"{scheme}://{host}:{web.port}/secret", f"{scheme}:{host}/", f"//{host}/"):
        with pytest.raises(WebProblem) as refused:
            await strict.read(url)
        assert refused.value.code in ("bad-url", "private-address", "unknown-host")
    assert web.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "//127.0.0.1:{port}/secret",
        "http:127.0.0.1:{port}/secret",
        "\\\\127.0.0.1:{port}\\secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://rebound.example:{port}/secret",
        "http://user:pass@127.0.0.1:{port}/secret",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "data:text/html,hello",
        "http://127.0.0.1:{port}/secret\r\nX-Injected: yes",
        "",
    ],
)
async def test_no_redirect_reaches_it_either(
    web: LittleWeb, clock: HeldClock, location: str
) -> None:
    """From a public page, in any spelling; also by a name whose address is private."""
    hops: list[str] = []

    class Public(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            hops.append(request.url.host)
            headers = [(b"location", location.format(port=web.port).encode())]
            return httpx.Response(302, headers=headers, stream=httpx.ByteStream(b""))

    names = Answers(public_example=["93.184.216.34"], rebound_example=["127.0.0.1"])
    transport = GuardedTransport(resolver=names, allowed=Allowed(), open_transport=Public)
    fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
    came = await outcome(fetcher, "http://public.example/")
    assert came in (302, "bad-url", "private-address", "redirects")  # 302: not followed at all
    assert set(hops) == {"93.184.216.34"}
    assert web.asked == []


@given(
    host=st.text(alphabet="0123456789abcdefxX.:[]%@/\\#?。\u200b \t", max_size=24),
    rest=st.text(alphabet="127.0.0.1:@/\\", max_size=16),
)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_text_is_refused_or_goes_where_it_was_checked(host: str, rest: str) -> None:
    """Whatever a URL looks like: only the one public address is ever connected to."""
    hops: list[str] = []

    class Wire(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            hops.append(request.url.host)
            return httpx.Response(200, stream=httpx.ByteStream(b""))

    class Everywhere(Answers):
        async def addresses(self, host: str, port: int) -> Sequence[str]:
            return await super().addresses(host, port) or ["93.184.216.34"]

    clock = HeldClock()
    transport = GuardedTransport(resolver=Everywhere(), open_transport=Wire)
    fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
    came = await outcome(fetcher, f"http://{host}{rest}")
    assert (came == 200) is bool(hops)
    for hop in hops:
        assert not hop.startswith(("127.", "10.", "192.168.", "169.254.", "0.", "::"))


@pytest.mark.parametrize(
    "headers",
    [
        [(b"set-cookie", b"a=b; Domain=example"), (b"set-cookie", b"c=d")],
        [(b"content-length", b"-5")],
        [(b"content-type", b"text/html; charset=\x00\xff")],
        [(b"content-encoding", b"gzip, gzip")],
        [(b"retry-after", b"999999999999999999999999")],
        [(b"location", b"\xff\xfe")],
        [(b"x", b"y" * 60_000)],
    ],
)
async def test_strange_headers_break_nothing(
    clock: HeldClock, headers: list[tuple[bytes, bytes]]
) -> None:
    """A page, or a reason; and no cookie is ever sent back."""
    sent: list[httpx.Headers] = []

    class Wire(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request.headers)
            return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"<p>hello</p>"))

    transport = GuardedTransport(resolver=Answers(a_example=["93.184.216.34"]), open_transport=Wire)
    fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
    for _ in range(2):
        assert await outcome(fetcher, "http://a.example/") in (200, "unsupported")
    assert all("cookie" not in one for one in sent)
