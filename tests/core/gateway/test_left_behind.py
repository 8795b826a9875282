"""A connection that closed is freed at once, and the request with it: nothing of them holds itself.

The studio's collector is calm (`core/event_loop.py`): what waits for it may wait for hours, and
every client that leaves would add to it.
"""

import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from core.gateway.connection import Connection
from core.gateway.exchange import Exchange
from core.gateway.request_record import Call
from core.gateway.straight import Straight
from core.http_protocol import StudioProtocol
from core.http_straight import LeanCycle
from tests.core.gateway.bench import Bench
from tests.core.gateway.both_ways import COMPLETION, SAID, Client, raw, warm, wire
from tests.core.gateway.tiny_upstream import (
    STREAM_HEAD,
    Answering,
    chunk,
    endless_stream,
    json_answer,
    until,
)

KINDS = (Connection, StudioProtocol, LeanCycle, RequestResponseCycle, Call, Straight, Exchange)

Ending = Callable[[Bench, Client], Awaitable[None]]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """It does not come while the test runs, and looks at nothing that was there before."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def kept() -> Counter[str]:
    """What of connections and requests is in memory, by kind."""
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, KINDS))


async def whole(made: Bench, client: Client) -> None:
    """It reads its answer, and closes."""
    assert (await client.hears())[1:] == (COMPLETION, True)
    client.leaves()


async def in_the_middle(made: Bench, client: Client) -> None:
    """It has read something of its answer, and leaves."""
    await client.reader.readuntil(SAID)
    client.leaves()


async def with_another_question(made: Bench, client: Client) -> None:
    """What it asked ahead was not begun."""
    await client.asks(wire())
    await in_the_middle(made, client)


async def cancelled(made: Bench, client: Client) -> None:
    """Somebody ends its answer."""
    await client.reader.readuntil(SAID)
    (request,) = made.proxy.calls.all()
    assert made.proxy.calls.cancel(request.request_id)
    await client.hears()
    client.leaves()


async def lost(made: Bench, client: Client) -> None:
    """The engine breaks off."""
    await client.hears()
    client.leaves()


BREAKS_OFF = raw(STREAM_HEAD, chunk(SAID), close=True)


@pytest.mark.parametrize("straight", [False, True], ids=["in a task", "straight"])
@pytest.mark.parametrize(
    ("ending", "answering"),
    [
        (whole, json_answer(COMPLETION)),
        (in_the_middle, endless_stream(SAID)),
        (with_another_question, endless_stream(SAID)),
        (cancelled, endless_stream(SAID)),
        (lost, BREAKS_OFF),
    ],
    ids=lambda told: getattr(told, "__name__", ""),
)
async def test_a_client_that_has_gone_leaves_nothing(
    ending: Ending, answering: Answering, straight: bool, no_collector: None
) -> None:
    """However its request ended, and by whichever way it went."""
    async with warm(answering, straight=straight) as (made, _):
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await ending(made, client)
        await until(lambda: not made.connections() and not made.proxy.calls.all())
        made.proxy.close()  # lets go of idle connections to the engine
        try:
            await until(lambda: not kept())
        except TimeoutError:
            pytest.fail(f"still in memory: {dict(kept())}")
        assert made.went_straight == straight
