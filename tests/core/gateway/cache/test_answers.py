"""The cache as the hot path sees it: what is kept, what is told again, who shares a flight."""

import asyncio

import pytest

from core.errors import StudioError
from core.gateway.cache import CachePolicy, MemoryStore
from core.gateway.cache.flight import PATIENCE_S
from core.gateway.cache.stored import PIECE, Stored
from core.gateway.cancelling import Interrupted
from core.gateway.errors import UpstreamLost
from core.gateway.hooks import Asked, Fetched, Sink
from events.facts.usage import RequestFinished
from tests.core.gateway.cache.parts import BOTH, EVENTS_HEAD, Client, Engine, answers, ask, asked
from tests.core.gateway.virtual_time import LoopClock, run, settle

CACHED = CachePolicy(cache=True, ttl_s=60.0)
FLIGHT = CachePolicy(single_flight=True)
LOT = b'{"model":"m","messages":[]}'


# ---- kept --------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [CACHED, BOTH], ids=["alone", "in flight"])
def test_the_same_again_needs_no_engine(policy: CachePolicy) -> None:
    """The same status, headers and bytes, and the token counts with them."""

    async def story() -> None:
        cache, engine = answers(policy), Engine()
        first, kind = await ask(cache, engine.fetch)
        assert (first.cache, kind) == (b"miss", "")
        again = Client()
        plan = cache.plan(asked())
        assert plan is not None
        served = await cache.serve(plan, again, engine.fetch)
        assert (served.kind, served.prompt_tokens, served.completion_tokens) == ("hit", 3, 5)
        assert (again.status, again.body, again.cache) == (200, first.body, b"hit")
        assert again.headers[b"content-type"] == b"application/json"
        assert engine.calls == 1
        counts = await cache.counts()
        assert (counts.entries, counts.hits, counts.misses) == (1, 1, 1)
        assert await cache.clear() == 1
        assert (await ask(cache, engine.fetch))[0].cache == b"miss"

    run(story())


def test_a_stream_is_told_again_as_events_in_pieces() -> None:
    """Byte for byte; no event is torn, and a slow reader is waited for."""

    async def story() -> None:
        event = b"data: " + b"x" * 10_000 + b"\n\n"
        cache, engine = answers(CACHED), Engine(*[event] * 20, b"data: [DONE]\n\n")
        engine.head = EVENTS_HEAD
        first, _ = await ask(cache, engine.fetch)
        slow = Client()
        slow.gate.clear()
        reading = asyncio.create_task(ask(cache, engine.fetch, client=slow))
        await settle()
        assert slow.body == b""
        slow.gate.set()
        _, kind = await reading
        assert (kind, slow.events, slow.body == first.body) == ("hit", True, True)
        assert slow.writes == len(first.body) // (PIECE // len(event) * len(event)) + 1

    run(story())


@pytest.mark.parametrize("policy", [CACHED, BOTH], ids=["alone", "in flight"])
@pytest.mark.parametrize("fault", ["status", "good", "error", "early", "revision", "no-store"])
def test_only_a_whole_good_answer_of_this_engine_is_kept(policy: CachePolicy, fault: str) -> None:
    """Not an error, not a broken one, not another engine's, not where the caller forbids it."""

    async def story() -> None:
        revisions = iter(["r1", "r2" if fault == "revision" else "r1", "r1"])
        cache = answers(policy, revision=lambda name: next(revisions))
        engine = Engine(status=429 if fault == "status" else 200, good=fault != "good")
        if fault in ("error", "early"):
            engine.error = UpstreamLost("gone")
            engine.fails_after = fault == "error"
        headers = {b"x-studio-cache": b"no-store"} if fault == "no-store" else {}
        if engine.error is not None:
            with pytest.raises(UpstreamLost):
                await ask(cache, engine.fetch, asked(headers=headers))
        else:
            await ask(cache, engine.fetch, asked(headers=headers))
        assert (await cache.counts()).entries == 0

    run(story())


def test_refresh_asks_anew_and_keeps_that() -> None:
    """The old answer gives way."""

    async def story() -> None:
        cache = answers(BOTH)
        await ask(cache, Engine(b"old").fetch)
        fresh = asked(headers={b"cache-control": b"no-cache"})
        client, kind = await ask(cache, Engine(b"new").fetch, fresh)
        assert (client.body, client.cache, kind) == (b"new", b"miss", "")
        assert (await ask(cache, Engine(b"never").fetch))[0].body == b"new"

    run(story())


def test_an_answer_is_kept_for_its_time() -> None:
    """And not a moment longer."""

    async def story() -> None:
        cache, engine = answers(CACHED), Engine()
        await ask(cache, engine.fetch)
        await asyncio.sleep(59.9)
        assert (await ask(cache, engine.fetch))[1] == "hit"
        await asyncio.sleep(0.2)
        assert (await ask(cache, engine.fetch))[1] == ""
        await asyncio.sleep(61)
        assert (await cache.counts()).entries == 0

    run(story())


def test_memory_is_bounded_in_bytes_and_the_least_used_goes_first() -> None:
    """One answer takes an eighth at most."""

    async def story() -> None:
        limit = 80_000
        store = MemoryStore(clock=LoopClock(), limit=lambda: limit)
        for letter in b"abcdefgh":
            store.put(bytes([letter]), kept(8_000), 60)
            if letter == ord("d"):
                assert await store.get(b"a") is not None
        store.put(b"z", kept(9_500), 60)
        assert await store.get(b"z") is None
        store.put(b"i", kept(8_000), 60)
        entries, size = await store.size()
        assert entries == 8
        assert size is not None
        assert size <= limit
        assert await store.get(b"a") is not None
        assert await store.get(b"b") is None
        limit = 0
        store.put(b"j", kept(1), 60)
        assert await store.get(b"j") is None

    run(story())


def kept(size: int) -> Stored:
    """An answer of so many bytes."""
    return Stored(status=200, headers=(), events=False, body=b"x" * size)


def test_counts_that_come_after_the_end_are_kept_with_the_answer() -> None:
    """LiteLLM tells those of streams when they are over, under the id of the request."""

    async def story() -> None:
        cache, engine = answers(BOTH), Engine()
        engine.counts = None
        await ask(cache, engine.fetch)
        cache.counted(record("another", 1))
        cache.counted(record("r1", 8))
        cache.counted(record("r1", 9))  # there is one record of a request
        plan = cache.plan(asked())
        assert plan is not None
        served = await cache.serve(plan, Client(), engine.fetch)
        assert (served.kind, served.prompt_tokens, served.completion_tokens) == ("hit", 7, 8)

    run(story())


def record(request_id: str, completion: int) -> RequestFinished:
    """A request's final record."""
    return RequestFinished(
        request_id=request_id, path="/v1/chat/completions", model="m", recipe_id="r",
        engine_id="e", actor="api", lane="gateway", outcome="ok", status=200, stream=True,
        prompt_tokens=7, completion_tokens=completion,
    )  # fmt: skip


# ---- in flight ---------------------------------------------------------------------------------


def test_the_same_at_once_is_asked_once() -> None:
    """Who comes in the middle gets what already came, and then the rest; the cache may be off."""

    async def story() -> None:
        cache, engine = answers(FLIGHT), Engine(b"one ", b"two ", b"three")
        engine.pauses_after = 1
        first = asyncio.create_task(ask(cache, engine.fetch))
        await engine.paused.wait()
        second = asyncio.create_task(ask(cache, engine.fetch))
        await settle()
        engine.more.set()
        (one, kind_one), (two, kind_two) = await first, await second
        assert one.body == two.body == b"one two three"
        assert (kind_one, kind_two, engine.calls, cache.joins) == ("", "joined", 1, 1)
        assert (one.cache, two.cache) == (b"", b"joined")
        assert (await cache.counts()).entries == 0
        assert (await ask(cache, engine.fetch))[1] == ""
        assert engine.calls == 2

    run(story())


@pytest.mark.parametrize(
    "other",
    [
        asked(LOT),
        asked(key_id="b"),
        asked(headers={b"x-studio-cache": b"refresh"}),
        asked(headers={b"x-studio-cache": b"no-store"}),
    ],
    ids=["a lot is drawn", "another key", "wants it fresh", "wants it kept nowhere"],
)
def test_who_does_not_join(other: Asked) -> None:
    """It gets an engine call of its own."""

    async def story() -> None:
        cache, engine = answers(BOTH), Engine()
        engine.go.clear()
        request = other if other.body.data == LOT else asked()
        both = [asyncio.create_task(ask(cache, engine.fetch, one)) for one in (request, other)]
        await settle()
        assert engine.calls == 2
        engine.go.set()
        assert [kind for _, kind in await asyncio.gather(*both)] == ["", ""]

    run(story())


def test_keys_share_an_answer_on_its_way_only_where_the_same_models_may_answer_them() -> None:
    """Else a key would get the answer of a fallback that it may not use."""
    leave = {"a": ("m", "spare"), "b": ("m", "spare"), "c": ("m",)}

    async def story() -> None:
        shared = CachePolicy(shared=True, single_flight=True)
        cache = answers(shared, may_answer=lambda asked: leave[asked.key_id or ""])
        engine = Engine()
        engine.go.clear()
        all_of_them = [
            asyncio.create_task(ask(cache, engine.fetch, asked(key_id=key))) for key in leave
        ]
        await settle()
        assert engine.calls == 2
        engine.go.set()
        assert [kind for _, kind in await asyncio.gather(*all_of_them)] == ["", "joined", ""]

    run(story())


def test_the_first_may_leave_without_ending_it_for_the_others() -> None:
    """The fetch goes on while anybody reads."""

    async def story() -> None:
        cache, engine = answers(BOTH), Engine()
        engine.go.clear()
        first, second, third = (asyncio.create_task(ask(cache, engine.fetch)) for _ in range(3))
        await settle()
        first.cancel()
        await settle()
        assert engine.running == 1
        engine.go.set()
        assert [(await task)[1] for task in (second, third)] == ["joined", "joined"]
        with pytest.raises(asyncio.CancelledError):
            await first
        assert engine.calls == 1

    run(story())


def test_when_the_last_reader_leaves_the_fetch_ends_with_it() -> None:
    """At once, and before the one who left is done; the next asks anew."""

    async def story() -> None:
        cache, engine = answers(BOTH), Engine()
        engine.go.clear()
        tasks = [asyncio.create_task(ask(cache, engine.fetch)) for _ in range(3)]
        await settle()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert engine.running == 0
        engine.go.set()
        assert (await ask(cache, engine.fetch))[1] == ""
        assert engine.calls == 2
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(story())


@pytest.mark.parametrize(
    "error",
    [StudioError("no room", code="no-room"), Interrupted("cut"), RuntimeError("a fault of ours")],
    ids=["refused", "cut", "broken"],
)
@pytest.mark.parametrize("after", [0, 1], ids=["before the first byte", "in the middle"])
def test_a_failure_is_everybodys(error: Exception, after: int) -> None:
    """The very same one."""

    async def story() -> None:
        cache, engine = answers(BOTH), Engine()
        engine.error, engine.fails_after = error, after
        engine.go.clear()
        tasks = [asyncio.create_task(ask(cache, engine.fetch)) for _ in range(3)]
        await settle()
        engine.go.set()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert told == [error] * 3
        assert engine.calls == 1
        engine.error = None
        assert (await ask(cache, engine.fetch))[1] == ""

    run(story())


def test_an_engine_that_is_refused_first_may_be_tried_elsewhere() -> None:
    """A head that nothing followed is forgotten for the next one's."""

    async def fetch(sink: Sink) -> Fetched:
        sink.plan(503, [], events=False)
        await asyncio.sleep(1)
        sink.plan(200, [], events=False)
        await sink.finish()
        return Fetched(good=True)

    async def story() -> None:
        cache = answers(BOTH)
        pair = await asyncio.gather(ask(cache, fetch), ask(cache, fetch))
        assert [(client.status, client.body) for client, _ in pair] == [(200, b"")] * 2

    run(story())


def test_an_answer_without_an_end_is_a_broken_one() -> None:
    """A fetch that returns without having finished is not believed."""

    async def fetch(sink: Sink) -> Fetched:
        sink.plan(200, [], events=False)
        await sink.write(b"half")
        return Fetched(good=True)

    async def story() -> None:
        with pytest.raises(UpstreamLost):
            await ask(answers(BOTH), fetch)

    run(story())


def test_a_slow_reader_does_not_hold_up_the_others() -> None:
    """It may be a whole buffer behind; then it is waited for, and not for ever."""

    async def story() -> None:
        cache, engine = answers(BOTH, room=100), Engine(*[b"0123456789"] * 30)
        slow, quick = Client(), Client()
        slow.gate.clear()
        behind = asyncio.create_task(ask(cache, engine.fetch, client=slow))
        ahead = asyncio.create_task(ask(cache, engine.fetch, client=quick))
        await settle()
        assert 90 <= len(quick.body) <= 120
        began = asyncio.get_running_loop().time()
        client, kind = await ahead
        assert asyncio.get_running_loop().time() - began == PATIENCE_S
        assert (client.body, kind) == (b"0123456789" * 30, "joined")
        slow.gate.set()
        with pytest.raises(UpstreamLost, match="too slowly"):
            await behind
        assert slow.body != b"0123456789" * 30
        assert (await cache.counts()).entries == 0  # its beginning is gone

    run(story())


def test_an_only_reader_is_waited_for_as_long_as_it_takes() -> None:
    """And what it has not read is bounded; nobody joins what is not there any more."""

    async def story() -> None:
        cache, engine = answers(FLIGHT, room=100), Engine(*[b"0123456789"] * 30)
        slow = Client()
        slow.gate.clear()
        reading = asyncio.create_task(ask(cache, engine.fetch, client=slow))
        await asyncio.sleep(3600)
        assert engine.written <= 12
        other = Engine(b"another")
        assert (await ask(cache, other.fetch))[0].body == b"another"
        slow.gate.set()
        assert (await reading)[0].body == b"0123456789" * 30

    run(story())


def test_a_studio_that_stops_leaves_no_flight() -> None:
    """Readers are told why."""

    async def story() -> None:
        cache, engine = answers(BOTH), Engine()
        engine.go.clear()
        tasks = [asyncio.create_task(ask(cache, engine.fetch)) for _ in range(2)]
        await settle()
        await cache.close()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [getattr(error, "reason", None) for error in told] == ["stopping"] * 2
        assert engine.running == 0

    run(story())


def test_a_client_that_breaks_off_takes_nobody_with_it() -> None:
    """Writing to it fails; the others read on."""

    class Broken(Client):
        async def write(self, data: bytes) -> None:
            raise ConnectionResetError

    async def story() -> None:
        cache, engine = answers(BOTH), Engine(b"one ", b"two")
        pair = [ask(cache, engine.fetch, client=client) for client in (Broken(), Client())]
        broken, whole = await asyncio.gather(*pair, return_exceptions=True)
        assert isinstance(broken, ConnectionResetError)
        assert not isinstance(whole, BaseException)
        assert (whole[0].body, whole[1]) == (b"one two", "joined")

    run(story())
