"""The switching stream's rules: given these facts, when this is asked, then these facts."""

from collections.abc import Sequence

import pytest

from core.errors import Refused
from core.switching.commands import Change, RequestEvict, RequestLoad, RequestSwitch
from core.switching.decider import INITIAL, BeginChange, Idle, State, UnderWay, decide, evolve
from core.switching.eviction import Resident
from core.switching.process_manager import Drain, Evict, Finish, Start, next_step
from events.facts import (
    SwitchCancelled,
    SwitchCompleted,
    SwitchDrained,
    SwitchDrainingStarted,
    SwitchEvictionFinished,
    SwitchFailed,
    SwitchRequested,
)
from events.facts.base import Fact

REQUESTED = SwitchRequested(switch_id="s", kind="switch", target="b", evict=("a",))
OUTCOMES = (
    SwitchCompleted(switch_id="s", kind="switch", target="b", seconds=1.0),
    SwitchFailed(switch_id="s", kind="switch", target="b", reason="no"),
    SwitchCancelled(switch_id="s", kind="switch", target="b"),
)


def fold(facts: Sequence[Fact]) -> State:
    """State after these facts."""
    state = INITIAL
    for fact in facts:
        state = evolve(state, fact)
    return state


def begin(change: Change, *residents: str, room: int = 1) -> BeginChange:
    """A wish with its surroundings."""
    return BeginChange(
        switch_id="s",
        change=change,
        residents=tuple(Resident(recipe_id=r) for r in residents),
        room=room,
    )


def test_a_switch_says_beforehand_who_must_go() -> None:
    """The intent is complete before anything is touched."""
    assert decide(begin(RequestSwitch(target="b"), "a"), Idle()) == [REQUESTED]


def test_a_load_evicts_nobody() -> None:
    """Loading beside what is there is what the word says."""
    facts = decide(begin(RequestLoad(target="b"), "a"), Idle())
    assert facts == [SwitchRequested(switch_id="s", kind="load", target="b", evict=())]


def test_evicting_everything_names_everything() -> None:
    """The fact says what went, not "all"."""
    facts = decide(begin(RequestEvict(), "a", "b"), Idle())
    assert facts == [SwitchRequested(switch_id="s", kind="evict", target=None, evict=("a", "b"))]


def test_evicting_what_is_not_there_is_silence() -> None:
    """A repeat is no fact and no error."""
    assert decide(begin(RequestEvict(target="c"), "a"), Idle()) == []
    assert decide(begin(RequestEvict()), Idle()) == []


def test_one_change_at_a_time() -> None:
    """A second change is refused with the name of the first."""
    with pytest.raises(Refused, match="a switch to b is under way"):
        decide(begin(RequestLoad(target="c")), fold([REQUESTED]))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda o: type(o).__name__)
def test_every_outcome_ends_the_change(outcome: Fact) -> None:
    """After any outcome the next change may begin."""
    assert fold([REQUESTED, outcome]) == Idle()


def test_a_switch_goes_step_by_step() -> None:
    """Drain, evict, start, finish: each step follows from the facts before it."""
    facts: list[Fact] = [REQUESTED]
    assert next_step(fold(facts), frozenset({"a"})) == Drain(recipe_ids=("a",), force=False)
    facts.append(SwitchDrainingStarted(switch_id="s", in_flight=1))
    assert next_step(fold(facts), frozenset({"a"})) == Drain(recipe_ids=("a",), force=False)
    facts.append(SwitchDrained(switch_id="s"))
    assert next_step(fold(facts), frozenset({"a"})) == Evict(recipe_id="a")
    facts.append(SwitchEvictionFinished(switch_id="s", recipe_id="a"))
    assert next_step(fold(facts), frozenset()) == Start(recipe_id="b")
    assert next_step(fold(facts), frozenset({"b"})) == Finish()


def test_nothing_under_way_has_no_next_step() -> None:
    """The process manager sleeps when the stream is idle."""
    assert next_step(Idle(), frozenset()) is None


def test_facts_out_of_place_change_nothing() -> None:
    """An old or foreign fact never breaks the fold."""
    assert fold([SwitchDrained(switch_id="s")]) == Idle()


def test_an_eviction_ends_when_all_are_gone() -> None:
    """Nothing is started after an eviction."""
    requested = SwitchRequested(switch_id="s", kind="evict", target="a", evict=("a",))
    gone = SwitchEvictionFinished(switch_id="s", recipe_id="a")
    state = fold([requested, SwitchDrained(switch_id="s"), gone])
    assert isinstance(state, UnderWay)
    assert next_step(state, frozenset()) == Finish()
