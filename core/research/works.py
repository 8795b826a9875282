"""Carries out one piece of a research's work, and says what came of it. Decides nothing.

What could not be done is an outcome as well: a search that failed, a page that was refused, an
answer that could not be read. Only what stops the whole run is raised: a model that can not be
asked (ModelFailed), files that can not be kept (Unavailable).
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, assert_never
from urllib.parse import urlsplit

import msgspec

from core.erasure import Unreadable
from core.research import prompts, writing
from core.research.asking import Answered, Asking, ResearchAsker
from core.research.contents import (
    AskedBack,
    Noted,
    Notes,
    PageKept,
    Planned,
    PlannedStep,
    Problem,
    Queries,
    Searched,
    Told,
    problem_of,
)
from core.research.items import stream_of
from core.research.passages import excerpt
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
from core.research.purse import Purse, Spent
from core.research.quotes import span_of, whole
from core.research.report import cited, claims_of
from core.research.state import Run, Step
from core.research.support import concerns, may_bear
from core.research.web.views import Hit, Page, Reader, SearchProvider, WebProblem
from events.facts import (
    ResearchAskedBack,
    ResearchBudgetSpent,
    ResearchFailed,
    ResearchFinished,
    ResearchGapsFound,
    ResearchNoted,
    ResearchPageRead,
    ResearchPageRefused,
    ResearchPlanned,
    ResearchQueriesMade,
    ResearchSearched,
)

T = TypeVar("T", bound=msgspec.Struct)
MOST_HITS = 8  # of one search
PAGE_ROOM = 9_000  # characters of a page that a model is shown
MOST_CLAIMS = 40  # that a model is shown at once
MOST_GAPS = 2  # further steps
MOST_PURSES = 64  # of runs that are not at work
MOST_QUESTION = 400  # characters of a question that a model made


class Kept(Protocol):
    """Where captured pages are kept (`core.blobs.Blobs`). Blocks."""

    def put(self, subject: str, data: bytes) -> object:
        """Keep them."""
        ...

    def get(self, subject: str, sha256: str) -> bytes | Unreadable:
        """Get them back."""
        ...


class Works:
    """Everything that a run can do. One for all runs."""

    def __init__(
        self,
        *,
        asking: Asking,
        reader: Reader,
        provider: Callable[[str, str, str], SearchProvider],
        kept: Kept,
    ) -> None:
        """`provider`: the one of this name, for this run and on behalf of this actor.

        Raises WebProblem where it can not be asked.
        """
        self._asking = asking
        self._reader = reader
        self._provider = provider
        self._kept = kept
        self._purses: dict[str, Purse] = {}

    async def do(self, work: Work, run: Run, asker: ResearchAsker) -> Told:
        """What came of it: a fact with its content, neither sealed nor recorded yet."""
        try:
            return await self._done(work, run, Ask(self._asking, run, asker, self._purse(run)))
        except Spent:
            part = "reading" if isinstance(work, MakeQueries | TakeNotes | FindGaps) else "writing"
            return _said(SaySpent("tokens", part), run)

    def lost(self, run: Run) -> int:
        """Tokens of answers that were thrown away, and that no fact has told yet."""
        purse = self._purses.get(run.research_id)
        return 0 if purse is None else purse.lost(run.tokens)

    def _purse(self, run: Run) -> Purse:
        if len(self._purses) > MOST_PURSES:
            self._purses = {k: one for k, one in self._purses.items() if one.in_use}
        return self._purses.setdefault(run.research_id, Purse(run.budget.tokens, run.tokens))

    async def _done(self, work: Work, run: Run, ask: "Ask") -> Told:
        match work:
            case AskBack():
                return await _ask_back(run, ask)
            case MakePlan():
                return await _plan(run, ask)
            case MakeQueries(step_id=step_id):
                return await _queries(run, _step(run, step_id), ask)
            case SearchFor():
                return await self._search(work, run, ask.actor)
            case ReadPage(n=n):
                return await self._read(n, run)
            case TakeNotes(step_id=step_id, n=n):
                return await self._notes(_step(run, step_id), n, run, ask)
            case FindGaps():
                return await _gaps(run, ask)
            case Compare(step_id=step_id):
                return await writing.compare(run, _step(run, step_id), ask)
            case Write(step_id=step_id):
                return await writing.write(run, _step(run, step_id), ask)
            case Check(step_id=step_id):
                return await writing.check(run, _step(run, step_id), ask)
            case SaySpent() | GiveUp() | Finish():
                return _said(work, run)
            case _:
                assert_never(work)

    async def _search(self, work: SearchFor, run: Run, actor: str) -> Told:
        query = (_step(run, work.step_id).queries or ("",))[work.query]
        found: list[Hit] = []
        problem: Problem | None = None
        try:
            provider = self._provider(work.provider, run.research_id, actor)
            found = await provider.search(query, most=MOST_HITS)
        except WebProblem as error:
            problem = problem_of(error)
        hits = tuple(found[:MOST_HITS])
        fact = ResearchSearched(
            research_id=run.research_id,
            step_id=work.step_id,
            query=work.query,
            provider=work.provider,
            hits=len(hits),
            problem=problem.code if problem else "",
            sealed=b"",
        )
        return Told(fact=fact, content=Searched(hits=hits, problem=problem))

    async def _read(self, n: int, run: Run) -> Told:
        source = run.source(n)
        which = run.research_id
        try:
            page = await self._reader.read(source.url if source else "")
        except WebProblem as error:
            fact = ResearchPageRefused(research_id=which, source=n, problem=error.code, sealed=b"")
            return Told(fact=fact, content=problem_of(error))
        data = page.text.encode()
        await asyncio.to_thread(self._kept.put, stream_of(which), data)
        read = ResearchPageRead(research_id=which, source=n, size=len(data), sealed=b"")
        return Told(fact=read, content=_kept_page(page, data))

    async def _notes(self, step: Step, n: int, run: Run, ask: "Ask") -> Told:
        source = run.source(n)
        text = await self.text(run, n)
        told: Answered[prompts.NotesAnswer] = Answered(value=None)
        if source is not None and text:
            told = await ask(
                lambda size: prompts.notes(
                    step.question,
                    source.title,
                    excerpt(text, f"{step.question} {run.question}", round(PAGE_ROOM * size)),
                    ask.fence,
                )
            )
        about = f"{source.title} {source.site}" if source is not None else ""
        named = Named(f"{step.step_id}-{n}", about, f"{run.question} {step.question}")
        notes = _located(told.value, text, named)
        fact = ResearchNoted(
            research_id=run.research_id,
            step_id=step.step_id,
            source=n,
            notes=len(notes.notes),
            dropped=len(notes.dropped),
            sealed=b"",
            prompt_tokens=told.prompt_tokens,
            completion_tokens=told.completion_tokens,
        )
        return Told(fact=fact, content=notes)

    async def text(self, run: Run, n: int) -> str:
        """A captured page's text; empty where it can not be had any more."""
        source = run.source(n)
        if source is None or not source.sha256:
            return ""
        subject = stream_of(run.research_id)
        data = await asyncio.to_thread(self._kept.get, subject, source.sha256)
        return "" if isinstance(data, Unreadable) else data.decode()


class Ask:
    """Asks the model of a run; where its budget is used up, nobody."""

    def __init__(self, asking: Asking, run: Run, asker: ResearchAsker, purse: Purse) -> None:
        self._asking = asking
        self._run = run
        self._asker = asker
        self._purse = purse
        self.actor = asker.actor
        named = hashlib.blake2b(run.research_id.encode(), digest_size=6, person=b"fence")
        self.fence = f"<<{named.hexdigest()}>>"  # no page knows the id of a run

    async def __call__(self, make: prompts.Maker[T]) -> Answered[T]:
        """What it answers; nothing, when no model may be asked any more. Raises Spent."""
        if self._run.writing_over:
            return Answered(value=None)
        return await self._asking.ask(self._run.model, make, self._asker, self._purse)


async def _ask_back(run: Run, ask: Ask) -> Told:
    told = await ask(lambda size: prompts.ask_back(run.question))
    questions = _lines(told.value.questions if told.value else (), 3)
    fact = ResearchAskedBack(
        research_id=run.research_id,
        questions=len(questions),
        sealed=b"",
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
    )
    return Told(fact=fact, content=AskedBack(questions=questions))


async def _plan(run: Run, ask: Ask) -> Told:
    told = await ask(lambda size: prompts.plan(run.question, run.questions or (), run.answer or ""))
    steps = _lines(told.value.steps if told.value else (), prompts.MOST_STEPS)
    planned = _planned(steps or (run.question,), 1)
    fact = ResearchPlanned(
        research_id=run.research_id,
        steps=len(planned.steps),
        sealed=b"",
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
    )
    return Told(fact=fact, content=planned)


async def _queries(run: Run, step: Step, ask: Ask) -> Told:
    told = await ask(lambda size: prompts.queries(run.question, step.question))
    queries = _lines(told.value.queries if told.value else (), prompts.MOST_QUERIES)
    queries = queries or (step.question,)
    fact = ResearchQueriesMade(
        research_id=run.research_id,
        step_id=step.step_id,
        queries=len(queries),
        sealed=b"",
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
    )
    return Told(fact=fact, content=Queries(queries=queries))


async def _gaps(run: Run, ask: Ask) -> Told:
    """Only what has to do with the question: a page that talks of itself adds nothing to a plan."""
    steps = run.steps or ()
    asked = [run.question, *(one.question for one in steps)]
    claims = [one.claim for one in run.notes if concerns(one.claim, asked)][:MOST_CLAIMS]
    told = await ask(
        lambda size: prompts.gaps(
            run.question,
            [one.question for one in steps],
            claims[: max(4, round(MOST_CLAIMS * size))],
            ask.fence,
        )
    )
    known = {one.question.casefold() for one in steps}
    wanted = [
        one for one in _lines(told.value.steps if told.value else (), 5) if concerns(one, asked)
    ]
    fresh = [one for one in wanted if one.casefold() not in known][:MOST_GAPS]
    planned = _planned(fresh, _after(steps))
    fact = ResearchGapsFound(
        research_id=run.research_id,
        steps=len(planned.steps),
        sealed=b"",
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
    )
    return Told(fact=fact, content=planned)


def _said(work: SaySpent | GiveUp | Finish, run: Run) -> Told:
    which = run.research_id
    match work:
        case SaySpent(budget=budget, part=part):
            return Told(fact=ResearchBudgetSpent(research_id=which, budget=budget, part=part))
        case GiveUp():
            problem = _nothing_found(run)
            fact = ResearchFailed(research_id=which, reason=problem.code, sealed=b"")
            return Told(fact=fact, content=problem)
        case Finish():
            open_ = sum(1 for one in claims_of(run) if not one.supported)
            done = ResearchFinished(research_id=which, sources=len(cited(run)), unsupported=open_)
            return Told(fact=done)
        case _:
            assert_never(work)


_USED_UP = {
    "tokens": "the budget of tokens was used up before anything was found",
    "minutes": "the budget of time was used up before anything was found",
}


def _nothing_found(run: Run) -> Problem:
    """Why there is nothing to write from: the searches, the pages, or what they say."""
    searches = [one for step in run.steps or () for one in step.searches]
    failed = [one.problem for one in searches if one.problem is not None]
    if searches and len(failed) == len(searches):
        first = failed[0]
        return Problem(
            message=f"none of the {len(searches)} searches could be made; the first: "
            f"{first.message}",
            next_action=first.next_action or "choose other providers, and resume",
            code="searches-failed",
        )
    read = sum(1 for one in run.sources if one.state == "read")
    for budget, words in _USED_UP.items():
        if not run.notes and {f"{budget}/reading", f"{budget}/writing"} & run.spent:
            return Problem(
                message=words,
                next_action="ask again with a larger budget",
                code="budget-spent",
            )
    if run.sources and not read:
        return Problem(
            message=f"none of the {len(run.sources)} pages that were found could be read",
            next_action="see at each source why; resume tries those again that may be there now",
            code="pages-unread",
        )
    return Problem(
        message=f"nothing that answers the question was found in {read} page(s)",
        next_action="ask another way, choose other providers, or allow more sources",
        code="nothing-found",
    )


class Named(msgspec.Struct, frozen=True):
    """How notes are called, what their page is about, and what was asked of it."""

    start: str
    about: str
    asked: str


def _located(answer: prompts.NotesAnswer | None, text: str, named: Named) -> Notes:
    """The claims whose quote stands in the page and may bear them; what stands there is kept."""
    notes: list[Noted] = []
    dropped: list[str] = []
    for one in (answer.notes if answer else [])[: prompts.MOST_NOTES]:
        span = span_of(one.quote, text)
        claim = " ".join(one.claim.split())[:1_000]
        start, end = whole(span, text) if span is not None else (0, 0)
        quote = text[start:end]
        if not claim or not may_bear(claim, [quote], about=named.about, asked=named.asked):
            dropped.append(claim)
            continue
        note_id = f"{named.start}-{len(notes) + 1}"
        notes.append(Noted(note_id=note_id, claim=claim, quote=quote, start=start, end=end))
    return Notes(notes=tuple(notes), dropped=tuple(dropped))


def _kept_page(page: Page, data: bytes) -> PageKept:
    return PageKept(
        url=page.url,
        title=page.title,
        author=page.author,
        date=page.date,
        site=page.site or (urlsplit(page.url).hostname or ""),
        fetched_at=page.fetched_at,
        sha256=hashlib.sha256(data).hexdigest(),
        truncated=page.truncated,
    )


def _planned(questions: Sequence[str], first: int) -> Planned:
    return Planned(
        steps=tuple(
            PlannedStep(step_id=f"s{at}", question=one) for at, one in enumerate(questions, first)
        )
    )


def _after(steps: Sequence[Step]) -> int:
    """The first number that no step has: ids of an edited plan need not be in a row."""
    return 1 + max((int(one.step_id[1:]) for one in steps if one.step_id[1:].isdigit()), default=0)


def _lines(said: Sequence[str], most: int) -> tuple[str, ...]:
    """What a model listed: each once, in one line, not too long, not too many."""
    lines = (prompts.without_addresses(one)[:MOST_QUESTION] for one in said)
    return tuple(dict.fromkeys(one for one in lines if one))[:most]


def _step(run: Run, step_id: str) -> Step:
    return run.step(step_id) or Step(step_id=step_id, question=run.question)
