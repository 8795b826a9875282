"""The report, put together from what was written and checked. Pure.

A citation [n] is made here and nowhere else: from the notes that a sentence names, each of which
stands at a known place of a captured page. Whatever looks like a citation, a link or a picture in
a model's own words is taken out first (`markup.py`), so that none leads anywhere else, or nowhere.
"""

from collections.abc import Iterable

import msgspec

from core.research.contents import Contradiction
from core.research.markup import in_markdown, plain
from core.research.state import SUMMARY, Note, Run, Source, Step
from core.research.words import WORDS, language_of


class ResearchClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of the report. `supported` None: it was not checked yet."""

    text: str
    notes: tuple[str, ...]
    sources: tuple[int, ...]
    step_id: str
    supported: bool | None


def report_of(run: Run) -> str:
    """As far as it is written, in Markdown; empty before there is anything."""
    words = WORDS[language_of(run.question)]
    parts = [f"# {_shown(run.question)}"]
    if run.summary.sentences is not None:
        parts.append(_prose(run, run.summary))
    for step in run.steps or ():
        if step.sentences is not None:
            parts += [f"## {_shown(step.question)}", _prose(run, step), *_disagreements(run, step)]
        elif run.standing == "done":
            parts += [f"## {_shown(step.question)}", f"*{words['nothing']}*"]
    if len(parts) == 1:
        return ""
    limits = [words[one].format(sources=run.budget.sources) for one in sorted(run.spent)]
    parts += [f"*{one}*" for one in limits]
    return "\n\n".join(one for one in parts if one) + "\n"


def claims_of(run: Run) -> tuple[ResearchClaim, ...]:
    """Every sentence, in the order of the report."""
    written = [run.summary, *(run.steps or ())]
    return tuple(one for step in written for one in _claims(run, step))


def cited(run: Run) -> tuple[Source, ...]:
    """The sources that the report cites, by number."""
    numbers = {n for one in claims_of(run) for n in one.sources}
    for step in run.steps or ():
        if step.sentences is not None:
            numbers |= {one.n for each in step.contradictions or () for one in _both(run, each)}
    return tuple(one for one in run.sources if one.n in numbers)


def _claims(run: Run, step: Step) -> list[ResearchClaim]:
    told = []
    for at, sentence in enumerate(step.sentences or ()):
        notes = tuple(one for each in sentence.notes if (one := run.note(each)) is not None)
        checked = step.supported is not None and at < len(step.supported)
        supported = step.supported[at] if checked and step.supported else None
        told.append(
            ResearchClaim(
                text=plain(sentence.text),
                notes=tuple(one.note_id for one in notes),
                sources=_numbers(notes),
                step_id=step.step_id,
                supported=supported if notes else False,
            )
        )
    return told


def _prose(run: Run, step: Step) -> str:
    words = WORDS[language_of(run.question)]
    told = []
    for claim in _claims(run, step):
        marks = "".join(f"[{n}]" for n in claim.sources)
        open_ = f" *({words['unsupported']})*" if claim.supported is False else ""
        told.append(_with_marks(claim.text, f" {marks}" if marks else "", open_))
    if step.by == "notes" and step.step_id != SUMMARY:
        return "\n".join(f"- {one}" for one in told)
    return " ".join(told)


def _with_marks(text: str, marks: str, open_: str) -> str:
    """The marks stand before the full stop, what is said about it after."""
    end = text[-1:] if text[-1:] in (".", "!", "?", "。", "！", "？") else ""
    return f"{in_markdown(text.removesuffix(end) if end else text)}{marks}{end}{open_}"


def _disagreements(run: Run, step: Step) -> list[str]:
    words = WORDS[language_of(run.question)]
    told = []
    for one in step.contradictions or ():
        sides = "; ".join(f"{_shown(note.claim)} [{note.n}]" for note in _both(run, one))
        about = f" ({_shown(one.about)})" if one.about else ""
        if sides:
            told.append(f"> **{words['disagree']}**{about}: {sides}")
    return told


def _shown(text: str) -> str:
    return in_markdown(plain(text))


def _both(run: Run, one: Contradiction) -> list[Note]:
    return [note for each in one.notes if (note := run.note(each)) is not None]


def _numbers(notes: Iterable[Note]) -> tuple[int, ...]:
    return tuple(sorted({one.n for one in notes}))
