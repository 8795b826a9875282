"""What may be asked of a research by people. Pure: state in, facts out.

What a run does by itself is `process_manager.next_step`; both meet in `evolve`.

    working ──pause──► paused ──resume──► working        stop: from anywhere, resume after it, too
"""

from typing import assert_never

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
from core.research.state import Absent, Erased, Erasing, Run, State
from events.facts import (
    ResearchAnswered,
    ResearchErased,
    ResearchErasureRequested,
    ResearchPaused,
    ResearchPlanEdited,
    ResearchProvidersChosen,
    ResearchRequested,
    ResearchResumed,
    ResearchStarted,
    ResearchStopped,
)
from events.facts.base import Fact


def decide(which: str, command: ResearchCommand, state: State) -> list[Fact]:
    """The facts that follow from the wish, or a refusal. A repeat changes nothing."""
    match command:
        case AskFor():
            return [_requested(command)] if isinstance(state, Absent) else []
        case RequestErasure():
            return _request_erasure(which, state)
        case FinishErasure():
            erasing = isinstance(state, Erasing)
            return [ResearchErased(research_id=which)] if erasing else []
        case AnswerBack() | EditPlan() | Start():
            return _before_it_starts(command, demand_run(which, state))
        case Pause() | Resume() | Stop():
            return _at_work(command, demand_run(which, state))
        case ChooseProviders(providers=providers):
            return _choose(demand_run(which, state), providers)
        case _:
            assert_never(command)


def demand_run(which: str, state: State) -> Run:
    """Raise NotFound or Refused unless it is there."""
    match state:
        case Run():
            return state
        case Absent():
            raise not_found(which)
        case Erasing() | Erased():
            raise Refused(
                f"the research {which} was erased: it can not go on",
                code="research-erased",
                next_action="ask for a new one",
            )
        case _:
            assert_never(state)


def not_found(which: str) -> NotFound:
    """There never was such a run."""
    return NotFound(
        f"there is no research {which!r:.80}",
        code="research-not-found",
        next_action="read /api/research",
    )


def _requested(asked: AskFor) -> Fact:
    return ResearchRequested(
        research_id=asked.research_id,
        model=asked.model,
        sealed=asked.sealed,
        providers=asked.providers,
        sources=asked.sources,
        tokens=asked.tokens,
        minutes=asked.minutes,
        clarify=asked.clarify,
    )


def _request_erasure(which: str, state: State) -> list[Fact]:
    match state:
        case Absent():
            raise not_found(which)
        case Run():
            return [ResearchErasureRequested(research_id=which)]
        case Erasing() | Erased():
            return []
        case _:
            assert_never(state)


def _before_it_starts(command: AnswerBack | EditPlan | Start, run: Run) -> list[Fact]:
    which = run.research_id
    match command:
        case AnswerBack(sealed=sealed):
            if not run.questions or run.answer is not None:
                raise _refused("nothing is asked back now", "research-asks-nothing")
            return [ResearchAnswered(research_id=which, sealed=sealed)]
        case EditPlan(steps=steps, sealed=sealed):
            _demand_plan(run)
            if run.accepted:
                raise _refused("the plan was accepted already", "research-started-already")
            return [ResearchPlanEdited(research_id=which, steps=steps, sealed=sealed)]
        case Start():
            _demand_plan(run)
            return [] if run.accepted else [ResearchStarted(research_id=which)]
        case _:
            assert_never(command)


def _at_work(command: Pause | Resume | Stop, run: Run) -> list[Fact]:
    which = run.research_id
    match command:
        case Pause(reason=reason, sealed=sealed, ran_s=ran_s):
            if run.standing == "working":
                paused = ResearchPaused(
                    research_id=which, reason=reason, sealed=sealed, ran_s=ran_s
                )
                return [paused]
            if run.standing == "paused":
                return []
            raise _refused("it is not at work", "research-rests")
        case Resume(model=model):
            if run.standing == "done":
                raise _refused("it is finished", "research-finished-already")
            if run.standing == "working":
                return []
            return [ResearchResumed(research_id=which, model="" if model == run.model else model)]
        case Stop(ran_s=ran_s):
            ended = run.standing in ("stopped", "done")
            return [] if ended else [ResearchStopped(research_id=which, ran_s=ran_s)]
        case _:
            assert_never(command)


def _choose(run: Run, providers: tuple[str, ...]) -> list[Fact]:
    """While nothing is searched: at rest, or before it starts."""
    if run.standing == "done":
        raise _refused("it is finished", "research-finished-already")
    if run.standing == "working" and run.accepted:
        raise _refused("it is at work: pause it first", "research-at-work")
    if run.reading_over:
        raise _refused("its budget for looking things up is used up", "budget-spent")
    if providers == run.providers:
        return []
    return [ResearchProvidersChosen(research_id=run.research_id, providers=providers)]


def _demand_plan(run: Run) -> None:
    if run.steps is None:
        raise _refused("there is no plan yet", "research-has-no-plan")


def _refused(why: str, code: str) -> Refused:
    return Refused(f"this can not be done with the research now: {why}", code=code)
