"""Whatever a research has recorded, it goes on from there, and does nothing twice."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.research.choosing import alive
from core.research.contents import Problem, Searched, Told
from core.research.evolve import evolve, fold
from core.research.process_manager import (
    FindGaps,
    GiveUp,
    MakePlan,
    MakeQueries,
    SaySpent,
    SearchFor,
    Work,
    Write,
    next_step,
    seconds_left,
)
from core.research.state import Run, Source, SourceState, initial
from events.facts import (
    ResearchNoted,
    ResearchPageRead,
    ResearchPaused,
    ResearchProvidersChosen,
    ResearchResumed,
    ResearchSearched,
)
from tests.core.research.world import ID, World, people

worlds = st.builds(
    World,
    steps=st.integers(1, 5),
    hits=st.integers(0, 8),
    cost=st.sampled_from([0, 100, 5_000]),
    bad=st.integers(1, 6),
)
budgets = st.fixed_dictionaries(
    {
        "sources": st.integers(1, 12),
        "tokens": st.sampled_from([1_000, 20_000, 1_000_000]),
        "clarify": st.booleans(),
    }
)


def went_on(
    world: World, told: list[Told], chance: Random | None = None
) -> tuple[list[Told], list[Work], Run]:
    """All the facts, all the work that was done, and the end; `chance` picks what is done first."""
    told, done = list(told), []
    run = fold(told)
    assert isinstance(run, Run)
    for _ in range(2_000):
        works = next_step(run, run.ran_s)
        if works:
            work = works[0] if chance is None else chance.choice(works)
            done.append(work)
            fact = world.done(work, run)
        elif (said := people(run)) is not None:
            fact = said
        else:
            return told, done, run
        told.append(fact)
        state = evolve(run, fact)
        assert isinstance(state, Run)
        run = state
    raise AssertionError("it never ends")


@given(worlds, budgets, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_every_run_comes_to_an_end_and_does_nothing_twice(
    world: World, budget: dict[str, Any], chance: Random
) -> None:
    """In whatever order its work is done."""
    _, done, run = went_on(world, [world.begun(**budget)], chance)
    assert run.standing in ("done", "failed")
    assert len(done) == len(set(done)), "something was done twice"
    assert alive(run.sources) <= run.budget.sources
    assert len({one.url for one in run.sources}) == len(run.sources), "no page is read twice"


@given(worlds, budgets, st.data())
@settings(max_examples=150, deadline=None)
def test_from_any_prefix_it_goes_on_to_the_same_end(
    world: World, budget: dict[str, Any], data: st.DataObject
) -> None:
    """A crash after any fact changes nothing but the time."""
    told, done, run = went_on(world, [world.begun(**budget)])
    cut = data.draw(st.integers(1, len(told)))
    again, done_again, end = went_on(world, told[:cut])
    assert (again, end) == (told, run)
    assert done_again == done[len(done) - len(done_again) :]


@given(worlds, budgets, st.randoms(use_true_random=False), st.data())
@settings(max_examples=100, deadline=None)
def test_after_any_crash_nothing_recorded_is_done_again(
    world: World, budget: dict[str, Any], chance: Random, data: st.DataObject
) -> None:
    """Also when what follows is done in another order than before."""
    told, _, _ = went_on(world, [world.begun(**budget)], chance)
    cut = data.draw(st.integers(1, len(told)))
    again, done, run = went_on(world, told[:cut], chance)
    assert run.standing in ("done", "failed")
    recorded = [one.fact for one in again]
    assert len(recorded) == len(set(map(repr, recorded))), "a fact was recorded twice"
    assert len(done) == len(set(done))


@given(worlds, budgets, st.data())
@settings(max_examples=100, deadline=None)
def test_it_goes_on_elsewhere_from_any_rest(
    world: World, budget: dict[str, Any], data: st.DataObject
) -> None:
    """Other providers are asked what the first were; nothing is searched or read again."""
    told, _, run = went_on(world, [world.begun(**budget)])
    at = data.draw(st.integers(1, len(told) - 1))
    chosen = data.draw(st.sampled_from([("searxng",), ("searxng", "wikipedia")]))
    elsewhere = [
        Told(fact=ResearchPaused(research_id=ID, reason="asked", sealed=b"")),
        Told(fact=ResearchProvidersChosen(research_id=ID, providers=chosen)),
        Told(fact=ResearchResumed(research_id=ID)),
    ]
    again, _, end = went_on(world, [*told[:at], *elsewhere])
    assert end.standing in ("done", "failed")
    assert end.providers == chosen
    facts = [one.fact for one in again]
    once = ResearchSearched | ResearchPageRead | ResearchNoted
    done = [repr(one) for one in facts if isinstance(one, once)]
    assert len(done) == len(set(done))
    if not run.reading_over and not end.reading_over:
        for step in end.steps or ():
            asked = {(one.query, one.provider) for one in step.searches}
            assert {(0, one) for one in chosen} <= asked
    for step in (*(end.steps or ()), end.summary):
        assert step.sentences is None or step.supported is not None


class CutOff(World):
    """No search can be made."""

    def _searched(self, work: SearchFor) -> Told:
        told = super()._searched(work)
        return Told(fact=told.fact, content=Searched(problem=Problem(message="no network")))


def test_without_any_search_it_gives_up_at_once() -> None:
    """A model that may be slow is not asked what else could be searched for."""
    world = CutOff()
    _, done, run = went_on(world, [world.begun()])
    assert run.standing == "failed"
    assert done[-1] == GiveUp()
    assert FindGaps() not in done


def test_it_waits_for_people() -> None:
    """For an answer, then for the plan to be accepted: nothing is done meanwhile."""
    world = World()
    run = fold([world.begun(clarify=True)])
    assert isinstance(run, Run)
    asked = fold([world.done(next_step(run, 0)[0], run)], run)
    assert isinstance(asked, Run)
    assert next_step(asked, 0) == ()
    answered = fold([_not_none(people(asked))], asked)
    assert isinstance(answered, Run)
    planned = fold([world.done(next_step(answered, 0)[0], answered)], answered)
    assert isinstance(planned, Run)
    assert next_step(planned, 0) == ()


def test_searches_and_pages_of_all_steps_go_on_at_the_same_time() -> None:
    """What needs not wait for another does not."""
    world = World(steps=3)
    told = [world.begun()]
    run = fold(told)
    assert isinstance(run, Run)
    for _ in range(5):  # the plan, its acceptance, and what each step asks
        works = next_step(run, 0)
        work = next((one for one in works if isinstance(one, MakePlan | MakeQueries)), None)
        fact = world.done(work, run) if work else _not_none(people(run))
        run = fold([fact], run)
        assert isinstance(run, Run)
    works = next_step(run, 0)
    assert len(works) == 3 * 2 * 2


@pytest.mark.parametrize(("minutes", "part"), [(7.5, "reading"), (11.0, "writing")])
def test_when_its_time_is_over_it_writes_with_what_it_has(minutes: float, part: str) -> None:
    """Reading ends first; then whatever needs a model."""
    world = World()
    told, _, _ = went_on(world, [world.begun(minutes=10)])
    begun = next(at for at, one in enumerate(told) if "noted" in _tag(one)) + 1
    run = fold(told[:begun])
    assert isinstance(run, Run)
    assert next_step(run, minutes * 60) == (SaySpent("minutes", part),)
    run = fold([world.done(SaySpent("minutes", part), run)], run)
    assert isinstance(run, Run)
    assert isinstance(next_step(run, minutes * 60)[0], Write)
    left = seconds_left(run, minutes * 60)
    assert left == (150.0 if part == "reading" else None)


def test_what_the_budget_has_no_room_for_is_said() -> None:
    """More was found than may be read."""
    told, _, run = went_on(World(hits=8, bad=1_000), [World().begun(sources=3)])
    assert "sources/reading" in run.spent
    assert sum(1 for one in told if _tag(one) == "research-page-read") == 3


def test_a_page_that_can_not_be_read_makes_room_for_the_next() -> None:
    """Refused pages cost nothing of the budget."""
    _, _, run = went_on(World(steps=1, hits=8, bad=2), [World().begun(sources=4)])
    assert {one.state for one in run.sources} == {"read", "refused"}
    assert sum(1 for one in run.sources if one.state == "read") == 4


def test_nothing_at_all_is_a_failure_that_can_be_tried_again() -> None:
    """The searches that failed are made again after `resume`, and only they."""
    world = World(hits=0)
    told, _, run = went_on(world, [world.begun()])
    assert (run.standing, run.problem) == ("failed", Problem(message="nothing was found"))
    broken = msgspec.structs.replace(
        next(one for one in told if isinstance(one.fact, ResearchSearched)),
        content=Searched(problem=Problem(message="it is down", code="unreachable")),
    )
    told = [broken if one.fact == broken.fact else one for one in told]
    again = fold([*told, Told(fact=ResearchResumed(research_id=ID))])
    assert isinstance(again, Run)
    assert isinstance(broken.fact, ResearchSearched)
    wanted = SearchFor(broken.fact.step_id, broken.fact.query, broken.fact.provider)
    assert next_step(again, again.ran_s) == (wanted,)


def test_what_is_tried_again_stays_within_the_budget() -> None:
    """Pages that failed, where others took their places: only as many as there is room for."""
    world = World(steps=1, hits=8)
    _, _, run = went_on(world, [world.begun(sources=4)])
    states: tuple[SourceState, ...] = ("read", "read", "read", "failed", "failed", "failed")
    sources = tuple(
        Source(n=n, url=f"https://{n}.example/", state=state) for n, state in enumerate(states, 1)
    )
    failed = msgspec.structs.replace(run, standing="failed", sources=sources)
    again = evolve(failed, Told(fact=ResearchResumed(research_id=ID)))
    assert isinstance(again, Run)
    assert alive(again.sources) == 4


def test_facts_before_the_first_change_nothing() -> None:
    """Nor do facts about something else."""
    world = World()
    assert fold([_not_none(people(_planned_run(world)))]) == initial


def _planned_run(world: World) -> Run:
    run = fold([world.begun()])
    assert isinstance(run, Run)
    state = fold([world.done(next_step(run, 0)[0], run)], run)
    assert isinstance(state, Run)
    return state


def _tag(told: Told) -> str:
    return str(told.fact.__struct_config__.tag)


def _not_none(told: Told | None) -> Told:
    assert told is not None
    return told
