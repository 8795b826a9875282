"""What is sealed of each fact of a research. New fields have defaults: old runs stay readable."""

import msgspec

from core.errors import StudioError
from core.research.web.views import Hit
from events.facts import (
    ResearchAnswered,
    ResearchAskedBack,
    ResearchCompared,
    ResearchFailed,
    ResearchGapsFound,
    ResearchNoted,
    ResearchPageRead,
    ResearchPageRefused,
    ResearchPaused,
    ResearchPlanEdited,
    ResearchPlanned,
    ResearchQueriesMade,
    ResearchRequested,
    ResearchSearched,
    ResearchSectionChecked,
    ResearchSectionWritten,
)
from events.facts.base import Fact


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is sealed."""


class Question(Content, frozen=True, kw_only=True):
    """What is to be found out."""

    question: str


class AskedBack(Content, frozen=True, kw_only=True):
    """What has to be known first."""

    questions: tuple[str, ...] = ()


class Answer(Content, frozen=True, kw_only=True):
    """What was answered; empty: go on without."""

    text: str = ""


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is a part of the question."""

    step_id: str
    question: str


class Planned(Content, frozen=True, kw_only=True):
    """What is to be looked into, in the order in which it is told."""

    steps: tuple[PlannedStep, ...] = ()


class Queries(Content, frozen=True, kw_only=True):
    """What search engines are asked."""

    queries: tuple[str, ...] = ()


class Problem(Content, frozen=True, kw_only=True):
    """What went wrong, and what to do."""

    message: str = ""
    next_action: str = ""
    code: str = ""


class Searched(Content, frozen=True, kw_only=True):
    """What a search found, or why it found nothing."""

    hits: tuple[Hit, ...] = ()
    problem: Problem | None = None


class PageKept(Content, frozen=True, kw_only=True):
    """A captured page; its text lies beside the log, under its hash."""

    url: str
    title: str = ""
    author: str = ""
    date: str = ""
    site: str = ""
    fetched_at: int = 0  # µs since the epoch
    sha256: str = ""
    truncated: bool = False


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A claim and the very words of the source that bear it: text[start:end]."""

    note_id: str
    claim: str
    quote: str
    start: int
    end: int


class Notes(Content, frozen=True, kw_only=True):
    """What was taken from a source; `dropped`: claims whose quote is not in it."""

    notes: tuple[Noted, ...] = ()
    dropped: tuple[str, ...] = ()


class Contradiction(msgspec.Struct, frozen=True, kw_only=True):
    """Two notes of different sources that can not both be true."""

    notes: tuple[str, ...]
    about: str = ""


class Contradictions(Content, frozen=True, kw_only=True):
    """Where the sources of a step disagree."""

    found: tuple[Contradiction, ...] = ()


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of the report with the notes that it rests on."""

    text: str
    notes: tuple[str, ...] = ()


class Section(Content, frozen=True, kw_only=True):
    """A part of the report. `by`: model, or notes where it was put together from them."""

    sentences: tuple[Sentence, ...] = ()
    by: str = "model"


class Verdicts(Content, frozen=True, kw_only=True):
    """Of each sentence of a section, whether its passages bear it."""

    supported: tuple[bool, ...] = ()


KINDS: dict[type[Fact], type[Content]] = {
    ResearchRequested: Question,
    ResearchAskedBack: AskedBack,
    ResearchAnswered: Answer,
    ResearchPlanned: Planned,
    ResearchPlanEdited: Planned,
    ResearchQueriesMade: Queries,
    ResearchSearched: Searched,
    ResearchPageRead: PageKept,
    ResearchPageRefused: Problem,
    ResearchNoted: Notes,
    ResearchGapsFound: Planned,
    ResearchCompared: Contradictions,
    ResearchSectionWritten: Section,
    ResearchSectionChecked: Verdicts,
    ResearchPaused: Problem,
    ResearchFailed: Problem,
}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A fact with what it says; None where it says nothing, or can not be read."""

    fact: Fact
    content: Content | None = None


def problem_of(error: StudioError) -> Problem:
    """An error as it is kept."""
    return Problem(message=error.message, next_action=error.next_action, code=error.code)
