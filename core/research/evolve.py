"""What the facts of a research add up to. Pure: it never fails and never decides.

What could not be read (`Told.content` is None) counts as if nothing had been said.
"""

import msgspec

from core.research.choosing import alive, with_choices
from core.research.contents import (
    Answer,
    AskedBack,
    Content,
    Contradictions,
    Notes,
    PageKept,
    Planned,
    PlannedStep,
    Problem,
    Queries,
    Question,
    Searched,
    Section,
    Told,
    Verdicts,
)
from core.research.state import (
    SUMMARY,
    Absent,
    Budget,
    Erased,
    Erasing,
    Note,
    Run,
    Search,
    Source,
    SourceState,
    State,
    Step,
    initial,
)
from events.facts import (
    ResearchAnswered,
    ResearchAskedBack,
    ResearchBudgetSpent,
    ResearchCompared,
    ResearchErased,
    ResearchErasureRequested,
    ResearchFailed,
    ResearchFinished,
    ResearchGapsFound,
    ResearchNoted,
    ResearchPageRead,
    ResearchPageRefused,
    ResearchPaused,
    ResearchPlanEdited,
    ResearchPlanned,
    ResearchProvidersChosen,
    ResearchQueriesMade,
    ResearchRequested,
    ResearchResumed,
    ResearchSearched,
    ResearchSectionChecked,
    ResearchSectionWritten,
    ResearchStarted,
    ResearchStopped,
)
from events.facts.base import Fact

FAILED = frozenset({"timeout", "dead", "unreachable", "unknown-host", "server-error", "studio"})

change = msgspec.structs.replace


def fold(told: list[Told], state: State = initial) -> State:
    """The state after all of these."""
    for one in told:
        state = evolve(state, one)
    return state


def evolve(state: State, told: Told) -> State:
    """The state after the fact."""
    match told.fact:
        case ResearchRequested() as asked if isinstance(state, Absent):
            return _asked(asked, told.content)
        case ResearchErasureRequested() if not isinstance(state, Erased):
            return Erasing()
        case ResearchErased():
            return Erased()
        case _ if isinstance(state, Run):
            return with_choices(_further(_counted(state, told.fact), told))
        case _:
            return state


def _asked(asked: ResearchRequested, content: Content | None) -> Run:
    question = content.question if isinstance(content, Question) else ""
    return Run(
        research_id=asked.research_id,
        model=asked.model,
        question=question,
        providers=asked.providers,
        budget=Budget(sources=asked.sources, tokens=asked.tokens, minutes=asked.minutes),
        clarify=asked.clarify,
        summary=Step(step_id=SUMMARY, question=question),
        facts=1,
    )


def _counted(run: Run, fact: Fact) -> Run:
    """What every fact may tell: what it cost, and how long the run has been at work."""
    cost = sum(
        getattr(fact, each, 0) for each in ("prompt_tokens", "completion_tokens", "lost_tokens")
    )
    ran_s = max(run.ran_s, getattr(fact, "ran_s", 0.0))
    return change(run, facts=run.facts + 1, tokens=run.tokens + cost, ran_s=ran_s)


def _further(run: Run, told: Told) -> Run:
    said = told.content
    match told.fact:
        case ResearchAskedBack():
            return change(run, questions=said.questions if isinstance(said, AskedBack) else ())
        case ResearchAnswered():
            return change(run, answer=said.text if isinstance(said, Answer) else "")
        case ResearchPlanned() | ResearchPlanEdited():
            return change(run, steps=_steps(said, 1))
        case ResearchStarted():
            return change(run, accepted=True)
        case ResearchGapsFound():
            return change(run, gaps_sought=True, steps=(*(run.steps or ()), *_steps(said, 2)))
        case ResearchBudgetSpent(budget=budget, part=part):
            return change(run, spent=run.spent | {f"{budget}/{part}"})
        case ResearchFinished():
            return change(run, standing="done", problem=None)
        case ResearchPaused():
            return change(run, standing="paused", problem=_problem(said))
        case ResearchFailed():
            return change(run, standing="failed", problem=_problem(said))
        case ResearchStopped():
            return change(run, standing="stopped", problem=None)
        case ResearchProvidersChosen(providers=providers):
            steps = tuple(change(one, providers=providers) for one in run.steps or ())
            return change(run, providers=providers, steps=steps if run.steps is not None else None)
        case ResearchResumed(model=model):
            return _resumed(run, model or run.model)
        case _:
            return _looked(run, told)


def _looked(run: Run, told: Told) -> Run:
    said = told.content
    match told.fact:
        case ResearchQueriesMade(step_id=step_id):
            queries = said.queries if isinstance(said, Queries) else ()
            return _with_step(run, step_id, queries=queries, providers=run.providers)
        case ResearchSearched() as one:
            return _searched(run, one, said if isinstance(said, Searched) else Searched())
        case ResearchPageRead(source=n, size=size):
            return _read(run, n, size, said if isinstance(said, PageKept) else PageKept(url=""))
        case ResearchPageRefused(source=n, problem=code):
            state: SourceState = "failed" if code in FAILED else "refused"
            return _with_source(run, n, state=state, problem=_problem(said))
        case ResearchNoted() as one:
            return _noted(run, one, said if isinstance(said, Notes) else Notes())
        case _:
            return _wrote(run, told)


def _wrote(run: Run, told: Told) -> Run:
    said = told.content
    match told.fact:
        case ResearchCompared(step_id=step_id):
            found = said.found if isinstance(said, Contradictions) else ()
            return _with_step(run, step_id, contradictions=found)
        case ResearchSectionWritten(step_id=step_id):
            section = said if isinstance(said, Section) else Section()
            return _with_step(run, step_id, sentences=section.sentences, by=section.by)
        case ResearchSectionChecked(step_id=step_id):
            supported = said.supported if isinstance(said, Verdicts) else ()
            return _with_step(run, step_id, supported=supported)
        case _:
            return run


def _read(run: Run, n: int, size: int, kept: PageKept) -> Run:
    """A page that is another one under another address bears nothing twice."""
    same = (one.n for one in run.sources if one.sha256 == kept.sha256 and one.n != n)
    if kept.sha256 and (first := next(same, None)) is not None:
        told = Problem(message=f"this is the same page as source {first}", code="duplicate")
        return _with_source(run, n, state="refused", problem=told)
    known = run.source(n)
    about = msgspec.structs.asdict(kept)
    if known is not None:
        about |= {"title": kept.title or known.title, "url": kept.url or known.url}
    return _with_source(run, n, state="read", size=size, problem=None, **about)


def _searched(run: Run, fact: ResearchSearched, said: Searched) -> Run:
    step = run.step(fact.step_id)
    if step is None or step.was_searched(fact.query, fact.provider):
        return run
    search = Search(query=fact.query, provider=fact.provider, hits=said.hits, problem=said.problem)
    return _with_step(run, fact.step_id, searches=(*step.searches, search))


def _noted(run: Run, fact: ResearchNoted, said: Notes) -> Run:
    step = run.step(fact.step_id)
    if step is None or fact.source in step.noted:
        return run
    run = _with_step(run, fact.step_id, noted=(*step.noted, fact.source))
    notes = tuple(Note.of(one, fact.source, fact.step_id) for one in said.notes)
    if notes and step.sentences is not None:  # searched once more: its part is written anew
        for part in (fact.step_id, SUMMARY):
            run = _with_step(run, part, contradictions=None, sentences=None, supported=None)
    return change(run, notes=run.notes + notes, dropped=run.dropped + fact.dropped)


def _resumed(run: Run, model: str) -> Run:
    """What failed for a reason that may pass is tried again, if nothing could be found at all."""
    again = run.standing == "failed"
    run = change(run, standing="working", problem=None, model=model)
    if not again:
        return run
    steps = tuple(
        change(one, searches=tuple(each for each in one.searches if each.problem is None))
        for one in run.steps or ()
    )
    run = change(run, steps=steps if run.steps is not None else None)
    for one in run.sources:  # as many as the budget has room for
        if one.state == "failed" and alive(run.sources) < run.budget.sources:
            run = _with_source(run, one.n, state="found", problem=None)
    return run


def _steps(said: Content | None, round_: int) -> tuple[Step, ...]:
    planned: tuple[PlannedStep, ...] = said.steps if isinstance(said, Planned) else ()
    return tuple(Step(step_id=one.step_id, question=one.question, round=round_) for one in planned)


def _problem(said: Content | None) -> Problem | None:
    return said if isinstance(said, Problem) and said.message else None


def _with_step(run: Run, step_id: str, **fields: object) -> Run:
    if step_id == SUMMARY:
        return change(run, summary=change(run.summary, **fields))
    steps = tuple(
        change(one, **fields) if one.step_id == step_id else one for one in run.steps or ()
    )
    return change(run, steps=steps)


def _with_source(run: Run, n: int, **fields: object) -> Run:
    sources: tuple[Source, ...] = tuple(
        change(one, **fields) if one.n == n else one for one in run.sources
    )
    return change(run, sources=sources)
