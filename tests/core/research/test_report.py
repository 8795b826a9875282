"""Every citation of a report leads to a passage of a page that was captured."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.research.contents import Contradiction, Sentence
from core.research.exports import exported, markdown_of
from core.research.markup import plain
from core.research.report import cited, claims_of, report_of
from core.research.state import Budget, Note, Run, Source, Step
from core.research.views import view_of

CITED = re.compile(r"\[(\d+)\]")
ODD = [
    "[1]",
    "[n3]",
    "[99]",
    "【2】",
    "[^4]",
    "[[5]]",
    "[1](http://evil.example/)",
    "![x](http://evil.example/?q=1)",
    "[see (6)](http://evil.example/a_(b))",
    "<img src=x onerror=alert(1)>",
    "[7]: http://evil.example/",
    "# ",
    "- ",
    "[1, 2]",
    "[notes 1-3]",
    "[a [8] b]",
    "[source 4]",
    "&#91;6&#93;",
    "[\u200b7]",
    "```",
    "[^8]: y",
]
words = st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=12)), min_size=1, max_size=8).map(
    " ".join
)
known = [f"s{step}-{n}-1" for step in (1, 2) for n in (1, 2, 3)]
sentences = st.builds(
    Sentence,
    text=words,
    notes=st.lists(st.sampled_from([*known, "s9-9-9", ""]), max_size=3).map(tuple),
)
parts = st.lists(sentences, max_size=4).map(tuple)


def run_of(
    first: tuple[Sentence, ...],
    second: tuple[Sentence, ...],
    summary: tuple[Sentence, ...] = (),
    *,
    question: str = "How high?",
    supported: tuple[bool, ...] | None = None,
    about: str = "",
) -> Run:
    """A run with three sources, of which the third could not be read."""
    notes = tuple(
        Note(
            note_id=f"s{step}-{n}-1",
            n=n,
            step_id=f"s{step}",
            claim=f"Claim {n}.",
            quote="quote",
            start=0,
            end=5,
        )
        for step in (1, 2)
        for n in (1, 2)
    )
    sources = tuple(
        Source(
            n=n,
            url=f"https://{n}.example/",
            title=f"Page {n} [3]",
            site=f"{n}.example",
            state="read" if n < 3 else "refused",
            sha256=str(n),
            fetched_at=1_796_053_263_000_000,
        )
        for n in (1, 2, 3)
    )
    found = (Contradiction(notes=("s1-1-1", "s1-2-1"), about=about),)
    return Run(
        research_id="r",
        model="m",
        question=question,
        providers=("wikipedia",),
        budget=Budget(),
        clarify=False,
        standing="done",
        accepted=True,
        steps=(
            Step(
                step_id="s1",
                question=question,
                sentences=first,
                supported=supported,
                contradictions=found,
            ),
            Step(step_id="s2", question="Who?", sentences=second, supported=(True,) * 4),
            Step(step_id="s3", question="What was not found?"),
        ),
        summary=Step(step_id="summary", question=question, sentences=summary),
        sources=sources,
        notes=notes,
    )


@given(parts, parts, parts, words, words)
@settings(max_examples=400, deadline=None)
def test_no_citation_leads_nowhere(
    first: tuple[Sentence, ...],
    second: tuple[Sentence, ...],
    summary: tuple[Sentence, ...],
    question: str,
    about: str,
) -> None:
    """Whatever a model writes: each [n] is a source that was read and has a passage."""
    run = run_of(first, second, summary, question=question, about=about)
    borne = {str(one.n) for one in run.notes}
    assert set(CITED.findall(report_of(run))) <= borne
    assert {str(one.n) for one in cited(run)} <= borne
    for claim in claims_of(run):
        assert all(run.note(one) is not None for one in claim.notes)
        assert claim.notes or claim.supported is False
    if told := report_of(run):
        view = view_of(run, started_at=0, ran_s=0, under_way=())
        assert view.report == told
        assert "](" not in told
        assert not re.search(r"<[a-zA-Z/!]", told)


def test_a_claim_without_support_is_marked() -> None:
    """By words, after its full stop; what is borne is not."""
    said = (
        Sentence(text="It is high.", notes=("s1-1-1",)),
        Sentence(text="It is green.", notes=("s1-2-1",)),
        Sentence(text="It is old."),
    )
    report = report_of(run_of(said, (), supported=(True, False, True)))
    assert "It is high [1]. It is green [2]. *(not supported by the sources)*" in report
    assert "It is old. *(not supported by the sources)*" in report


def test_what_sources_disagree_about_is_told_with_both_sides() -> None:
    """Each with its citation."""
    report = report_of(run_of((Sentence(text="A.", notes=("s1-1-1",)),), (), about="the height"))
    assert "> **The sources disagree** (the height): Claim 1. [1]; Claim 2. [2]" in report


def test_the_studio_speaks_the_language_of_the_question() -> None:
    """German and Chinese as well."""
    said = (Sentence(text="Er ist grün."),)
    german = report_of(run_of(said, (), question="Wie hoch ist der Berg?"))
    assert "von den Quellen nicht belegt" in german
    assert "Dazu wurde nichts gefunden." in german
    assert "来源不支持此说法" in report_of(run_of(said, (), question="这座山有多高？"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("It opened in 1926 (after 4 years).", "It opened in 1926 (after 4 years)."),
        ("As [the survey](http://x.example/) says [1].", "As the survey says."),
        ("# Heading\n\ntext", "Heading text"),
        ("a < b and b > c", "a < b and b > c"),
        ("It holds [see 12 others].", "It holds (see 12 others)."),
    ],
)
def test_words_stay_and_links_go(said: str, told: str) -> None:
    """What a model says is kept; what it points to is not."""
    assert plain(said) == told


def test_a_report_goes_with_its_bibliography() -> None:
    """Title, site, address and day of what is cited, and the passages that were cited."""
    run = run_of((Sentence(text="A.", notes=("s1-1-1",)),), (Sentence(text="B."),))
    view = view_of(run, started_at=0, ran_s=0, under_way=())
    markdown = markdown_of(run, view)
    first = "[1] Page 1 — 1.example. <https://1.example/>, read on 2026-11-30\n\n> quote\n"
    assert f"## Sources\n\n{first}" in markdown
    assert "https://3.example/" not in markdown
    bibtex = exported(run, view, "bibtex").data.decode()
    assert bibtex.count("@online{") == 2
    assert "url = {https://1.example/}" in bibtex
    everything = msgspec.json.decode(exported(run, view, "json").data)
    assert everything["notes"][0]["quote"] == "quote"


def test_numbers_with_gaps_stay_what_they_are_in_markdown() -> None:
    """A numbered list would be counted anew: [2] alone would be shown as 1."""
    run = run_of((Sentence(text="A.", notes=("s1-2-1",)),), ())
    first, *others = run.steps or ()
    run = msgspec.structs.replace(
        run, steps=(msgspec.structs.replace(first, contradictions=()), *others)
    )
    told = markdown_of(run, view_of(run, started_at=0, ran_s=0, under_way=()))
    assert "A [2]." in told
    assert "\n[2] Page 2" in told
    assert not re.search(r"(?m)^\d+\. ", told)


def test_a_page_puts_neither_link_nor_picture_into_a_bibliography() -> None:
    """Its title, its site's name, its address and its words are only words."""
    run = run_of((Sentence(text="A.", notes=("s1-1-1",)),), ())
    odd = msgspec.structs.replace(
        run.sources[0],
        title="![t](http://evil.example/t)",
        site="![s](http://evil.example/s) &#91;2&#93;",
        url="folder://home/a b>c.md",
    )
    note = msgspec.structs.replace(
        run.notes[0], quote="![q](http://evil.example/q)\n# http://e.example"
    )
    run = msgspec.structs.replace(
        run, sources=(odd, *run.sources[1:]), notes=(note, *run.notes[1:])
    )
    told = markdown_of(run, view_of(run, started_at=0, ran_s=0, under_way=()))
    assert "evil.example" not in told
    assert "http://" not in told
    assert "[1] t — s. <folder://home/a%20b%3Ec.md>" in told


def test_braces_in_titles_do_not_break_bibtex() -> None:
    """They balance, and nothing is a command."""
    run = run_of((Sentence(text="A.", notes=("s1-1-1",)),), ())
    odd = msgspec.structs.replace(run.sources[0], title="{ \\input{x} } }{ 100% & more_")
    run = msgspec.structs.replace(run, sources=(odd, *run.sources[1:]))
    view = view_of(run, started_at=0, ran_s=0, under_way=())
    told = exported(run, view, "bibtex").data.decode()
    assert told.count("{") == told.count("}")
    assert "\\input" not in told
