"""Following the log: first what was missed, then what comes, none left out and none twice."""

import asyncio

import pytest

from events.envelope import Recorded
from events.errors import LogUnavailable, SubscriberTooSlow
from events.facts import AppStopped
from events.store import EventStore
from events.subscription import CATCH_UP, Hub, Subscription


def stopped(count: int = 1) -> list[AppStopped]:
    """As many facts as asked for."""
    return [AppStopped(reason=str(number)) for number in range(count)]


async def take(following: Subscription, count: int) -> list[int]:
    """The positions of the next events."""
    return [(await anext(following)).position for _ in range(count)]


async def test_a_follower_catches_up_and_then_follows(log: EventStore) -> None:
    """What was there comes first, what comes later after it, in order."""
    log.append_now("app", stopped(3), actor="cli")
    async with log.subscribe(1) as following:
        assert await take(following, 3) == [2, 3, 4]
        await log.append("app", stopped(2), actor="cli")
        assert await take(following, 2) == [5, 6]
        assert following.position == 6


async def test_following_from_now_begins_when_it_was_asked_for(log: EventStore) -> None:
    """What is appended between subscribing and entering is not missed."""
    following = log.subscribe()
    await log.append("app", stopped(), actor="cli")
    async with following:
        assert await take(following, 1) == [2]


async def test_a_follower_waits_for_what_comes(log: EventStore) -> None:
    """An event wakes whoever waits for it."""
    async with log.subscribe() as following:
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0)
        assert not waiting.done()
        await log.append("app", stopped(), actor="cli")
        assert (await waiting).position == 2


async def test_no_gap_and_none_twice_while_others_write(log: EventStore) -> None:
    """Followers that start anywhere, at any time, each see every event after it once."""
    total = 4 * CATCH_UP
    log.append_now("app", stopped(CATCH_UP + 7), actor="cli")

    async def write() -> None:
        while log.head < total:
            await log.append(f"app-{log.head % 5}", stopped(1 + log.head % 7), actor="cli")

    async def follow(after: int, start: int) -> list[int]:
        async with log.subscribe(0) as watching:
            await take(watching, start)
        async with log.subscribe(after, maxsize=10 * total) as following:
            return await take(following, total - after)

    starts = [(0, 0), (300, 600), (CATCH_UP, 900), (CATCH_UP + 8, 0), (17, 1500)]
    answers = await asyncio.gather(
        *(follow(*start) for start in starts), *(write() for _ in "abcd")
    )
    for (after, _), seen in zip(starts, answers, strict=False):
        assert seen == list(range(after + 1, total + 1))


async def test_what_was_read_is_not_given_again_when_it_is_delivered(log: EventStore) -> None:
    """A page read from the log may hold what the writer is just about to tell."""
    log.append_now("app", stopped(3), actor="cli")
    told = log.read_all()
    hub = Hub(head=2)
    async with Subscription(hub, log.read_all, 0, 100) as following:
        assert await take(following, 4) == [1, 2, 3, 4]  # two more than there were on entering
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0)
        for follower in hub.advance(4):
            follower.deliver(told[2:])
        following.deliver(log.append_now("app", stopped(), actor="cli"))
        assert (await waiting).position == 5


async def test_a_follower_in_another_thread_is_told_in_its_own_loop(log: EventStore) -> None:
    """The tray and the server may run loops of their own."""
    ready = asyncio.Event()
    here = asyncio.get_running_loop()

    async def elsewhere() -> list[int]:
        async with log.subscribe() as following:
            here.call_soon_threadsafe(ready.set)
            return await take(following, 3)

    following = asyncio.ensure_future(asyncio.to_thread(asyncio.run, elsewhere()))
    await ready.wait()
    await log.append("app", stopped(3), actor="cli")
    assert await following == [2, 3, 4]


async def test_a_follower_that_is_too_slow_is_told_where_to_resume(log: EventStore) -> None:
    """Its queue does not grow for ever, and going on from there misses nothing."""
    async with log.subscribe(maxsize=5) as following:
        await log.append("app", stopped(1), actor="cli")
        assert await take(following, 1) == [2]
        for _ in range(7):
            await log.append("app", stopped(), actor="cli")
        with pytest.raises(SubscriberTooSlow) as slow:
            await anext(following)
    assert slow.value.position == 2
    async with log.subscribe(slow.value.position, maxsize=5) as following:
        assert await take(following, 7) == [3, 4, 5, 6, 7, 8, 9]


async def test_one_commit_larger_than_the_queue_is_taken_by_who_keeps_up(
    log: EventStore,
) -> None:
    """Being slow is falling behind, not being told of much at once."""
    async with log.subscribe(maxsize=5) as following:
        await log.append("app", stopped(20), actor="cli")
        assert await take(following, 20) == list(range(2, 22))


async def test_catching_up_is_not_being_slow(log: EventStore) -> None:
    """A long past does not count against the queue, also when the present goes on meanwhile."""
    log.append_now("app", stopped(50), actor="cli")
    async with log.subscribe(0, maxsize=2) as following:
        assert await take(following, 3) == [1, 2, 3]
        for _ in range(10):
            await log.append("app", stopped(), actor="cli")
        assert await take(following, 58) == list(range(4, 62))


async def test_a_position_from_another_log_means_from_now(log: EventStore) -> None:
    """A browser that remembers more than there is hears what comes, instead of nothing."""
    async with log.subscribe(5000) as following:
        await log.append("app", stopped(), actor="cli")
        assert await take(following, 1) == [2]


async def test_a_slow_follower_does_not_slow_the_writer_or_the_others(log: EventStore) -> None:
    """Each has a queue of its own."""
    async with log.subscribe(maxsize=2) as slow, log.subscribe(maxsize=2) as quick:
        for position in range(2, 12):
            await log.append("app", stopped(), actor="cli")
            assert await take(quick, 1) == [position]
        with pytest.raises(SubscriberTooSlow):
            await anext(slow)


async def test_closing_the_log_ends_every_subscription(log: EventStore) -> None:
    """What was committed is still given out; then the iteration ends."""
    seen: list[Recorded] = []
    async with log.subscribe() as following:
        await log.append("app", stopped(2), actor="cli")
        log.close()
        seen = [recorded async for recorded in following]
    assert [recorded.position for recorded in seen] == [2, 3]


async def test_closing_the_log_wakes_a_follower_that_waits(log: EventStore) -> None:
    """Nobody is left waiting for events that cannot come."""
    async with log.subscribe() as following:
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0)
        log.close()
        with pytest.raises(StopAsyncIteration):
            await waiting


async def test_following_a_closed_log_ends_at_once(log: EventStore) -> None:
    """A follower that comes too late is not left waiting either."""
    following = log.subscribe(0)
    log.close()
    async with following:
        assert [recorded async for recorded in following] == []


async def test_a_follower_that_leaves_is_forgotten(log: EventStore) -> None:
    """Nothing is kept for somebody who is not there."""
    async with log.subscribe() as following:
        pass
    for _ in range(3):
        await log.append("app", stopped(), actor="cli")
    assert not following._queue


async def test_waiting_can_be_cancelled_without_losing_an_event(log: EventStore) -> None:
    """A follower that waits with a deadline goes on where it was."""
    log.append_now("app", stopped(), actor="cli")
    async with log.subscribe(0) as following:
        for _ in range(5):
            waiting = asyncio.ensure_future(anext(following))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert await take(following, 2) == [1, 2]


async def test_iterating_without_entering_is_a_mistake(log: EventStore) -> None:
    """Otherwise nobody would ever remove the follower."""
    with pytest.raises(RuntimeError, match="enter"):
        await anext(log.subscribe())


def test_a_loop_that_is_gone_does_not_stop_the_writer(log: EventStore) -> None:
    """A follower whose loop was closed without leaving is not told, and nobody minds."""

    async def leave_without_a_word() -> None:
        await log.subscribe().__aenter__()

    asyncio.run(leave_without_a_word())
    assert log.append_now("app", stopped(), actor="cli")[0].position == 2


async def test_a_log_that_cannot_be_read_is_said_to_the_follower(log: EventStore) -> None:
    """Catching up fails loudly, not by ending early."""
    log.append_now("app", stopped(), actor="cli")

    def unreadable(after: int, limit: int) -> list[Recorded]:
        raise LogUnavailable("the disk is gone")

    following = log.subscribe(0)
    following._read = unreadable
    async with following:
        with pytest.raises(LogUnavailable, match="gone"):
            await anext(following)
