"""What a site lets programs read is asked once, and held to."""

import asyncio
from collections.abc import Callable

import pytest

from core.research.web.fetching import Fetcher, Limits
from core.research.web.robots import KEPT_FAILURE_S, KEPT_S, Robots
from core.research.web.views import WebProblem
from tests.core.research.web.conftest import HeldClock
from tests.support.little_web.server import LittleWeb

At = Callable[[str, str], str]


@pytest.fixture
def robots(fetcher: Fetcher, clock: HeldClock) -> Robots:
    """With nothing asked yet."""
    return Robots(fetcher, clock)


async def refused(robots: Robots, url: str) -> WebProblem:
    """Why it must not be read."""
    with pytest.raises(WebProblem) as failed:
        await robots.check(url)
    return failed.value


async def test_what_is_disallowed_is_not_read(robots: Robots, at: At) -> None:
    """A part of a site, or all of it; the rest may be."""
    await robots.check(at("atlas", "/mount-ada"))
    assert (await refused(robots, at("atlas", "/private/notes"))).code == "robots"
    assert (await refused(robots, at("closed", "/page"))).code == "robots"


async def test_a_site_without_rules_may_be_read(robots: Robots, at: At) -> None:
    """404 is no rule."""
    await robots.check(at("blog", "/climbing-ada"))


async def test_a_site_that_fails_to_say_is_not_read(robots: Robots, at: At) -> None:
    """5xx: nobody knows what it would have said (RFC 9309)."""
    failed = await refused(robots, at("faulty", "/page"))
    assert failed.code == "robots"
    assert "fails to say" in failed.message


async def test_a_site_that_can_not_be_reached_is_not_refused_for_it(
    robots: Robots, unused_tcp_port: int
) -> None:
    """Reading the page will say so itself."""
    await robots.check(f"http://atlas.localhost:{unused_tcp_port}/")


async def test_a_private_host_is_refused_without_a_question(robots: Robots, web: LittleWeb) -> None:
    """Also not for its robots.txt."""
    assert (await refused(robots, f"http://127.0.0.1:{web.port}/secret")).code == "private-address"
    assert web.asked == []


async def test_it_is_asked_once_an_hour(
    robots: Robots, web: LittleWeb, at: At, clock: HeldClock
) -> None:
    """By however many at once; what failed is asked again earlier."""
    await asyncio.gather(*(robots.check(at("atlas", f"/{n}")) for n in range(5)))
    assert web.times("atlas", "/robots.txt") == 1
    clock.seconds += KEPT_S - 1
    await robots.check(at("atlas", "/x"))
    assert web.times("atlas", "/robots.txt") == 1
    clock.seconds += 2
    await robots.check(at("atlas", "/x"))
    assert web.times("atlas", "/robots.txt") == 2

    await refused(robots, at("faulty", "/page"))
    clock.seconds += KEPT_FAILURE_S + 1
    await refused(robots, at("faulty", "/page"))
    assert web.times("faulty", "/robots.txt") == 2


async def test_what_is_known_of_sites_does_not_grow_for_ever(
    robots: Robots, at: At, web: LittleWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not by hosts that are refused."""
    monkeypatch.setattr("core.research.web.robots.MOST_SITES", 4)
    for number in range(20):
        await refused(robots, f"http://10.0.0.{number + 1}/")
        await robots.check(at(f"site{number}", "/"))
    assert len(robots._asking) <= 5
    assert len(robots._known) <= 5
    assert (await refused(robots, at("closed", "/page"))).code == "robots"


async def test_a_site_may_ask_to_be_asked_less_often(
    robots: Robots, fetcher: Fetcher, at: At, clock: HeldClock
) -> None:
    """By Crawl-delay; up to ten seconds, and no less than for others."""
    await robots.check(at("survey", "/2019"))
    clock.slept.clear()
    for _ in range(3):
        await fetcher.fetch(at("survey", "/2019"), limits=Limits(), accept="*/*")
    assert sum(clock.slept) == pytest.approx(0.5 + 3 + 3)
    fetcher.keep_apart("atlas.localhost", 3600)
    clock.slept.clear()
    for _ in range(2):
        await fetcher.fetch(at("atlas", "/norland"), limits=Limits(), accept="*/*")
    assert clock.slept == [10]
