"""One thing from one address: within limits, hop by hop, without a cookie."""

from collections.abc import Callable

import httpx
import pytest

from core.research.web.decoding import decoder
from core.research.web.fetching import AGENT, Fetched, Fetcher, Limits
from core.research.web.guarded import GuardedTransport
from core.research.web.names import Allowed
from core.research.web.politeness import Politeness
from core.research.web.views import WebProblem
from tests.core.research.web.conftest import QUICK, Answers, HeldClock
from tests.support.little_web.server import LittleWeb

At = Callable[[str, str], str]
SMALL = Limits(connect_s=5, read_s=5, whole_s=20, most_bytes=100_000)


async def got(fetcher: Fetcher, url: str, limits: Limits = QUICK) -> Fetched:
    """What is there."""
    return await fetcher.fetch(url, limits=limits, accept="text/html")


async def problem(fetcher: Fetcher, url: str, limits: Limits = QUICK) -> WebProblem:
    """Why it could not be had."""
    with pytest.raises(WebProblem) as failed:
        await got(fetcher, url, limits)
    assert failed.value.next_action
    return failed.value


async def test_it_says_who_it_is_and_sends_nothing_of_the_person(
    fetcher: Fetcher, web: LittleWeb, at: At
) -> None:
    """An honest agent, no cookie, no referrer, no credentials."""
    await got(fetcher, at("atlas", "/mount-ada"))
    headers = web.asked[0].headers
    assert headers["user-agent"].startswith(f"{AGENT}/")
    assert headers["host"] == f"atlas.localhost:{web.port}"
    assert not {"cookie", "referer", "authorization", "from", "origin"} & headers.keys()


async def test_redirects_are_followed_at_most_five_times(fetcher: Fetcher, at: At) -> None:
    """Five are, the sixth is not, and circles end."""
    there = await got(fetcher, at("detour", "/chain/5"))
    assert (there.status, there.url) == (200, at("detour", "/chain/0"))
    assert (await problem(fetcher, at("detour", "/chain/6"))).code == "redirects"
    assert (await problem(fetcher, at("detour", "/a"))).code == "redirects"


@pytest.mark.parametrize(
    ("path", "code"),
    [("/home", "private-address"), ("/metadata", "private-address"), ("/file", "bad-url")],
)
async def test_a_detour_to_a_private_place_is_refused(
    fetcher: Fetcher, web: LittleWeb, at: At, path: str, code: str
) -> None:
    """Each hop is checked like the first; this machine's secret is never asked for."""
    assert (await problem(fetcher, at("detour", path))).code == code
    assert web.hosts() == {"detour"}


async def test_every_hop_is_asked_about_first(fetcher: Fetcher, at: At) -> None:
    """What may say no sees each address before a request goes there."""
    seen: list[str] = []

    async def before(url: str) -> None:
        seen.append(url)

    await fetcher.fetch(at("survey", "/old"), limits=QUICK, accept="*/*", before=before)
    assert seen == [at("survey", "/old"), at("survey", "/2019")]


async def test_a_key_does_not_follow_a_redirect(fetcher: Fetcher, web: LittleWeb, at: At) -> None:
    """Nor does what was posted."""
    await fetcher.fetch(
        at("survey", "/old"),
        limits=QUICK,
        accept="*/*",
        method="POST",
        headers={"Authorization": "Bearer secret"},
        content=b"the question",
    )
    first, second = web.asked
    assert (first.method, first.body) == ("POST", b"the question")
    assert (second.method, second.body) == ("GET", b"")
    assert "authorization" not in second.headers


@pytest.mark.parametrize("path", ["/endless", "/bomb", "/diary"])
async def test_a_body_is_cut_at_the_limit(fetcher: Fetcher, at: At, path: str) -> None:
    """However long it would go on, and however small it was packed."""
    there = await got(fetcher, at("huge", path), SMALL)
    assert len(there.body) == SMALL.most_bytes
    assert there.cut


async def test_a_body_that_just_fits_is_whole(fetcher: Fetcher, at: At) -> None:
    """The limit is not one less."""
    whole = await got(fetcher, at("atlas", "/mount-ada"))
    size = len(whole.body)
    same = await got(fetcher, at("atlas", "/mount-ada"), Limits(most_bytes=size))
    assert (same.body, same.cut) == (whole.body, False)
    less = await got(fetcher, at("atlas", "/mount-ada"), Limits(most_bytes=size - 1))
    assert (less.body, less.cut) == (whole.body[:-1], True)


async def test_what_is_not_wanted_is_not_loaded(fetcher: Fetcher, at: At) -> None:
    """The head of the answer decides."""

    def heed(status: int, headers: object) -> int:
        raise WebProblem("no", code="unsupported")

    with pytest.raises(WebProblem) as refused:
        await fetcher.fetch(at("huge", "/endless"), limits=QUICK, accept="*/*", heed=heed)
    assert refused.value.code == "unsupported"


async def test_compression_is_undone(fetcher: Fetcher, at: At) -> None:
    """And what can not be is said to be so."""
    packed = await got(fetcher, at("survey", "/packed"))
    assert packed.body == (await got(fetcher, at("survey", "/2019"))).body
    assert (await problem(fetcher, at("broken", "/garbage"))).code == "unreadable"
    assert (await problem(fetcher, at("broken", "/brotli"))).code == "unsupported"


def test_a_bomb_is_unpacked_only_as_far_as_it_is_wanted() -> None:
    """No step makes more than it was allowed, at the first bytes or later."""
    import zlib

    for wbits in (31, 15, -15):
        packer = zlib.compressobj(9, wbits=wbits)
        packed = packer.compress(bytes(50_000_000)) + packer.flush()
        unpack = decoder("gzip" if wbits == 31 else "deflate")
        assert len(unpack.feed(packed[:1000], 5000)) <= 5000
        assert len(unpack.feed(packed[1000:], 5000)) <= 5000
        assert unpack.feed(b"", 5000) == b""


@pytest.mark.parametrize(
    ("path", "limits"),
    [("/never", Limits(read_s=0.05)), ("/drip", Limits(whole_s=0.2, read_s=5))],
)
async def test_nobody_is_waited_for_without_end(
    fetcher: Fetcher, at: At, path: str, limits: Limits
) -> None:
    """Neither for silence, nor for a page that comes letter by letter."""
    assert (await problem(fetcher, at("slow", path), limits)).code == "timeout"


async def test_a_connection_that_breaks_off_is_no_page(fetcher: Fetcher, at: At) -> None:
    """Half of it would be read as all of it."""
    assert (await problem(fetcher, at("broken", "/cut-off"))).code == "unreachable"


async def test_where_nobody_listens_is_said(fetcher: Fetcher, unused_tcp_port: int) -> None:
    """With what to do."""
    failed = await problem(fetcher, f"http://atlas.localhost:{unused_tcp_port}/")
    assert failed.code == "unreachable"
    assert "atlas.localhost" in failed.message


async def test_a_short_rest_is_given_and_the_host_asked_again(
    fetcher: Fetcher, web: LittleWeb, at: At, clock: HeldClock
) -> None:
    """Two seconds, once."""
    there = await got(fetcher, at("news", "/busy"), Limits(patience_s=5))
    assert there.status == 200
    assert clock.slept == [2.0]
    assert web.times("news", "/busy") == 2


async def test_a_long_rest_is_respected_from_then_on(
    fetcher: Fetcher, web: LittleWeb, at: At, clock: HeldClock
) -> None:
    """The answer is handed on; the next request to that host is not made."""
    there = await got(fetcher, at("news", "/busy-for-long"), Limits(patience_s=5))
    assert there.status == 429
    resting = await problem(fetcher, at("news", "/2020/new-height"))
    assert resting.code == "too-many-requests"
    assert resting.retry_after == pytest.approx(86_400)
    assert len(web.asked) == 1
    clock.seconds += 86_401
    assert (await got(fetcher, at("news", "/2020/new-height"))).status == 200


async def test_failures_of_the_network_are_sentences(clock: HeldClock) -> None:
    """None of them leaves as an exception of a library."""
    failures = (
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"),
        httpx.ReadError("x"),
        httpx.RemoteProtocolError("x"),
        httpx.ReadTimeout("x"),
        OSError(5, "x"),
    )
    for failure in failures:

        class Broken(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                raise failure  # noqa: B023 - made and used within one turn of the loop

        transport = GuardedTransport(
            resolver=Answers(a_example=["93.184.216.34"]),
            allowed=Allowed(),
            open_transport=Broken,
        )
        fetcher = Fetcher(transport, Politeness(clock, sleep=clock.sleep))
        failed = await problem(fetcher, "http://a.example/")
        assert failed.code in ("unreachable", "timeout")
