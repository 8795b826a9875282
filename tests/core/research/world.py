"""A world without a model and without a web: what comes of each piece of work, always the same."""

import zlib

from core.research.contents import (
    AskedBack,
    Contradiction,
    Contradictions,
    Noted,
    Notes,
    PageKept,
    Planned,
    PlannedStep,
    Problem,
    Queries,
    Question,
    Searched,
    Section,
    Sentence,
    Told,
    Verdicts,
)
from core.research.process_manager import (
    AskBack,
    Check,
    Compare,
    FindGaps,
    Finish,
    GiveUp,
    MakePlan,
    MakeQueries,
    ReadPage,
    SaySpent,
    SearchFor,
    TakeNotes,
    Work,
    Write,
)
from core.research.state import Run
from core.research.web.views import Hit
from events.facts import (
    ResearchAnswered,
    ResearchAskedBack,
    ResearchBudgetSpent,
    ResearchCompared,
    ResearchFailed,
    ResearchFinished,
    ResearchGapsFound,
    ResearchNoted,
    ResearchPageRead,
    ResearchPageRefused,
    ResearchPlanned,
    ResearchQueriesMade,
    ResearchRequested,
    ResearchSearched,
    ResearchSectionChecked,
    ResearchSectionWritten,
    ResearchStarted,
)
from events.facts.base import Fact

ID = "r1"


class World:
    """How many steps, hits and notes there are, and what a call of the model costs."""

    def __init__(self, *, steps: int = 3, hits: int = 5, cost: int = 100, bad: int = 4) -> None:
        self.steps = steps
        self.hits = hits
        self.cost = cost
        self.bad = bad  # one page in so many can not be read; 1: none can

    def begun(
        self,
        *,
        sources: int = 6,
        tokens: int = 100_000,
        minutes: float = 10,
        clarify: bool = False,
        providers: tuple[str, ...] = ("wikipedia", "duckduckgo"),
    ) -> Told:
        """The first fact."""
        fact = ResearchRequested(
            research_id=ID,
            model="demo",
            sealed=b"",
            providers=providers,
            sources=sources,
            tokens=tokens,
            minutes=minutes,
            clarify=clarify,
        )
        return Told(fact=fact, content=Question(question="Why is the sky blue?"))

    def done(self, work: Work, run: Run) -> Told:
        """What comes of a piece of work."""
        match work:
            case AskBack():
                fact: Fact = ResearchAskedBack(research_id=ID, questions=1, sealed=b"")
                return Told(fact=fact, content=AskedBack(questions=("Where?",)))
            case MakePlan():
                fact = ResearchPlanned(research_id=ID, steps=self.steps, sealed=b"")
                return Told(fact=fact, content=_planned(1, self.steps))
            case FindGaps():
                fact = ResearchGapsFound(research_id=ID, steps=1, sealed=b"")
                return Told(fact=fact, content=_planned(self.steps + 1, 1))
            case MakeQueries(step_id=step_id):
                fact = ResearchQueriesMade(
                    research_id=ID,
                    step_id=step_id,
                    queries=2,
                    sealed=b"",
                    completion_tokens=self.cost,
                )
                return Told(fact=fact, content=Queries(queries=(f"{step_id} a", f"{step_id} b")))
            case SearchFor():
                return self._searched(work)
            case ReadPage(n=n):
                return self._read(n, run)
            case TakeNotes(step_id=step_id, n=n):
                return self._noted(step_id, n)
            case SaySpent(budget=budget, part=part):
                fact = ResearchBudgetSpent(research_id=ID, budget=budget, part=part)
                return Told(fact=fact)
            case GiveUp():
                fact = ResearchFailed(research_id=ID, reason="no-sources", sealed=b"")
                return Told(fact=fact, content=Problem(message="nothing was found"))
            case Finish():
                return Told(fact=ResearchFinished(research_id=ID, sources=1, unsupported=0))
            case Compare() | Write() | Check():
                return _written(work, run)

    def _searched(self, work: SearchFor) -> Told:
        hits = tuple(
            Hit(url=f"https://{_number(work.step_id, work.query, at) % 17}.example/", provider="w")
            for at in range(self.hits)
        )
        fact = ResearchSearched(
            research_id=ID,
            step_id=work.step_id,
            query=work.query,
            provider=work.provider,
            hits=len(hits),
            sealed=b"",
        )
        return Told(fact=fact, content=Searched(hits=tuple(dict.fromkeys(hits))))

    def _read(self, n: int, run: Run) -> Told:
        source = run.source(n)
        assert source is not None
        if _number(source.url) % self.bad == 0:
            fact: Fact = ResearchPageRefused(research_id=ID, source=n, problem="robots", sealed=b"")
            return Told(fact=fact, content=Problem(message="no", code="robots"))
        fact = ResearchPageRead(research_id=ID, source=n, size=100, sealed=b"")
        return Told(fact=fact, content=PageKept(url=source.url, title="T", sha256=source.url))

    def _noted(self, step_id: str, n: int) -> Told:
        note = Noted(note_id=f"{step_id}-{n}-1", claim="c", quote="q", start=0, end=1)
        fact = ResearchNoted(
            research_id=ID,
            step_id=step_id,
            source=n,
            notes=1,
            sealed=b"",
            completion_tokens=self.cost,
        )
        return Told(fact=fact, content=Notes(notes=(note,)))


def _written(work: Compare | Write | Check, run: Run) -> Told:
    notes = run.notes_for(work.step_id)
    ids = tuple(one.note_id for one in notes)
    match work:
        case Compare(step_id=step_id):
            fact: Fact = ResearchCompared(
                research_id=ID, step_id=step_id, contradictions=1, sealed=b""
            )
            found = Contradiction(notes=ids[:2])
            return Told(fact=fact, content=Contradictions(found=(found,)))
        case Write(step_id=step_id):
            fact = ResearchSectionWritten(research_id=ID, step_id=step_id, sentences=1, sealed=b"")
            said = Sentence(text=f"About {step_id}.", notes=ids[:1])
            return Told(fact=fact, content=Section(sentences=(said,)))
        case Check(step_id=step_id):
            fact = ResearchSectionChecked(
                research_id=ID, step_id=step_id, supported=1, unsupported=0, sealed=b""
            )
            return Told(fact=fact, content=Verdicts(supported=(True,)))


def people(run: Run) -> Told | None:
    """What people say where the run waits for them."""
    if run.questions and run.answer is None:
        return Told(fact=ResearchAnswered(research_id=ID, sealed=b""))
    if run.steps is not None and not run.accepted:
        return Told(fact=ResearchStarted(research_id=ID))
    return None


def _planned(first: int, steps: int) -> Planned:
    return Planned(
        steps=tuple(
            PlannedStep(step_id=f"s{at}", question=f"Part {at}?")
            for at in range(first, first + steps)
        )
    )


def _number(*told: object) -> int:
    return zlib.crc32(repr(told).encode())
