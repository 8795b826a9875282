"""What a research does next. The same function after a fact and after a crash. Pure.

    ask back ─ (a person) ─ plan ─ (a person) ─┐
    ┌──────────────────────────────────────────┘
    └► each step: queries → searches → pages → notes ──► gaps, once: further steps
       each step: compare → write → check ──► summary ──► finish

Everything that is returned may be done at the same time; what is done is recorded, and then this
is asked again. Nothing that is recorded is ever returned again.

A budget is spent in two parts: when READING of it is used nothing more is looked up, and when all
of it is used no model is asked any more: what is left is put together from the notes.
"""

import msgspec

from core.research.choosing import is_full
from core.research.state import SUMMARY, Run, Step

READING = 0.7  # of the tokens and the minutes: the rest is for writing


class AskBack(msgspec.Struct, frozen=True):
    """Find out whether something has to be known first."""


class MakePlan(msgspec.Struct, frozen=True):
    """Take the question apart."""


class MakeQueries(msgspec.Struct, frozen=True):
    """Think of what search engines are to be asked."""

    step_id: str


class SearchFor(msgspec.Struct, frozen=True):
    """Ask one provider one query."""

    step_id: str
    query: int
    provider: str


class ReadPage(msgspec.Struct, frozen=True):
    """Capture a page."""

    n: int


class TakeNotes(msgspec.Struct, frozen=True):
    """Take from a page what it says about a step."""

    step_id: str
    n: int


class FindGaps(msgspec.Struct, frozen=True):
    """See what is still missing."""


class Compare(msgspec.Struct, frozen=True):
    """See where the sources of a step contradict each other."""

    step_id: str


class Write(msgspec.Struct, frozen=True):
    """Write a part of the report."""

    step_id: str


class Check(msgspec.Struct, frozen=True):
    """See whether the passages bear what was written."""

    step_id: str


class SaySpent(msgspec.Struct, frozen=True):
    """Record that a budget is used up."""

    budget: str
    part: str


class GiveUp(msgspec.Struct, frozen=True):
    """Record that nothing could be found out."""


class Finish(msgspec.Struct, frozen=True):
    """Record that it is done."""


Work = (
    AskBack
    | MakePlan
    | MakeQueries
    | SearchFor
    | ReadPage
    | TakeNotes
    | FindGaps
    | Compare
    | Write
    | Check
    | SaySpent
    | GiveUp
    | Finish
)


def next_step(run: Run, ran_s: float) -> tuple[Work, ...]:
    """All that can be done now; nothing while a person is waited for, or it is at rest.

    `ran_s`: how long it has been at work by now.
    """
    if run.standing != "working":
        return ()
    if (spent := _all_spent(run, ran_s)) is not None:
        return (spent,)
    if not run.accepted:
        return _before_it_starts(run)
    return _looking_up(run, ran_s) or _writing(run)


def seconds_left(run: Run, ran_s: float) -> float | None:
    """Until the part of its time that it is in is used up; None when all of it is."""
    if "minutes/writing" in run.spent:
        return None
    reads = run.accepted and bool(_looking_up(run, 0.0))
    left = run.budget.minutes * 60 * (READING if reads else 1.0) - ran_s
    return max(0.0, left)


def _before_it_starts(run: Run) -> tuple[Work, ...]:
    if run.clarify and run.questions is None:
        return (AskBack(),)
    if run.questions and run.answer is None:
        return ()
    return (MakePlan(),) if run.steps is None else ()


def _all_spent(run: Run, ran_s: float) -> SaySpent | None:
    if run.tokens >= run.budget.tokens and "tokens/writing" not in run.spent:
        return SaySpent("tokens", "writing")
    if ran_s >= run.budget.minutes * 60 and "minutes/writing" not in run.spent:
        return SaySpent("minutes", "writing")
    return None


def _looking_up(run: Run, ran_s: float) -> tuple[Work, ...]:
    if run.reading_over:
        return ()
    work = tuple(dict.fromkeys(one for step in run.steps or () for one in _of_step(run, step)))
    if not work and (run.gaps_sought or _is_cut_off(run)):
        return (SaySpent("sources", "reading"),) if is_full(run) else ()
    if run.tokens >= run.budget.tokens * READING:
        return (SaySpent("tokens", "reading"),)
    if ran_s >= run.budget.minutes * 60 * READING:
        return (SaySpent("minutes", "reading"),)
    if not work and is_full(run):
        return (SaySpent("sources", "reading"),)
    return work or (FindGaps(),)


def _is_cut_off(run: Run) -> bool:
    """Whether no search at all could be made: then there is no use in thinking of others."""
    searches = [one for step in run.steps or () for one in step.searches]
    return bool(searches) and all(one.problem is not None for one in searches)


def _of_step(run: Run, step: Step) -> list[Work]:
    if step.queries is None:
        return [MakeQueries(step.step_id)]
    work: list[Work] = [
        SearchFor(step.step_id, query, provider)
        for query in range(len(step.queries))
        for provider in run.providers
        if not step.was_searched(query, provider)
    ]
    for n in step.chosen:
        source = run.source(n)
        if source is not None and source.state == "found":
            work.append(ReadPage(n))
        elif source is not None and source.state == "read" and n not in step.noted:
            work.append(TakeNotes(step.step_id, n))
    return work


def _writing(run: Run) -> tuple[Work, ...]:
    if not run.notes:
        return (GiveUp(),)
    parts = tuple(
        work
        for step in run.steps or ()
        if run.notes_for(step.step_id) and (work := _of_part(run, step)) is not None
    )
    if parts:
        return parts
    last = _of_part(run, run.summary)
    return (last,) if last is not None else (Finish(),)


def _of_part(run: Run, step: Step) -> Work | None:
    sources = {note.n for note in run.notes_for(step.step_id)}
    compares = step.step_id != SUMMARY and len(sources) > 1 and not run.writing_over
    if step.contradictions is None and step.sentences is None and compares:
        return Compare(step.step_id)
    if step.sentences is None:
        return Write(step.step_id)
    return Check(step.step_id) if step.supported is None else None
