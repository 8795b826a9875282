"""Whatever comes in whatever order: one engine call for a flight, exact bytes or one error for all.

Hypothesis writes histories of arrivals, leavings, stalls, failures and stops; they run in virtual
time against the real cache. After each history nothing is left running.
"""

import asyncio
from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StudioError
from core.gateway.cache import Answers, CachePolicy
from core.gateway.cancelling import CancelScope, Interrupted
from core.gateway.errors import UpstreamLost
from core.gateway.hooks import Fetched, Sink
from tests.core.gateway.cache.parts import JSON_HEAD, Client, answers, asked
from tests.core.gateway.virtual_time import run

ROOM = 64


class Engine:
    """One exchange after another; each says other bytes, so that none passes for another's."""

    def __init__(self) -> None:
        self.script: list[Exchange] = []
        self.running: set[int] = set()
        self.calls = 0
        self.scopes: dict[int, CancelScope] = {}
        self.paid: list[int] = []  # calls that are on somebody's account

    def said(self, call: int) -> bytes:
        """All that exchange number `call` says."""
        return b"".join(b"%d:%d;" % (call, n) for n in range(self.planned(call).pieces))

    def planned(self, call: int) -> "Exchange":
        """How exchange number `call` goes."""
        return self.script[call % len(self.script)]

    async def fetch(self, sink: Sink) -> Fetched:
        """As the hot path's: in a scope by which a switch may cut it."""
        call, self.calls = self.calls, self.calls + 1
        self.running.add(call)
        try:
            with CancelScope() as scope:
                self.scopes[call] = scope
                return await self._exchange(call, sink)
        finally:
            self.running.discard(call)
            del self.scopes[call]
            await asyncio.sleep(0)  # giving back takes a moment

    async def _exchange(self, call: int, sink: Sink) -> Fetched:
        plan = self.planned(call)
        await asyncio.sleep(plan.pause_s)
        sink.plan(200, JSON_HEAD, events=False)
        for number in range(plan.pieces):
            if plan.fails_at == number:
                raise UpstreamLost(f"exchange {call} broke")
            await sink.write(b"%d:%d;" % (call, number))
            await asyncio.sleep(plan.pause_s)
        await sink.finish()
        return Fetched(good=True, prompt_tokens=call, completion_tokens=plan.pieces)


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine call goes."""

    pieces: int
    pause_s: float
    fails_at: int | None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A request: when it comes, how it reads, when it goes."""

    after_s: float
    key: str
    leaves_after_s: float | None
    stalls_s: float  # before each piece that it takes
    refresh: bool


class Slow(Client):
    """Takes its time for every piece."""

    def __init__(self, stalls_s: float) -> None:
        super().__init__()
        self._stalls_s = stalls_s

    async def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        await asyncio.sleep(self._stalls_s)
        await super().write(data)


EXCHANGES = st.lists(
    st.builds(
        Exchange,
        pieces=st.integers(0, 30),
        pause_s=st.sampled_from([0.0, 0.5, 2.0]),
        fails_at=st.none() | st.integers(0, 6),
    ),
    min_size=1,
    max_size=4,
)
VISITS = st.lists(
    st.builds(
        Visit,
        after_s=st.sampled_from([0.0, 0.1, 1.0, 5.0]),
        key=st.sampled_from(["a", "b"]),
        leaves_after_s=st.none() | st.sampled_from([0.0, 0.3, 1.0, 4.0, 60.0]),
        stalls_s=st.sampled_from([0.0, 0.0, 0.2, 3.0, 50.0]),
        refresh=st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=12,
)
CUTS = st.lists(st.sampled_from([0.2, 1.0, 3.0]), max_size=3)


async def visit(cache: Answers, engine: Engine, one: Visit, most: Callable[[], None]) -> None:
    """Come, read, perhaps leave; then what was read is held against what was said."""
    client = Slow(one.stalls_s)
    headers = {b"x-studio-cache": b"refresh"} if one.refresh else {}
    plan = cache.plan(asked(key_id=one.key, headers=headers))
    assert plan is not None
    try:
        async with asyncio.timeout(one.leaves_after_s):
            served = await cache.serve(plan, client, engine.fetch)
    except TimeoutError:
        assert not client.ended
    except Interrupted as interrupted:
        if interrupted.reason != "cut":
            raise  # nobody joins what is being given up
        assert not client.ended
    except StudioError:
        assert not client.ended
    else:
        call = served.prompt_tokens
        assert call is not None
        assert client.ended
        assert client.body == engine.said(call)
        engine.paid += [call] if not served.kind else []
        assert client.cache == (served.kind or "miss").encode()
        return
    finally:
        most()
    begun = client.body.partition(b":")[0]
    assert not begun or engine.said(int(begun)).startswith(client.body)


async def story(
    policy: CachePolicy, visits: list[Visit], exchanges: list[Exchange], cuts: list[float]
) -> None:
    """One history; at its end everybody has gone."""
    engine = Engine()
    engine.script = exchanges
    cache = answers(policy, room=ROOM)
    alone = sum(one.refresh for one in visits)

    def most() -> None:
        # what has outgrown its buffer is joined by nobody, so another may run beside it
        longest = max(len(engine.said(n)) for n in range(len(exchanges)))
        if longest <= ROOM:
            assert len(engine.running) <= alone + 2  # two keys

    async def cutting() -> None:
        for pause_s in cuts:
            await asyncio.sleep(pause_s)
            for scope in tuple(engine.scopes.values()):
                scope.cancel("cut")

    tasks = [asyncio.create_task(cutting())]
    for one in visits:
        await asyncio.sleep(one.after_s)
        most()
        tasks.append(asyncio.create_task(visit(cache, engine, one, most)))
    await asyncio.gather(*tasks)
    assert len(engine.paid) == len(set(engine.paid))
    assert engine.running == set()
    assert cache._flights == {}
    assert cache._flying == set()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await cache.close()


@settings(max_examples=150, deadline=None)
@given(VISITS, EXCHANGES, CUTS, st.booleans())
def test_every_reader_gets_exact_bytes_or_one_error_and_nothing_is_left(
    visits: list[Visit], exchanges: list[Exchange], cuts: list[float], cached: bool
) -> None:
    """With the cache and without."""
    policy = CachePolicy(cache=True, ttl_s=20.0, single_flight=True)
    if not cached:
        policy = msgspec.structs.replace(policy, ttl_s=0.001)
    run(story(policy, visits, exchanges, cuts))


@settings(max_examples=50, deadline=None)
@given(VISITS, EXCHANGES)
def test_a_studio_that_stops_in_the_middle_leaves_nothing(
    visits: list[Visit], exchanges: list[Exchange]
) -> None:
    """Its readers are told so, or had their answer."""

    async def stopped() -> None:
        engine = Engine()
        engine.script = exchanges
        cache = answers(CachePolicy(single_flight=True), room=ROOM)
        tasks = []
        for one in [one for one in visits if not one.refresh]:
            await asyncio.sleep(one.after_s)
            plan = cache.plan(asked(key_id=one.key))
            assert plan is not None
            sink = Slow(one.stalls_s)
            tasks.append(asyncio.create_task(cache.serve(plan, sink, engine.fetch)))
        await cache.close()
        for told in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(told, Interrupted):
                assert told.reason == "stopping"
            elif isinstance(told, BaseException):
                assert isinstance(told, UpstreamLost)
        assert engine.running == set()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(stopped())
