"""Server-sent events: order, bounds and endings."""

import asyncio

import pytest

from core.api.sse import Mailbox, frame, seen


async def collect(mailbox: Mailbox) -> bytes:
    """Everything until the mailbox ends."""
    return b"".join([chunk async for chunk in mailbox.read(asyncio.Event())])


def test_a_frame_carries_its_position_as_id() -> None:
    """`id:` is what a browser sends back as Last-Event-ID."""
    assert frame("fact", b"{}", id_=7) == b"id: 7\nevent: fact\ndata: {}\n\n"
    assert frame("status", b"{}") == b"event: status\ndata: {}\n\n"


@pytest.mark.parametrize("told", [None, "", "x", "-1", "²", "9" * 5000])
def test_an_id_that_is_no_number_is_none(told: str | None) -> None:
    """A client may send what it likes; it is no failure of ours."""
    assert seen(told) is None
    assert seen("47") == 47


async def test_facts_keep_their_order_and_pictures_only_their_newest() -> None:
    """Facts are history, a picture is replaced by the next one."""
    mailbox = Mailbox()
    await mailbox.post(b"1")
    mailbox.post_latest("status", b"old")
    await mailbox.post(b"2")
    mailbox.post_latest("status", b"new")
    mailbox.end()
    assert await collect(mailbox) == b"12new"


async def test_what_was_posted_before_the_end_is_delivered() -> None:
    """The resync notice reaches a listener that was too slow."""
    mailbox = Mailbox()
    await mailbox.post(b"last")
    mailbox.end()
    assert await collect(mailbox) == b"last"


async def test_a_stopping_studio_ends_its_streams() -> None:
    """Quit does not wait for browsers."""
    stopping = asyncio.Event()
    reading = asyncio.create_task(anext(Mailbox().read(stopping), b"ended"))
    await asyncio.sleep(0)
    stopping.set()
    assert await reading == b"ended"


async def test_a_listener_that_leaves_leaves_no_task_behind() -> None:
    """One that waits for ever would be told of as destroyed, in whatever terminal is open."""
    before = asyncio.all_tasks()
    mailbox, stopping = Mailbox(), asyncio.Event()
    reading = asyncio.ensure_future(anext(mailbox.read(stopping)))
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks() - before) == 3
    reading.cancel()
    await asyncio.wait((reading,))
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
