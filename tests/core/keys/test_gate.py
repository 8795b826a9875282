"""The gate under a clock of its own: who gets in, when, and what each is told."""

import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import NotAllowed
from core.gateway.dialects import anthropic_error, openai_error
from core.gateway.hooks import KeyGate as Hook
from core.keys.desk import KeyDesk
from core.keys.errors import BudgetSpent, RateLimited
from core.keys.gate import KeyGate, Passed
from core.keys.keyring import KeyRing
from events.facts import KeyLimitReached
from events.facts.key import KeyLimits
from tests.core.keys.conftest import Clock
from tests.core.keys.requests import CHAT, chat, finished

T = TypeVar("T")
NAMES = {
    "qwen": ("qwen", "q", "gpt-4"),
    "q": ("qwen", "q", "gpt-4"),
    "gpt-4": ("qwen", "q", "gpt-4"),
}


class Told(list[KeyLimitReached]):
    """Breaches as they are told."""


@pytest.fixture
def told() -> Told:
    """Of one test."""
    return Told()


@pytest.fixture
def gate(ring: KeyRing, clock: Clock, told: Told) -> KeyGate:
    """A gate without Redis."""
    return KeyGate(
        ring=ring, clock=clock, names_of=lambda name: NAMES.get(name, ()), reached=told.append
    )


async def key(desk: KeyDesk, name: str = "k", **limits: Any) -> str:
    """A key with these limits; its id."""
    return (await desk.issue(name, actor="cli", limits=KeyLimits(**limits))).key.key_id


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The outcome of a coroutine that must not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]  # what it returned
    raise AssertionError("it waited")


async def test_who_has_no_key_or_no_limits_costs_nothing(gate: KeyGate, desk: KeyDesk) -> None:
    """Nothing is counted, nothing is told."""
    hook: Hook = gate
    free = await key(desk)
    for one in (None, free):
        hook.demand(one, name="anything", path=b"/v1/chat/completions")
        assert at_once(gate.enter(one, "r", CHAT)) is None
        assert gate.lanes(one).allowed == {"gateway", "direct"}
    gate.leave("r")
    assert gate.use(free).requests == 0


async def test_a_key_asks_its_models_by_any_of_their_names(gate: KeyGate, desk: KeyDesk) -> None:
    """The alias of an allowed recipe counts; anything else is 403, in a sentence."""
    one = await key(desk, models=("qwen", "virtual"))
    for name in ("qwen", "q", "gpt-4", "virtual"):
        gate.demand(one, name=name, path=b"/v1/messages")
    with pytest.raises(NotAllowed, match="may not use the model 'llama'") as refused:
        gate.demand(one, name="llama", path=b"/v1/messages")
    status, _, body = openai_error(refused.value)
    assert (status, refused.value.code) == (403, "model_not_allowed")
    assert b'"permission_error"' in body
    assert not gate.permits(one, "llama")


async def test_a_key_without_the_scope_asks_no_model(gate: KeyGate, desk: KeyDesk) -> None:
    """Also where the guard was passed some other way."""
    auditor = await key(desk, scopes=("audit",))
    with pytest.raises(NotAllowed, match="inference"):
        gate.demand(auditor, name="qwen", path=b"/v1/chat/completions")


async def test_lanes_are_the_keys(gate: KeyGate, desk: KeyDesk) -> None:
    """The only lane that is allowed is also the one that is preferred."""
    only = gate.lanes(await key(desk, "a", lanes=("direct",)))
    assert (only.allowed, only.preferred) == (frozenset({"direct"}), "direct")
    both = gate.lanes(await key(desk, "b", preferred_lane="direct"))
    assert (both.allowed, both.preferred) == (frozenset({"direct", "gateway"}), "direct")


async def test_requests_a_minute(gate: KeyGate, desk: KeyDesk, clock: Clock) -> None:
    """Two get in, the third is told to the moment when it may come again, and then gets in."""
    one = await key(desk, requests_per_minute=2)
    first = at_once(gate.enter(one, "1", CHAT))
    assert isinstance(first, Passed)
    assert dict(first.headers) == {
        b"x-ratelimit-limit-requests": b"2",
        b"x-ratelimit-remaining-requests": b"1",
        b"x-ratelimit-reset-requests": b"1m1s",
    }
    clock.pass_by(10.5)
    at_once(gate.enter(one, "2", CHAT))
    clock.pass_by(10)
    with pytest.raises(RateLimited, match="2 requests a minute") as refused:
        at_once(gate.enter(one, "3", CHAT))
    assert refused.value.retry_after == pytest.approx(40.5)
    clock.pass_by(refused.value.retry_after - 0.001)
    with pytest.raises(RateLimited):
        at_once(gate.enter(one, "3", CHAT))
    clock.pass_by(0.001)
    at_once(gate.enter(one, "3", CHAT))


async def test_a_refusal_is_shaped_as_its_client_expects(gate: KeyGate, desk: KeyDesk) -> None:
    """429 with the limits' headers, for OpenAI's clients and for Anthropic's."""
    one = await key(desk, requests_per_minute=1)
    at_once(gate.enter(one, "1", CHAT))
    with pytest.raises(RateLimited) as refused:
        at_once(gate.enter(one, "2", CHAT))
    for answer, kind in (
        (openai_error, b'"code":"rate_limit_exceeded"'),
        (anthropic_error, b'"error"'),
    ):
        status, headers, body = answer(refused.value)
        assert status == 429
        told = dict(headers)
        assert (told[b"retry-after"], told[b"retry-after-ms"]) == (b"61", b"61000")
        assert told[b"x-ratelimit-remaining-requests"] == b"0"
        assert kind in body
        assert b'"rate_limit_error"' in body


async def test_requests_at_once(gate: KeyGate, desk: KeyDesk) -> None:
    """A place is free again when its request has ended, however often that is told."""
    one = await key(desk, parallel=1)
    at_once(gate.enter(one, "1", CHAT))
    with pytest.raises(RateLimited, match="1 requests at once"):
        at_once(gate.enter(one, "2", CHAT))
    gate.leave("1")
    gate.leave("1")
    at_once(gate.enter(one, "2", CHAT))
    assert gate.use(one).parallel == 1


async def test_tokens_are_guessed_and_put_right(gate: KeyGate, desk: KeyDesk, clock: Clock) -> None:
    """The guess is the key's recent average; what is known to be used is what counts."""
    one = await key(desk, tokens_per_minute=1000)
    at_once(gate.enter(one, "1", chat(max_tokens=100_000)))
    assert gate.use(one).tokens == 250, "a first guess is a quarter at most"
    gate.leave("1")
    gate.settle(finished(one, "1", prompt_tokens=300, completion_tokens=300))
    assert gate.use(one).tokens == 600
    with pytest.raises(RateLimited, match="1000 tokens a minute") as refused:
        at_once(gate.enter(one, "2", CHAT))
    clock.pass_by(refused.value.retry_after)
    entered = at_once(gate.enter(one, "2", CHAT))
    assert isinstance(entered, Passed)
    assert dict(entered.headers)[b"x-ratelimit-remaining-tokens"] == b"400"
    gate.settle(finished(one, "2", prompt_tokens=10, completion_tokens=0))
    assert gate.use(one).tokens == 10


async def test_a_key_that_used_nothing_is_never_refused(gate: KeyGate, desk: KeyDesk) -> None:
    """However much it asks for, however much its requests took before."""
    one = await key(desk, tokens_per_minute=1)
    at_once(gate.enter(one, "1", chat(max_tokens=10**9)))
    gate.settle(finished(one, "1", prompt_tokens=0, completion_tokens=0))
    at_once(gate.enter(one, "2", CHAT))


async def test_answers_of_others_cost_nothing(gate: KeyGate, desk: KeyDesk) -> None:
    """From the cache, or joined: the request counts, its tokens and money do not."""
    one = await key(desk, tokens_per_minute=1000, budget_day=1.0)
    at_once(gate.enter(one, "1", CHAT))
    gate.settle(finished(one, "1", cache="hit", cost=5.0))
    used = gate.use(one)
    assert (used.requests, used.tokens, used.spent_day) == (1, 0, 0.0)


async def test_an_answer_nobody_counted_stays_as_it_was_guessed(
    gate: KeyGate, desk: KeyDesk
) -> None:
    """One that never came is given back."""
    one = await key(desk, tokens_per_minute=1000)
    unknown = {"prompt_tokens": None, "completion_tokens": None}
    at_once(gate.enter(one, "1", CHAT))
    guessed = gate.use(one).tokens
    gate.settle(finished(one, "1", outcome="client_gone", **unknown))
    assert gate.use(one).tokens == guessed > 0
    at_once(gate.enter(one, "2", CHAT))
    gate.settle(finished(one, "2", outcome="timeout", status=504, ttft_ms=None, **unknown))
    assert gate.use(one).tokens == guessed


async def test_budgets_of_day_and_month(gate: KeyGate, desk: KeyDesk, clock: Clock) -> None:
    """Refused until midnight, then let in; the month goes on. Parallel requests hold it too."""
    one = await key(desk, budget_day=1.0, budget_month=1.5)
    at_once(gate.enter(one, "1", CHAT))
    gate.settle(finished(one, "1", cost=0.6))
    at_once(gate.enter(one, "2", CHAT))  # 0.6 are reserved for it
    with pytest.raises(BudgetSpent, match="1 spent in a day") as refused:
        at_once(gate.enter(one, "3", CHAT))
    gate.settle(finished(one, "2", cost=None, energy_cost=0.1))
    at_once(gate.enter(one, "4", CHAT))
    gate.settle(finished(one, "4", cost=0.5))
    assert gate.use(one).spent_day == pytest.approx(1.2)
    with pytest.raises(BudgetSpent, match="2027-01-16 00:00 UTC") as refused:
        at_once(gate.enter(one, "5", CHAT))
    assert refused.value.retry_after == 12 * 3600
    status, headers, body = openai_error(refused.value)
    assert status == 429
    assert b'"insufficient_quota"' in body
    assert (b"x-should-retry", b"false") in headers
    clock.pass_by(12 * 3600)
    at_once(gate.enter(one, "6", CHAT))
    gate.settle(finished(one, "6", cost=0.5))
    with pytest.raises(BudgetSpent, match="spent in a month"):
        at_once(gate.enter(one, "7", CHAT))
    clock.pass_by(17 * 86400)
    at_once(gate.enter(one, "7", CHAT))


async def test_a_breach_is_told_once_in_its_window(
    gate: KeyGate, desk: KeyDesk, clock: Clock, told: Told
) -> None:
    """Never once for each request."""
    one = await key(desk, requests_per_minute=1)
    for n in range(100):
        try:
            at_once(gate.enter(one, str(n), CHAT))
        except RateLimited:
            clock.pass_by(1)
    assert told == [KeyLimitReached(key_id=one, name="k", limit="requests", allowed=1)] * 2


async def test_limits_that_are_set_count_from_the_next_request_on(
    gate: KeyGate, desk: KeyDesk
) -> None:
    """With what the key used before it had any."""
    one = await key(desk)
    gate.settle(finished(one, "1", cost=2.0))
    await desk.set_limits(one, lambda now: KeyLimits(budget_day=2.0), actor="cli")
    with pytest.raises(BudgetSpent):
        at_once(gate.enter(one, "2", CHAT))
    await desk.set_limits(one, lambda now: KeyLimits(budget_day=3.0), actor="cli")
    at_once(gate.enter(one, "2", CHAT))


async def test_counters_are_rebuilt_from_the_log(
    ring: KeyRing, desk: KeyDesk, clock: Clock
) -> None:
    """The last minute's requests count when they came, money counts as it was summed up."""
    one = await key(desk, requests_per_minute=2, tokens_per_minute=10_000, budget_month=10.0)
    gate = KeyGate(ring=ring, clock=clock)
    ended = clock.now() - 10_000_000
    gate.restore(
        [
            (ended, finished(one, "1", duration_ms=5000.0)),
            (ended - 100_000_000, finished(one, "0")),
            (ended, finished(one, "x", outcome="rejected", status=429)),
        ],
        {one: (1.0, 9.0)},
    )
    used = gate.use(one)
    assert (used.requests, used.tokens, used.spent_day, used.spent_month) == (1, 30, 1.0, 9.0)
    at_once(gate.enter(one, "2", CHAT))
    with pytest.raises(RateLimited) as refused:
        at_once(gate.enter(one, "3", CHAT))
    assert refused.value.retry_after == 46  # 61 s after the second it came in


async def test_who_left_before_its_body_was_read_was_never_let_in(
    gate: KeyGate, desk: KeyDesk, clock: Clock
) -> None:
    """Not counted at its end, nor after a restart, which knows it from the log alone."""
    one = await key(desk, requests_per_minute=2)
    left = finished(one, "r", model="", outcome="client_gone", status=0)
    gate.settle(left)
    assert gate.use(one).requests == 0
    gate.restore([(clock.now(), left)], {})
    assert gate.use(one).requests == 0
    gate.settle(finished(one, "s", outcome="client_gone", status=0))
    assert gate.use(one).requests == 1


def is_let_in(gate: KeyGate, key_id: str, request_id: str) -> bool:
    """Whether a request gets in now."""
    try:
        at_once(gate.enter(key_id, request_id, CHAT))
    except RateLimited:
        return False
    return True


NUMBERS = itertools.count()
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "enter", "enter", "leave", "settle"]),
        st.floats(0, 25),  # how long before it
        st.integers(0, 60),  # tokens
    ),
    max_size=80,
)


@given(steps=STEPS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_interleaving_lets_in_more_than_the_limits(
    ring: KeyRing, desk: KeyDesk, steps: list[tuple[str, float, int]]
) -> None:
    """In no minute more than five requests, never three at once, never past a hundred tokens."""
    clock = Clock()
    gate = KeyGate(ring=ring, clock=clock)
    one = await key(
        desk, str(next(NUMBERS)), requests_per_minute=5, parallel=2, tokens_per_minute=100
    )
    came: list[float] = []
    running: list[str] = []
    ended: list[str] = []
    for n, (step, after, tokens) in enumerate(steps):
        clock.pass_by(after)
        now = clock.monotonic()
        if step == "enter":
            before = gate.use(one)
            if not is_let_in(gate, one, str(n)):
                assert gate.use(one) == before, "who is refused counts nothing"
                assert before.requests or before.tokens or before.parallel
                continue
            came.append(now)
            running.append(str(n))
            assert sum(1 for at in came if at > now - 60) <= 5
            assert len(running) <= 2
            assert gate.use(one).tokens <= 100
        elif step == "leave" and running:
            ended.append(running.pop(tokens % len(running)))
            gate.leave(ended[-1])
        elif step == "settle" and ended:
            request_id = ended.pop(tokens % len(ended))
            gate.settle(finished(one, request_id, prompt_tokens=tokens, completion_tokens=0))
        assert gate.use(one).parallel == len(running)
