"""How a research looks to who may see it. Times are µs since the epoch."""

from typing import Literal

import msgspec

from core.research.contents import Contradiction
from core.research.process_manager import (
    AskBack,
    Check,
    Compare,
    FindGaps,
    MakePlan,
    MakeQueries,
    ReadPage,
    SearchFor,
    TakeNotes,
    Work,
    Write,
)
from core.research.report import ResearchClaim, cited, claims_of, report_of
from core.research.state import SUMMARY, Budget, Note, Run, Source, Step
from core.research.web.providers import Unreached

RunState = Literal[
    "clarifying",
    "planning",
    "planned",
    "searching",
    "reading",
    "checking",
    "writing",
    "paused",
    "done",
    "failed",
    "stopped",
]
StepState = Literal["waiting", "searching", "reading", "noted", "writing", "written"]
SourceLook = Literal["found", "reading", "read", "refused", "failed"]
DoingKind = Literal[
    "asking-back",
    "planning",
    "thinking-of-queries",
    "searching",
    "reading",
    "noting",
    "finding-gaps",
    "comparing",
    "writing",
    "checking",
]
_DOING: dict[type, DoingKind] = {
    AskBack: "asking-back",
    MakePlan: "planning",
    MakeQueries: "thinking-of-queries",
    SearchFor: "searching",
    ReadPage: "reading",
    TakeNotes: "noting",
    FindGaps: "finding-gaps",
    Compare: "comparing",
    Write: "writing",
    Check: "checking",
}


class NewResearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A research that is wanted. `providers` empty: those that can be asked."""

    question: str
    model: str
    budget: Budget = Budget()
    providers: tuple[str, ...] = ()
    clarify: bool = True


class ResearchLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a list. `question` None: it can not be read."""

    research_id: str
    standing: Literal["open", "erased", "lost"]
    question: str | None
    model: str
    state: RunState
    started_at: int
    started_by: str
    last_at: int
    sources: int
    notes: int
    problem: str


class SearchView(msgspec.Struct, frozen=True, kw_only=True):
    """A search that is over."""

    query: str
    provider: str
    hits: int
    problem: str
    next_action: str


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the plan."""

    step_id: str
    question: str
    round: int  # 2: it was added when gaps were found
    state: StepState
    queries: tuple[str, ...]
    searches: tuple[SearchView, ...]
    sources: tuple[int, ...]
    notes: int


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was chosen to be read."""

    n: int
    url: str
    title: str
    site: str
    author: str
    date: str
    provider: str
    state: SourceLook
    problem: str
    next_action: str
    fetched_at: int
    size: int
    truncated: bool
    notes: int
    cited: bool


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with the passage that bears it: text[start:end] of its source."""

    note_id: str
    source: int
    step_id: str
    claim: str
    quote: str
    start: int
    end: int


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What was used of the budget."""

    sources: int
    tokens: int
    minutes: float
    over: tuple[str, ...]  # parts that are used up: "minutes/reading" …


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """Something that goes on right now."""

    kind: DoingKind
    step_id: str = ""
    source: int = 0
    query: str = ""
    provider: str = ""


class ResearchView(msgspec.Struct, frozen=True, kw_only=True):
    """One run with all that is known of it."""

    research_id: str
    question: str
    model: str
    state: RunState
    started_at: int
    position: int  # how many facts there are: where a follower goes on
    clarify: bool
    questions: tuple[str, ...]
    answer: str | None
    plan: tuple[StepView, ...]
    sources: tuple[SourceView, ...]
    notes: tuple[NoteView, ...]
    dropped: int  # claims that were thrown away: their quote is not in the page
    contradictions: tuple[Contradiction, ...]
    report: str
    claims: tuple[ResearchClaim, ...]
    providers: tuple[str, ...]
    budget: Budget
    spent: Spent
    doing: tuple[Doing, ...]
    problem: str
    next_action: str
    unreached: tuple[Unreached, ...] = ()  # of its providers, when it was last looked


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage of a source."""

    note_id: str
    start: int
    end: int
    claim: str
    quote: str


class SourceText(msgspec.Struct, frozen=True, kw_only=True):
    """A captured page: its text as it was read, and the passages that were taken from it."""

    source: SourceView
    text: str
    passages: tuple[Passage, ...]


def view_of(
    run: Run, *, started_at: int, ran_s: float, under_way: tuple[Work, ...]
) -> ResearchView:
    """A run as it is now."""
    quoted = {one.n for one in cited(run)}
    reading = {one.n for one in under_way if isinstance(one, ReadPage)}
    problem = run.problem
    return ResearchView(
        research_id=run.research_id,
        question=run.question,
        model=run.model,
        state=state_of(run),
        started_at=started_at,
        position=run.facts,
        clarify=run.clarify,
        questions=run.questions or (),
        answer=run.answer,
        plan=tuple(_step(run, one, under_way) for one in run.steps or ()),
        sources=tuple(
            source_view(run, one, reading=one.n in reading, is_cited=one.n in quoted)
            for one in run.sources
        ),
        notes=tuple(_note(one) for one in run.notes),
        dropped=run.dropped,
        contradictions=tuple(one for step in run.steps or () for one in step.contradictions or ()),
        report=report_of(run),
        claims=claims_of(run),
        providers=run.providers,
        budget=run.budget,
        spent=Spent(
            sources=_read(run),
            tokens=run.tokens,
            minutes=round(ran_s / 60, 2),
            over=tuple(sorted(run.spent)),
        ),
        doing=tuple(_doing(run, one) for one in under_way if type(one) in _DOING),
        problem=problem.message if problem else "",
        next_action=problem.next_action if problem else "",
    )


def state_of(run: Run) -> RunState:
    """In one word."""
    if run.standing != "working":
        return run.standing
    steps = run.steps
    if steps is None:
        asking = run.clarify and (run.questions is None or (run.questions and run.answer is None))
        return "clarifying" if asking else "planning"
    if not run.accepted:
        return "planned"
    return _at_work(run, steps)


def _at_work(run: Run, steps: tuple[Step, ...]) -> RunState:
    if any(one.sentences is not None for one in steps):
        return "writing"
    looked = [one for one in steps if one.searched]
    if run.reading_over or (run.gaps_sought and all(_is_noted(run, one) for one in steps)):
        return "checking"
    if looked and all(_is_noted(run, one) for one in steps):
        return "checking"
    return "reading" if any(one.chosen for one in steps) else "searching"


def source_view(run: Run, one: Source, *, reading: bool, is_cited: bool) -> SourceView:
    """A source as it is now."""
    return SourceView(
        n=one.n,
        url=one.url,
        title=one.title,
        site=one.site,
        author=one.author,
        date=one.date,
        provider=one.provider,
        state="reading" if reading else one.state,
        problem=one.problem.message if one.problem else "",
        next_action=one.problem.next_action if one.problem else "",
        fetched_at=one.fetched_at,
        size=one.size,
        truncated=one.truncated,
        notes=sum(1 for note in run.notes if note.n == one.n),
        cited=is_cited,
    )


def _is_noted(run: Run, step: Step) -> bool:
    read = [n for n in step.chosen if (one := run.source(n)) and one.state in ("found", "read")]
    return step.searched and set(read) <= set(step.noted)


def _step(run: Run, step: Step, under_way: tuple[Work, ...]) -> StepView:
    queries = step.queries or ()
    return StepView(
        step_id=step.step_id,
        question=step.question,
        round=step.round,
        state=_step_state(run, step, under_way),
        queries=queries,
        searches=tuple(
            SearchView(
                query=queries[one.query] if one.query < len(queries) else "",
                provider=one.provider,
                hits=len(one.hits),
                problem=one.problem.message if one.problem else "",
                next_action=one.problem.next_action if one.problem else "",
            )
            for one in step.searches
        ),
        sources=step.chosen,
        notes=len(run.notes_for(step.step_id)),
    )


def _step_state(run: Run, step: Step, under_way: tuple[Work, ...]) -> StepState:
    if step.sentences is not None:
        return "written"
    if any(isinstance(one, Write) and one.step_id == step.step_id for one in under_way):
        return "writing"
    if step.queries is None:
        thinks = any(
            isinstance(one, MakeQueries) and one.step_id == step.step_id for one in under_way
        )
        return "searching" if thinks else "waiting"
    if not step.searched:
        return "searching"
    return "noted" if _is_noted(run, step) or run.reading_over else "reading"


def _doing(run: Run, work: Work) -> Doing:
    step_id = getattr(work, "step_id", "")
    step = run.step(step_id)
    at = getattr(work, "query", -1)
    known = step is not None and step.queries is not None and 0 <= at < len(step.queries)
    return Doing(
        kind=_DOING[type(work)],
        step_id="" if step_id == SUMMARY else step_id,
        source=getattr(work, "n", 0),
        query=step.queries[at] if known and step and step.queries else "",
        provider=getattr(work, "provider", ""),
    )


def _note(note: Note) -> NoteView:
    return NoteView(
        note_id=note.note_id,
        source=note.n,
        step_id=note.step_id,
        claim=note.claim,
        quote=note.quote,
        start=note.start,
        end=note.end,
    )


def _read(run: Run) -> int:
    return sum(1 for one in run.sources if one.state == "read")
