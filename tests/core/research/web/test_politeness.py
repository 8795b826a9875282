"""A host is asked by two at once, a little apart, and not before it said."""

import asyncio

import pytest

from core.research.web.politeness import AT_ONCE, LONGEST_REST_S, Politeness, seconds_of
from core.research.web.views import WebProblem
from tests.core.research.web.conftest import HeldClock


async def test_no_more_than_two_are_at_one_host(clock: HeldClock) -> None:
    """A third waits until one is through; another host is not concerned."""
    polite = Politeness(clock, apart_s=0, sleep=clock.sleep)
    inside: list[str] = []
    leave = asyncio.Event()

    async def visit(host: str) -> None:
        async with polite.turn(host):
            inside.append(host)
            await leave.wait()

    async with asyncio.TaskGroup() as tasks:
        for host in ("a", "a", "a", "b"):
            tasks.create_task(visit(host))
        for _ in range(10):
            await asyncio.sleep(0)
        assert inside.count("a") == AT_ONCE
        assert inside.count("b") == 1
        leave.set()
    assert inside.count("a") == 3


async def test_requests_to_one_host_are_apart(clock: HeldClock) -> None:
    """The second waits for what is left of the pause, the one after a pause does not."""
    polite = Politeness(clock, apart_s=0.5, sleep=clock.sleep)
    for _ in range(2):
        async with polite.turn("a"):
            clock.seconds += 0.2
    assert clock.slept == [pytest.approx(0.3)]
    clock.seconds += 60
    async with polite.turn("a"), polite.turn("b"):
        pass
    assert len(clock.slept) == 1


async def test_a_host_that_wants_rest_is_left_alone(clock: HeldClock) -> None:
    """Who asks meanwhile is told for how long, without a request; afterwards it is asked again."""
    polite = Politeness(clock, apart_s=0, sleep=clock.sleep)
    assert polite.rest("a", "30") == 30
    with pytest.raises(WebProblem) as resting:
        async with polite.turn("a"):
            pytest.fail("it was asked")
    assert resting.value.code == "too-many-requests"
    assert resting.value.retry_after == 30
    async with polite.turn("b"):
        pass
    clock.seconds += 31
    async with polite.turn("a"):
        pass
    assert clock.slept == []


async def test_a_short_rest_is_waited_for(clock: HeldClock) -> None:
    """By who has the patience."""
    polite = Politeness(clock, apart_s=0, sleep=clock.sleep)
    polite.rest("a", "3")
    async with polite.turn("a", patience_s=5):
        assert clock.slept == [3]


async def test_what_is_known_of_hosts_does_not_grow_for_ever(clock: HeldClock) -> None:
    """Hosts to which nothing is owed are forgotten; one that rests is not."""
    polite = Politeness(clock, sleep=clock.sleep)
    polite.rest("tired", "3600")
    for number in range(10_000):
        clock.seconds += 0.01
        async with polite.turn(f"host{number}"):
            pass
    assert len(polite._hosts) < 5000
    with pytest.raises(WebProblem):
        async with polite.turn("tired"):
            pytest.fail("it was asked")


def test_retry_after_is_a_number_or_a_date(clock: HeldClock) -> None:
    """Anything else is nothing; a date that has passed is now; nobody rests for a year."""
    now = clock.now()
    assert seconds_of("120", now) == 120
    assert seconds_of("Mon, 30 Nov 2026 12:01:00 GMT", 1_796_040_000_000_000) == 60
    assert seconds_of("Mon, 30 Nov 2020 12:01:00 GMT", now) == 0
    assert seconds_of("99999999999999999999999", now) == LONGEST_REST_S
    for nonsense in ("", "soon", "-5", "1.5", "²", "Mon, 99 Foo 2026"):
        assert seconds_of(nonsense, now) is None
