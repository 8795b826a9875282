"""What is running, and who waits for its end."""

import asyncio

import msgspec
import pytest

from core.gateway.errors import TooMany
from core.gateway.inflight import OWED_S, InFlight
from tests.core.gateway.test_routes import route
from tests.core.gateway.virtual_time import LoopClock, run, settle


def entered(inflight: InFlight, recipe_id: str, request_id: str) -> tuple[object, list[str]]:
    """A running request and the reasons it was ended for."""
    reasons: list[str] = []
    return inflight.enter(route(recipe_id, recipe_id), request_id, reasons.append), reasons


def test_a_drain_ends_with_the_last_request_of_its_recipes() -> None:
    """Other recipes' requests do not hold it up, its own do."""

    async def scenario() -> None:
        inflight = InFlight(LoopClock())
        first, second = (inflight.enter(route("a"), str(n), print) for n in range(2))
        inflight.enter(route("b", "b"), "other", print)
        drain = asyncio.create_task(inflight.drained(["a"], timeout_s=60))
        await settle()
        inflight.leave(first)
        await settle()
        assert not drain.done()
        inflight.leave(second)
        assert await drain is True

    run(scenario())


def test_a_drain_that_takes_too_long_says_so() -> None:
    """The switch decides then whether to cut."""

    async def scenario() -> None:
        inflight = InFlight(LoopClock())
        inflight.enter(route("a"), "1", print)
        assert await inflight.drained(["a"], timeout_s=600) is False
        assert asyncio.get_running_loop().time() == 600

    run(scenario())


def test_nothing_running_is_drained_at_once() -> None:
    """No wait for nobody."""
    assert run(InFlight(LoopClock()).drained(["a"], timeout_s=0)) is True


def test_leaving_twice_counts_once() -> None:
    """However a request ends, the count ends at nought."""
    inflight = InFlight()
    ticket = inflight.enter(route("a"), "1", print)
    inflight.enter(route("a"), "2", print)
    inflight.leave(ticket)
    inflight.leave(ticket)
    assert (inflight.count("a"), inflight.total) == (1, 1)


def test_a_cut_ends_the_requests_of_these_recipes_only() -> None:
    """A forced switch spares the others."""
    inflight = InFlight()
    _, cut = entered(inflight, "a", "1")
    _, spared = entered(inflight, "b", "2")
    assert inflight.cut(["a"]) == 1
    assert (cut, spared) == (["cut"], [])


def test_one_request_is_cancelled_by_its_id() -> None:
    """And an unknown id cancels nothing."""
    inflight = InFlight()
    _, reasons = entered(inflight, "a", "1")
    assert inflight.cancel("1") is True
    assert inflight.cancel("2") is False
    assert reasons == ["cancelled"]


def test_a_place_is_kept_for_a_moment_for_who_was_let_through() -> None:
    """For nobody else; and who was let through does not stand in its own way."""
    clock = LoopClock()

    async def scenario() -> None:
        inflight, only = InFlight(clock), msgspec.structs.replace(route("a"), concurrency=1)
        inflight.owe("waited", only.recipe_id)
        with pytest.raises(TooMany):
            inflight.enter(only, "other", print)
        inflight.leave(inflight.enter(only, "waited", print))
        inflight.owe("left", only.recipe_id)
        await asyncio.sleep(OWED_S + 0.1)
        inflight.enter(only, "other", print)

    run(scenario())


def test_the_end_of_a_request_counts_as_use() -> None:
    """Idle time is measured from the end of the last request, not from its beginning."""

    async def scenario() -> None:
        inflight = InFlight(LoopClock())
        assert inflight.last_used("a") == 0
        ticket = inflight.enter(route("a"), "1", print)
        await asyncio.sleep(5)
        inflight.leave(ticket)
        assert inflight.last_used("a") == 5_000_000

    run(scenario())


def test_a_stopping_studio_tells_everybody_who_is_served() -> None:
    """Each request ends with a reason, and the number is known."""

    async def scenario() -> None:
        inflight = InFlight(LoopClock())
        reasons: list[str] = []
        inflight.enter(route("a"), "1", reasons.append)
        inflight.enter(route("b", "b"), "2", reasons.append)
        assert inflight.end_all() == 2
        assert reasons == ["stopping", "stopping"]

    run(scenario())
