"""What people may ask of a research, and when."""

import pytest

from core.errors import NotFound, Refused
from core.research.commands import (
    AnswerBack,
    AskFor,
    ChooseProviders,
    EditPlan,
    FinishErasure,
    Pause,
    RequestErasure,
    ResearchCommand,
    Resume,
    Start,
    Stop,
)
from core.research.contents import Told
from core.research.decider import decide
from core.research.evolve import fold
from core.research.state import Absent, Run, State
from events.facts import (
    ResearchBudgetSpent,
    ResearchErased,
    ResearchErasureRequested,
    ResearchFinished,
    ResearchPaused,
    ResearchResumed,
    ResearchStarted,
    ResearchStopped,
)
from tests.core.research.test_process_manager import went_on
from tests.core.research.world import ID, World, people

PAUSE = Pause(reason="asked", sealed=b"", ran_s=1.0)
STOP = Stop(ran_s=2.0)
PAUSED = Told(fact=ResearchPaused(research_id=ID, reason="asked", sealed=b""))
STARTED = Told(fact=ResearchStarted(research_id=ID))
OVER = Told(fact=ResearchBudgetSpent(research_id=ID, budget="minutes", part="reading"))
ELSEWHERE = ChooseProviders(providers=("searxng",))
STOPPED = Told(fact=ResearchStopped(research_id=ID))


def planned() -> list[Told]:
    """The facts up to a plan that nobody has accepted yet."""
    told, _, _ = went_on(World(), [World().begun()])
    return told[:2]


def given(*told: Told) -> State:
    """The state after these."""
    return fold(list(told))


def tags(command: ResearchCommand, state: State) -> list[str]:
    """What follows."""
    return [str(one.__struct_config__.tag) for one in decide(ID, command, state)]


@pytest.mark.parametrize(
    ("command", "told", "follows"),
    [
        (Start(), planned(), ["research-started"]),
        (EditPlan(steps=1, sealed=b"x"), planned(), ["research-plan-edited"]),
        (PAUSE, planned(), ["research-paused"]),
        (PAUSE, [*planned(), PAUSED], []),
        (Resume(), [*planned(), PAUSED], ["research-resumed"]),
        (Resume(), planned(), []),
        (Resume(), [*planned(), STOPPED], ["research-resumed"]),
        (ELSEWHERE, planned(), ["research-providers-chosen"]),
        (ELSEWHERE, [*planned(), STARTED, PAUSED], ["research-providers-chosen"]),
        (ELSEWHERE, [*planned(), STARTED, STOPPED], ["research-providers-chosen"]),
        (ChooseProviders(providers=("wikipedia", "duckduckgo")), planned(), []),
        (STOP, planned(), ["research-stopped"]),
        (STOP, [*planned(), PAUSED], ["research-stopped"]),
        (STOP, [*planned(), STOPPED], []),
        (RequestErasure(), planned(), ["research-erasure-requested"]),
        (FinishErasure(), planned(), []),
    ],
)
def test_what_follows(command: ResearchCommand, told: list[Told], follows: list[str]) -> None:
    """A repeat changes nothing."""
    assert tags(command, given(*told)) == follows


@pytest.mark.parametrize(
    ("command", "told", "code"),
    [
        (Start(), [World().begun()], "research-has-no-plan"),
        (EditPlan(steps=1, sealed=b""), [World().begun()], "research-has-no-plan"),
        (AnswerBack(sealed=b""), planned(), "research-asks-nothing"),
        (PAUSE, [*planned(), STOPPED], "research-rests"),
        (ELSEWHERE, [*planned(), STARTED], "research-at-work"),
        (ELSEWHERE, [*planned(), STARTED, OVER, PAUSED], "budget-spent"),
        (
            Resume(),
            [*planned(), Told(fact=ResearchFinished(research_id=ID, sources=1, unsupported=0))],
            "research-finished-already",
        ),
        (
            EditPlan(steps=1, sealed=b""),
            [*planned(), Told(fact=ResearchStarted(research_id=ID))],
            "research-started-already",
        ),
        (
            Start(),
            [World().begun(), Told(fact=ResearchErasureRequested(research_id=ID))],
            "research-erased",
        ),
    ],
)
def test_what_is_refused(command: ResearchCommand, told: list[Told], code: str) -> None:
    """With a code for programs and a sentence for people."""
    with pytest.raises(Refused) as refused:
        decide(ID, command, given(*told))
    assert refused.value.code == code


def test_who_was_never_asked_for_is_not_there() -> None:
    """Whatever is wished."""
    for command in (Start(), PAUSE, RequestErasure()):
        with pytest.raises(NotFound):
            decide(ID, command, Absent())


def test_it_is_asked_for_once() -> None:
    """A second time changes nothing."""
    asked = AskFor(
        research_id=ID,
        model="m",
        sealed=b"",
        providers=(),
        sources=1,
        tokens=1,
        minutes=1,
        clarify=False,
    )
    assert tags(asked, Absent()) == ["research-requested"]
    assert tags(asked, given(World().begun())) == []


def test_an_answer_is_given_once() -> None:
    """While something is asked back."""
    told, _, _ = went_on(World(), [World().begun(clarify=True)])
    asked = given(*told[:2])
    assert isinstance(asked, Run)
    assert tags(AnswerBack(sealed=b"x"), asked) == ["research-answered"]
    answered = people(asked)
    assert answered is not None
    with pytest.raises(Refused):
        decide(ID, AnswerBack(sealed=b"x"), given(*told[:2], answered))


def test_another_model_goes_on() -> None:
    """Where one is named that is another."""
    paused = given(*planned(), PAUSED)
    (fact,) = decide(ID, Resume(model="bigger"), paused)
    assert fact == ResearchResumed(research_id=ID, model="bigger")
    again = fold([Told(fact=fact)], paused)
    assert isinstance(again, Run)
    assert again.model == "bigger"
    assert decide(ID, Resume(model="demo"), paused) == [ResearchResumed(research_id=ID)]


def test_an_erasure_comes_to_its_end_once() -> None:
    """From then on nothing is there to be asked."""
    erasing = given(World().begun(), Told(fact=ResearchErasureRequested(research_id=ID)))
    assert tags(FinishErasure(), erasing) == ["research-erased"]
    erased = fold([Told(fact=ResearchErased(research_id=ID))], erasing)
    assert tags(FinishErasure(), erased) == []
    assert tags(RequestErasure(), erased) == []
