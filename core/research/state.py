"""A research as far as it has come: what its facts add up to. Only shapes, all frozen.

Absent ── requested ──► Run ── erasure requested ──► Erasing ── erased ──► Erased
                        │ ▲
                        └─┘ everything else
"""

from typing import Literal

import msgspec

from core.research.contents import Contradiction, Noted, Problem, Sentence
from core.research.web.views import Hit

Standing = Literal["working", "paused", "stopped", "failed", "done"]
SourceState = Literal["found", "read", "refused", "failed"]


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a run may use."""

    sources: int = 12  # pages that are read
    tokens: int = 200_000
    minutes: float = 15.0  # at work


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """A search that is over."""

    query: int
    provider: str
    hits: tuple[Hit, ...] = ()
    problem: Problem | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the question. `queries` None: not thought of yet."""

    step_id: str
    question: str
    round: int = 1
    queries: tuple[str, ...] | None = None
    searches: tuple[Search, ...] = ()
    chosen: tuple[int, ...] = ()  # the sources that are read for it, in their order
    noted: tuple[int, ...] = ()  # the sources from which notes were taken for it
    contradictions: tuple[Contradiction, ...] | None = None  # None: not compared yet
    sentences: tuple[Sentence, ...] | None = None  # None: not written yet
    by: str = ""
    supported: tuple[bool, ...] | None = None  # None: not checked yet
    providers: tuple[str, ...] = ()  # that are to be asked each of its queries

    @property
    def searched(self) -> bool:
        """Whether every search of it is over."""
        return self.queries is not None and all(
            self.was_searched(query, provider)
            for query in range(len(self.queries))
            for provider in self.providers
        )

    def was_searched(self, query: int, provider: str) -> bool:
        """Whether this search is over."""
        return any((one.query, one.provider) == (query, provider) for one in self.searches)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was chosen to be read."""

    n: int
    url: str
    title: str = ""
    snippet: str = ""
    provider: str = ""
    step_id: str = ""  # the step that chose it first
    site: str = ""
    author: str = ""
    date: str = ""
    fetched_at: int = 0
    sha256: str = ""
    size: int = 0
    truncated: bool = False
    state: SourceState = "found"
    problem: Problem | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A passage of a source, and what it says about a step."""

    note_id: str
    n: int
    step_id: str
    claim: str
    quote: str
    start: int
    end: int

    @classmethod
    def of(cls, noted: Noted, n: int, step_id: str) -> "Note":
        """A note with where it was taken from, and for what."""
        return cls(n=n, step_id=step_id, **msgspec.structs.asdict(noted))


SUMMARY = "summary"  # the step_id of the part that is written last and told first


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `steps` None: not planned yet."""

    research_id: str
    model: str
    question: str
    providers: tuple[str, ...]
    budget: Budget
    clarify: bool
    standing: Standing = "working"
    questions: tuple[str, ...] | None = None  # None: not thought of yet
    answer: str | None = None  # None: not answered yet
    steps: tuple[Step, ...] | None = None
    accepted: bool = False
    sources: tuple[Source, ...] = ()
    notes: tuple[Note, ...] = ()
    dropped: int = 0  # claims whose quote is not in their page
    gaps_sought: bool = False
    summary: Step = Step(step_id=SUMMARY, question="")
    spent: frozenset[str] = frozenset()  # parts of budgets: "minutes/reading" …
    tokens: int = 0
    ran_s: float = 0.0
    problem: Problem | None = None
    facts: int = 0  # its version

    @property
    def reading_over(self) -> bool:
        """Whether a budget ended the part in which things are looked up."""
        return any(one.endswith("/reading") for one in self.spent) or self.writing_over

    @property
    def writing_over(self) -> bool:
        """Whether no model may be asked any more."""
        return any(one.endswith("/writing") for one in self.spent)

    def source(self, n: int) -> Source | None:
        """The source with this number."""
        return self.sources[n - 1] if 0 < n <= len(self.sources) else None

    def step(self, step_id: str) -> Step | None:
        """The step with this id; the summary counts as one."""
        if step_id == SUMMARY:
            return self.summary
        return next((one for one in self.steps or () if one.step_id == step_id), None)

    def notes_for(self, step_id: str) -> tuple[Note, ...]:
        """What was noted for a step; for the summary, everything."""
        everything = step_id == SUMMARY
        return tuple(one for one in self.notes if everything or one.step_id == step_id)

    def note(self, note_id: str) -> Note | None:
        """The note with this id."""
        return next((one for one in self.notes if one.note_id == note_id), None)


class Absent(msgspec.Struct, frozen=True):
    """Nobody asked for it."""


class Erasing(msgspec.Struct, frozen=True):
    """Its key is to be destroyed, and may be destroyed already."""


class Erased(msgspec.Struct, frozen=True):
    """Nobody can read it any more, for ever."""


State = Absent | Run | Erasing | Erased
initial: State = Absent()
