"""The same counters through a real Redis: shared by two studios, killed, restarted, hanging."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from core.clock import Clock, SystemClock
from core.keys.counters import Counters
from core.keys.desk import KeyDesk
from core.keys.errors import BudgetSpent, RateLimited
from core.keys.gate import KeyGate, Passed
from core.keys.keyring import KeyRing
from core.keys.script import PREFIX
from core.keys.shared import RedisCounters
from events.facts.key import KeyLimits
from events.store import EventStore
from tests.core.keys.conftest import NOON
from tests.core.keys.conftest import Clock as HeldClock
from tests.core.keys.requests import CHAT, finished
from tests.harness.redis import RedisServer

pytestmark = pytest.mark.real
NUMBERS = itertools.count()
PATIENT_S = 60.0  # a loaded machine is no failing Redis
BEGAN = SystemClock().now()


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """One for all; each test has keys of its own."""
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def ring(store: EventStore) -> KeyRing:
    """With a clock that goes on, as Redis's own does."""
    return KeyRing(store, Noon())


@pytest.fixture
def desk(store: EventStore, ring: KeyRing) -> KeyDesk:
    """Where keys of that ring are made."""
    return KeyDesk(store=store, ring=ring, clock=Noon())


class Noon(SystemClock):
    """Goes on from noon, so that no day ends in the middle of a test and takes its budget along."""

    def now(self) -> int:
        """Microseconds since the epoch."""
        return super().now() - BEGAN + NOON


class Later(Noon):
    """Two seconds after now: what it takes to start again."""

    def now(self) -> int:
        """Microseconds since the epoch."""
        return super().now() + 2_000_000


class Studio:
    """A gate and its Redis counters."""

    def __init__(self, ring: KeyRing, url: str, name: str, timeout_s: float, clock: Clock) -> None:
        counters = Counters(clock)
        self.shared = RedisCounters(
            url,
            counters=counters,
            limits_of=ring.limits_of,
            clock=clock,
            studio=name,
            timeout_s=timeout_s,
        )
        self.gate = KeyGate(ring=ring, clock=clock, counters=counters, shared=self.shared)
        self._news = asyncio.Event()
        self.shared.listen(self._news.set)

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until the counters say so."""
        async with asyncio.timeout(60):
            while not there():  # noqa: ASYNC110 - what Redis was told has no event of its own
                await asyncio.sleep(0.001)

    async def enter(self, key_id: str, *request_ids: str) -> int:
        """Let requests come at once; how many got in."""
        entering = (self.gate.enter(key_id, request_id, CHAT) for request_id in request_ids)
        told = await asyncio.gather(*entering, return_exceptions=True)
        wrong = [
            one for one in told if isinstance(one, Exception) and not isinstance(one, RateLimited)
        ]
        assert not wrong, "no request fails because of Redis"
        return sum(1 for one in told if not isinstance(one, Exception))


Start = Callable[..., Any]


@asynccontextmanager
async def running(
    ring: KeyRing, url: str, name: str, timeout_s: float, clock: Clock
) -> AsyncIterator[Studio]:
    """A studio that is in touch with Redis."""
    studio = Studio(ring, url, name, timeout_s, clock)
    task = asyncio.ensure_future(studio.shared.run())
    try:
        await studio.until(lambda: studio.shared.is_up)
        yield studio
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def start(ring: KeyRing, server: RedisServer) -> AsyncIterator[Start]:
    """Start studios that share the Redis."""
    async with AsyncExitStack() as all_of_them:

        async def starting(
            name: str, timeout_s: float = PATIENT_S, clock: Clock | None = None
        ) -> Studio:
            studio = running(ring, server.url, name, timeout_s, clock or Noon())
            return await all_of_them.enter_async_context(studio)

        yield starting


async def key(desk: KeyDesk, name: str, **limits: Any) -> str:
    """A key with these limits; its id."""
    return (await desk.issue(name, actor="cli", limits=KeyLimits(**limits))).key.key_id


def some(prefix: str, count: int) -> list[str]:
    """Ids of requests."""
    return [f"{prefix}-{n}" for n in range(count)]


async def test_two_hundred_at_once_never_exceed_the_limits(start: Start, desk: KeyDesk) -> None:
    """Half of them at each of two studios: exactly as many get in as may."""
    one, two = await start("one"), await start("two")
    for name, limits, most in (
        ("requests", {"requests_per_minute": 50}, 50),
        ("parallel", {"parallel": 30}, 30),
        ("tokens", {"tokens_per_minute": 10_000}, 10_000),
    ):
        key_id = await key(desk, name, **limits)
        got_in = await asyncio.gather(
            one.enter(key_id, *some(f"{name}-one", 100)),
            two.enter(key_id, *some(f"{name}-two", 100)),
        )
        used = [studio.gate.use(key_id) for studio in (one, two)]
        assert sum(got_in) == sum(one.requests for one in used)
        if name == "tokens":
            each = used[0].tokens // used[0].requests
            assert sum(got_in) == min(200, most // each)
        else:
            assert sum(got_in) == most


async def test_what_one_studio_sees_the_other_heeds(start: Start, desk: KeyDesk) -> None:
    """Places that come free, tokens that were put right, money that was spent."""
    one, two = await start("one"), await start("two")
    places = await key(desk, "places", parallel=1)
    assert await one.enter(places, "p1") == 1
    assert await two.enter(places, "p2") == 0
    one.gate.leave("p1")
    assert await one.enter(places, "p3") == 1, "its own end is known before its next beginning"
    one.gate.leave("p3")
    await two.until(lambda: not one.shared.is_behind)
    assert await two.enter(places, "p4") == 1
    money = await key(desk, "money", budget_day=1.0)
    assert await one.enter(money, "m1") == 1
    one.gate.settle(finished(money, "m1", cost=1.0))
    await two.until(lambda: not one.shared.is_behind)
    with pytest.raises(BudgetSpent, match="1 spent in a day"):
        await two.gate.enter(money, "m2", CHAT)


async def test_a_redis_that_is_killed_costs_no_request_and_loses_no_count(
    start: Start, desk: KeyDesk, server: RedisServer
) -> None:
    """Limits go on from memory, the alarm is visible, and what Redis lost is put back."""
    studio = await start("one")
    key_id = await key(desk, "killed", requests_per_minute=10, parallel=9)
    assert await studio.enter(key_id, *some("a", 6)) == 6
    server.kill()
    assert await studio.enter(key_id, "b-0") == 1
    await studio.until(lambda: studio.shared.problem is not None)
    assert "Redis does not answer" in str(studio.shared.problem)
    assert "pass-word" not in str(studio.shared.problem)
    assert await studio.enter(key_id, *some("c", 5)) == 2, "nine at once"
    studio.gate.leave("a-0")
    server.start()
    await studio.until(lambda: studio.shared.is_up)
    assert studio.shared.problem is None
    other = await start("other")
    assert await other.enter(key_id, *some("d", 5)) == 1, "ten in a minute, nine of them before"


async def test_a_redis_that_hangs_is_waited_for_once(
    start: Start, desk: KeyDesk, server: RedisServer
) -> None:
    """Then memory decides at once, until it answers again."""
    studio = await start("one", timeout_s=0.05)
    key_id = await key(desk, "hangs", requests_per_minute=5)
    server.hang()
    try:
        assert await studio.enter(key_id, "1", "2") == 2
        assert not studio.shared.is_up
        waits = studio.gate.enter(key_id, "3", CHAT)
        with pytest.raises(StopIteration):
            waits.send(None)
    finally:
        server.go_on()
    await studio.until(lambda: studio.shared.is_up)
    assert await studio.enter(key_id, *some("more", 4)) == 2


async def test_a_client_that_leaves_while_it_is_asked_holds_no_place(
    start: Start, desk: KeyDesk
) -> None:
    """Neither here nor there."""
    studio, other = await start("one"), await start("two")
    key_id = await key(desk, "left", parallel=1)
    asking = asyncio.ensure_future(studio.gate.enter(key_id, "1", CHAT))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await studio.until(lambda: not studio.shared.is_behind)
    assert await other.enter(key_id, "2") == 1


async def test_a_studio_that_crashed_finds_its_own_again(
    start: Start, desk: KeyDesk, server: RedisServer
) -> None:
    """Requests that ran when it died are in no log; their places are free, their counts stay."""
    crashed = await start("one")
    key_id = await key(desk, "crashed", requests_per_minute=4, parallel=2, budget_day=9.0)
    assert await crashed.enter(key_id, "1", "2") == 2
    crashed.gate.settle(finished(key_id, "unwritten", cost=1.5))
    await crashed.until(lambda: not crashed.shared.is_behind)
    after = await start("one", clock=Later())
    used = after.gate.use(key_id)
    assert (used.requests, used.spent_day, used.parallel) == (3, 1.5, 0)
    assert await after.enter(key_id, "3", "4") == 1
    async with Redis.from_url(server.url) as client:
        fields = await client.hgetall(PREFIX + key_id)
    assert fields[b"p::one"] == b"1"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "enter", "leave"]),
        st.sampled_from([0.0, 0.4, 7.0, 21.5]),  # how long before it
        st.booleans(),  # at which of the two studios
    ),
    max_size=30,
)


@given(steps=STEPS)
@example(
    steps=[
        *[("enter", 0.0, False)] * 3,
        ("enter", 21.5, False),
        ("enter", 21.5, True),
    ]
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_two_studios_decide_as_one_would(
    ring: KeyRing,
    desk: KeyDesk,
    server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, float, bool]],
) -> None:
    """What the script says is what memory says: who gets in, what stops it and for how long."""
    monkeypatch.setattr("core.keys.shared.TELL_S", 0.0)
    # A clock that jumps gives no studio the time to say that its requests still run.
    monkeypatch.setattr("core.keys.shared.LEASE_S", 1e6)
    asyncio.run(both_ways(ring, desk, server.url, steps))


async def both_ways(
    ring: KeyRing, desk: KeyDesk, url: str, steps: list[tuple[str, float, bool]]
) -> None:
    """The same requests at two studios that share a Redis, and at one that has none."""
    clock = HeldClock()
    limits = {"requests_per_minute": 5, "parallel": 3, "tokens_per_minute": 1200}
    key_id = await key(desk, f"as-one-{next(NUMBERS)}", **limits)
    alone = KeyGate(ring=ring, clock=clock)
    inside: list[tuple[str, KeyGate]] = []
    async with (
        running(ring, url, "one", PATIENT_S, clock) as one,
        running(ring, url, "two", PATIENT_S, clock) as two,
    ):
        for n, (step, after, second) in enumerate(steps):
            clock.pass_by(after)
            gate = (two if second else one).gate
            if step == "enter":
                told = [await outcome(g.enter(key_id, str(n), CHAT)) for g in (gate, alone)]
                assert told[0] == told[1]
                if isinstance(told[0], Passed):
                    inside.append((str(n), gate))
            elif inside:
                request_id, gate = inside.pop(0)
                gate.leave(request_id)
                alone.leave(request_id)
            await one.until(lambda: not (one.shared.is_behind or two.shared.is_behind))


async def outcome(
    entering: Coroutine[Any, Any, Passed | None],
) -> Passed | tuple[str, float] | None:
    """How a request fares: let in with these headers, or stopped by this for so long."""
    try:
        return await entering
    except RateLimited as refused:
        return refused.limit, round(refused.retry_after, 3)
