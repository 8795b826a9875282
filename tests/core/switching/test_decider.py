"""The switching stream's rules: given these facts, when this is asked, then these facts."""

from collections.abc import Sequence

import pytest

from core.errors import Refused
from core.switching.commands import Change, RequestEvict, RequestLoad, RequestSwitch
from core.switching.decider import INITIAL, BeginChange, State, UnderWay, decide, evolve
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


def begin(change: Change, *evict: str, switch_id: str = "s") -> BeginChange:
    """A wish with what the scheduler found for it."""
    return BeginChange(switch_id=switch_id, change=change, evict=evict)


def test_a_switch_says_beforehand_who_must_go() -> None:
    """The intent is complete before anything is touched."""
    assert decide(begin(RequestSwitch(target="b"), "a"), INITIAL) == [REQUESTED]


def test_evicting_everything_names_everything() -> None:
    """The fact says what went, not "all"."""
    facts = decide(begin(RequestEvict(), "a", "b"), INITIAL)
    assert facts == [SwitchRequested(switch_id="s", kind="evict", target=None, evict=("a", "b"))]


@pytest.mark.parametrize(
    "change",
    [
        begin(RequestLoad(target="b"), switch_id="t"),
        begin(RequestSwitch(target="a"), switch_id="t"),
        begin(RequestSwitch(target="c"), "a", switch_id="t"),
        begin(RequestEvict(target="b"), "b", switch_id="t"),
    ],
)
def test_no_model_belongs_to_two_changes(change: BeginChange) -> None:
    """Whatever the scheduler thinks: the log never has it."""
    with pytest.raises(Refused, match="a switch to b is under way"):
        decide(change, fold([REQUESTED]))


def test_changes_that_do_not_touch_are_under_way_together() -> None:
    """Each goes on by itself."""
    other = decide(begin(RequestSwitch(target="d"), "c", switch_id="t"), fold([REQUESTED]))
    state = fold([REQUESTED, *other, SwitchDrained(switch_id="t")])
    assert (state["s"].drained, state["t"].drained) == (False, True)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda o: type(o).__name__)
def test_every_outcome_ends_the_change(outcome: Fact) -> None:
    """After any outcome the next change may begin."""
    assert fold([REQUESTED, outcome]) == {}


def test_a_switch_goes_step_by_step() -> None:
    """Drain, evict, start, finish: each step follows from the facts before it."""
    facts: list[Fact] = [REQUESTED]
    assert next_step(fold(facts)["s"], frozenset({"a"})) == Drain(recipe_ids=("a",), force=False)
    facts.append(SwitchDrainingStarted(switch_id="s", in_flight=1))
    assert next_step(fold(facts)["s"], frozenset({"a"})) == Drain(recipe_ids=("a",), force=False)
    facts.append(SwitchDrained(switch_id="s"))
    assert next_step(fold(facts)["s"], frozenset({"a"})) == Evict(recipe_ids=("a",))
    facts.append(SwitchEvictionFinished(switch_id="s", recipe_id="a"))
    assert next_step(fold(facts)["s"], frozenset()) == Start(recipe_id="b")
    assert next_step(fold(facts)["s"], frozenset({"b"})) == Finish()


def test_facts_out_of_place_change_nothing() -> None:
    """An old or foreign fact never breaks the fold."""
    assert fold([SwitchDrained(switch_id="s")]) == {}


def test_an_eviction_ends_when_all_are_gone() -> None:
    """Nothing is started after an eviction."""
    requested = SwitchRequested(switch_id="s", kind="evict", target="a", evict=("a",))
    gone = SwitchEvictionFinished(switch_id="s", recipe_id="a")
    state = fold([requested, SwitchDrained(switch_id="s"), gone])["s"]
    assert isinstance(state, UnderWay)
    assert next_step(state, frozenset()) == Finish()
