"""Comparing, writing and checking: what is made of the notes, by a model or without one.

A model is given notes by number and names them by number; a number that it made up is no note.
What no model wrote, because it could not be asked or read, is put together from the notes: their
claims, one after the other. What no model checked is checked by what can be computed.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from core.research import prompts
from core.research.asking import Answered
from core.research.contents import (
    Contradiction,
    Contradictions,
    Section,
    Sentence,
    Told,
    Verdicts,
)
from core.research.markup import plain
from core.research.passages import excerpt
from core.research.state import SUMMARY, Note, Run, Step
from core.research.support import bears_itself, has_its_numbers, may_bear
from core.research.tongues import named
from events.facts import ResearchCompared, ResearchSectionChecked, ResearchSectionWritten

MOST_SHOWN = 40  # notes that a model is shown at once
MOST_SENTENCES = 40
CHECK_ROOM = 6_000  # characters of sentences and passages that are checked at once
MOST = 1_200  # characters of a passage that a check is shown
MOST_MATTER = 80  # characters that say what a contradiction is about
IN_SUMMARY = 8  # claims of a summary that no model wrote

T = TypeVar("T", bound=msgspec.Struct)


class Asks(Protocol):
    """Asks the run's model (`works.Ask`)."""

    fence: str

    async def __call__(self, make: "prompts.Maker[T]") -> Answered[T]:
        """What it answers."""
        ...


async def compare(run: Run, step: Step, ask: Asks) -> Told:
    """Where the sources of a step contradict each other."""
    notes = shown(run, step)
    told = await ask(
        lambda size: prompts.compare(
            step.question, [(one.n, one.claim) for one in _part(notes, size)], ask.fence
        )
    )
    found = _contradictions(told.value, notes)
    fact = ResearchCompared(
        research_id=run.research_id,
        step_id=step.step_id,
        contradictions=len(found),
        sealed=b"",
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
    )
    return Told(fact=fact, content=Contradictions(found=found))


async def write(run: Run, step: Step, ask: Asks) -> Told:
    """A part of the report, each sentence with the notes it rests on."""
    notes = shown(run, step)
    told = await ask(
        lambda size: prompts.write(
            run.question,
            "" if step.step_id == SUMMARY else step.question,
            [one.claim for one in _part(notes, size)],
            named(run.question),
            ask.fence,
        )
    )
    sentences = _sentences(told.value, notes)
    section = Section(sentences=sentences)
    if not any(one.notes for one in sentences):
        section = from_notes(run, step)
    fact = ResearchSectionWritten(
        research_id=run.research_id,
        step_id=step.step_id,
        sentences=len(section.sentences),
        sealed=b"",
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
    )
    return Told(fact=fact, content=section)


async def check(run: Run, step: Step, ask: Asks) -> Told:
    """Of each sentence, whether its passages bear it."""
    sentences = [plain(one.text) for one in step.sentences or ()]
    notes = [_notes(run, one) for one in step.sentences or ()]
    passages = [[one.quote for one in each] for each in notes]
    computed = [
        may_bear(text, told, about=_about(run, each), asked=f"{run.question} {step.question}")
        for text, told, each in zip(sentences, passages, notes, strict=True)
    ]
    open_ = [
        at
        for at, text in enumerate(sentences)
        if computed[at] and step.by != "notes" and not bears_itself(text, passages[at])
    ]
    refused: set[int] = set()
    prompt_tokens = completion_tokens = 0
    for some in _in_turns(open_, sentences, passages):
        told = await ask(partial(_checked, [(sentences[at], passages[at]) for at in some], ask))
        refused |= {some[at - 1] for at in _numbers(told, len(some))}
        prompt_tokens += told.prompt_tokens
        completion_tokens += told.completion_tokens
    supported = tuple(one and at not in refused for at, one in enumerate(computed))
    fact = ResearchSectionChecked(
        research_id=run.research_id,
        step_id=step.step_id,
        supported=sum(supported),
        unsupported=len(supported) - sum(supported),
        sealed=b"",
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
    )
    return Told(fact=fact, content=Verdicts(supported=supported))


def _checked(
    some: Sequence[tuple[str, Sequence[str]]], ask: Asks, size: float
) -> prompts.Prompt[prompts.CheckAnswer]:
    room = max(200, round(MOST * size))
    told = [(text, [excerpt(one, text, room) for one in passages]) for text, passages in some]
    return prompts.check(told, ask.fence)


def _in_turns(
    open_: Sequence[int], sentences: Sequence[str], passages: Sequence[Sequence[str]]
) -> Iterator[list[int]]:
    """So many at a time as a model can look at: one question must fit into a small context."""
    some: list[int] = []
    size = 0
    for at in open_:
        more = len(sentences[at]) + sum(map(len, passages[at]))
        if some and size + more > CHECK_ROOM:
            yield some
            some, size = [], 0
        some.append(at)
        size += more
    if some:
        yield some


def shown(run: Run, step: Step) -> tuple[Note, ...]:
    """The notes that a part is written from; of the summary, those that bore something."""
    notes = run.notes_for(step.step_id)
    if step.step_id == SUMMARY:
        borne = {
            each
            for one in run.steps or ()
            for at, said in enumerate(one.sentences or ())
            if one.supported is not None and at < len(one.supported) and one.supported[at]
            for each in said.notes
        }
        notes = tuple(one for one in notes if one.note_id in borne) or notes
    return _in_turn(notes)[:MOST_SHOWN]


def from_notes(run: Run, step: Step) -> Section:
    """A part without a model: what the notes claim."""
    notes = shown(run, step)
    if step.step_id == SUMMARY:
        notes = notes[:IN_SUMMARY]
    said = tuple(Sentence(text=one.claim, notes=(one.note_id,)) for one in notes)
    return Section(sentences=said, by="notes")


def _in_turn(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """The first of every source, then the second of every source …"""
    places: dict[int, int] = {}
    ranked = []
    for one in notes:
        places[one.n] = places.get(one.n, 0) + 1
        ranked.append((places[one.n], one))
    return tuple(one for _, one in sorted(ranked, key=lambda told: told[0]))


def _part(notes: tuple[Note, ...], size: float) -> tuple[Note, ...]:
    return notes[: max(3, round(MOST_SHOWN * size))]


def _contradictions(
    answer: prompts.CompareAnswer | None, notes: tuple[Note, ...]
) -> tuple[Contradiction, ...]:
    told = []
    for pair in (answer.contradictions if answer else [])[:10]:
        both = [notes[at - 1] for at in dict.fromkeys(pair.notes) if 0 < at <= len(notes)]
        if len({one.n for one in both}) > 1:
            ids = tuple(one.note_id for one in both)
            told.append(Contradiction(notes=ids, about=_matter(pair.about, both)))
    return tuple(told)


def _matter(about: str, notes: Sequence[Note]) -> str:
    """What a contradiction is about; nothing where it says a number that no passage has."""
    line = plain(about)[:MOST_MATTER]
    return line if has_its_numbers(line, "\n".join(one.quote for one in notes)) else ""


def _sentences(answer: prompts.WriteAnswer | None, notes: tuple[Note, ...]) -> tuple[Sentence, ...]:
    told = []
    for one in (answer.sentences if answer else [])[:MOST_SENTENCES]:
        ids = tuple(
            notes[at - 1].note_id for at in dict.fromkeys(one.notes) if 0 < at <= len(notes)
        )
        if text := plain(one.text)[:2_000]:
            told.append(Sentence(text=text, notes=ids))
    return tuple(told)


def _notes(run: Run, sentence: Sentence) -> list[Note]:
    return [note for each in sentence.notes if (note := run.note(each)) is not None]


def _about(run: Run, notes: Sequence[Note]) -> str:
    """What the pages of these notes are called."""
    sources = [run.source(n) for n in dict.fromkeys(one.n for one in notes)]
    return " ".join(f"{one.title} {one.site}" for one in sources if one is not None)


def _numbers(told: Answered[prompts.CheckAnswer], most: int) -> set[int]:
    return {one for one in (told.value.unsupported if told.value else []) if 0 < one <= most}
