"""Each invariant holds for a good night, and is broken by the one history it is there to find."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from events.facts import (
    EngineBecameReady,
    EngineStarted,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    GatewayStarted,
    GatewayStopped,
    RequestFinished,
    SwitchCompleted,
    SwitchRequested,
)
from events.facts.base import Fact
from tests.chaos import invariants
from tests.chaos.history import Client, History, Life, Told, Window
from tests.chaos.invariants import INVARIANTS, Invariant, check
from tests.harness.studio import words

SWITCH = SwitchRequested(switch_id="s1", kind="switch", target="a", evict=())
SWITCHED = SwitchCompleted(switch_id="s1", kind="switch", target="a", seconds=1)
START = EngineStartRequested(
    engine_id="a-1",
    recipe_id="a",
    revision=1,
    kind="command",
    runtime=None,
    model_name="a",
    port=8000,
    argv=(),
    nonce="n",
    log_path="l",
)
STARTED = EngineStarted(
    engine_id="a-1", recipe_id="a", pid=7, process_group=7, process_started_at=1
)
READY = EngineBecameReady(engine_id="a-1", recipe_id="a", seconds=1)
STOP = EngineStopRequested(engine_id="a-1", recipe_id="a", reason="quit")
STOPPED = EngineStopped(engine_id="a-1", recipe_id="a", exit_code=0, seconds=0.1)
GATEWAY = GatewayStarted(pid=2, process_group=2, process_started_at=1, port=4000, nonce="g")
GATEWAY_OVER = GatewayStopped(exit_code=0)
GOOD_LOG = (GATEWAY, SWITCH, START, STARTED, READY, SWITCHED, STOP, STOPPED, GATEWAY_OVER)
BOOKED = RequestFinished(
    request_id="r1",
    path="/v1/chat/completions",
    model="a",
    recipe_id="a",
    engine_id="a-1",
    actor="api",
    lane="gateway",
    outcome="ok",
    status=200,
    stream=True,
)
ANSWERED = Client(
    number=1,
    model="a",
    stream=True,
    tokens=3,
    began=10,
    ended=11,
    ending="answered",
    request_id="r1",
    status=200,
    text=words(3),
)
LIFE = Life(model="a", pid=7, began=3, ready=4, ended=8)
NEVER = Window(began=900, ended=901)


def told(facts: Sequence[Fact]) -> tuple[Told, ...]:
    """A log with one fact a second."""
    return tuple(Told(position=n, at=n, event=fact) for n, fact in enumerate(facts, 1))


def client(**changes: Any) -> Client:
    """The good client, but for these."""
    return msgspec.structs.replace(ANSWERED, **changes)


GOOD = History(
    log=told(GOOD_LOG),
    usage=(BOOKED,),
    clients=(ANSWERED,),
    lives=(LIFE,),
    down=(NEVER,),
    wait_bound=5,
    budget=1,
)


def without(*left_out: Fact) -> dict[str, Any]:
    """The good log without these facts."""
    return {"log": told([fact for fact in GOOD_LOG if fact not in left_out])}


def seen(**changes: Any) -> dict[str, Any]:
    """A night whose one client saw something else."""
    return {"clients": (client(**changes),)}


REFUSED: dict[str, Any] = {
    "ending": "refused",
    "status": 503,
    "text": "",
    "error": "e",
    "code": "c",
}
BROKEN: list[tuple[Invariant, dict[str, Any]]] = [
    (invariants.every_intent_has_an_outcome, without(SWITCHED)),
    (invariants.every_intent_has_an_outcome, without(READY, STOP, STOPPED)),
    (invariants.every_intent_has_an_outcome, without(STOPPED)),
    (invariants.every_intent_has_an_outcome, without(GATEWAY_OVER)),
    (invariants.the_log_verifies, {"log_problems": ("position 3 is not what was written",)}),
    (invariants.replay_from_zero_is_what_was_shown, {"replay_differs": ("engine_runs",)}),
    (invariants.never_beyond_the_budget, {"lives": (LIFE, Life(model="b", pid=8, began=5))}),
    (invariants.never_two_of_one_model, {"lives": (LIFE, Life(model="a", pid=8, began=7))}),
    (invariants.every_process_is_in_the_log, without(START, STARTED)),
    (invariants.every_process_is_in_the_log, {"log": told((*GOOD_LOG, STARTED))}),
    (invariants.nothing_is_left_behind, {"left_over": ("77: sim_engine.py",)}),
    (invariants.nothing_is_left_behind, {"lives": (Life(model="a", pid=7, began=3),)}),
    (invariants.strangers_get_nothing, {"strangers_got": ("POST /v1/chat/completions HTTP/1.1",)}),
    (invariants.every_request_ended_within_its_bound, seen(ending="unending")),
    (invariants.every_request_ended_within_its_bound, seen(ended=40)),
    (invariants.every_answer_is_whole_or_says_that_it_is_not, seen(text=words(2))),
    (invariants.every_answer_is_whole_or_says_that_it_is_not, seen(ending="left", text="tok1")),
    (invariants.every_failure_is_clear, seen(**{**REFUSED, "error": ""})),
    (invariants.every_failure_is_clear, seen(**{**REFUSED, "status": 429})),
    (invariants.every_failure_is_clear, seen(ending="broken", text="tok0")),
    (invariants.every_failure_is_clear, seen(ending="cut", text="tok0")),
    (invariants.every_request_is_in_the_book_once, {"usage": ()}),
    (invariants.every_request_is_in_the_book_once, {"usage": (BOOKED, BOOKED)}),
    (invariants.every_request_is_in_the_book_once, seen(ending="left", request_id=None, model="b")),
    (invariants.the_book_says_what_the_client_saw, seen(**REFUSED)),
]


def test_a_good_night_breaks_nothing() -> None:
    """And every invariant is among those that are looked at."""
    assert check(GOOD) == {}


@pytest.mark.parametrize(("invariant", "night"), BROKEN)
def test_a_broken_history_is_found(invariant: Invariant, night: dict[str, Any]) -> None:
    """By the invariant that is there for it."""
    assert invariant(msgspec.structs.replace(GOOD, **night))


def test_every_invariant_can_be_broken() -> None:
    """None of them is decoration."""
    assert {invariant for invariant, _ in BROKEN} == set(INVARIANTS)


def test_what_a_kill_takes_with_it_is_nobodys_fault() -> None:
    """A connection that breaks while the app is killed, and its record, may be missing."""
    killed = msgspec.structs.replace(
        GOOD,
        clients=(client(ending="cut", text="tok0"),),
        usage=(),
        down=(Window(began=10.5, ended=12),),
    )
    assert check(killed) == {}


def test_a_process_that_was_launched_while_the_app_died_is_explained_by_its_intent() -> None:
    """The start was asked for, and the record of the process was never written."""
    log = told([fact for fact in GOOD_LOG if fact != STARTED])
    lives = (msgspec.structs.replace(LIFE, began=3.5),)
    history = msgspec.structs.replace(GOOD, log=log, lives=lives)
    assert invariants.every_process_is_in_the_log(history) == []


def test_one_after_the_other_is_not_at_once() -> None:
    """The next may begin when the one before has ended."""
    lives = (LIFE, Life(model="b", pid=8, began=8.01, ended=9))
    assert invariants.never_beyond_the_budget(msgspec.structs.replace(GOOD, lives=lives)) == []
