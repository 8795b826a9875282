"""A research to be taken elsewhere: to be read, to be computed with, to be cited. Pure."""

import re
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import msgspec

from core.errors import Refused
from core.research.markup import in_markdown, plain
from core.research.report import cited, claims_of, report_of
from core.research.state import Note, Run, Source
from core.research.views import ResearchView
from core.research.words import WORDS, language_of

Format = Literal["markdown", "json", "bibtex"]
FORMATS: tuple[Format, ...] = ("markdown", "json", "bibtex")
_MIMES: dict[Format, tuple[str, str]] = {
    "markdown": ("text/markdown", "md"),
    "json": ("application/json", "json"),
    "bibtex": ("application/x-bibtex", "bib"),
}
_TEX = re.compile(r"([&%$#_])")
_ODD = str.maketrans({"{": "(", "}": ")", "\\": "/", "~": " ", "^": " "})


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A file."""

    name: str
    mime: str
    data: bytes


def exported(run: Run, view: ResearchView, form: Format) -> Exported:
    """The run in this form. Raises Refused where nothing is written yet, but for JSON."""
    mime, ending = _MIMES[form]
    match form:
        case "json":
            data = msgspec.json.format(msgspec.json.encode(view), indent=2)
        case "bibtex":
            data = "\n".join(_entry(one) for one in _demand_sources(run)).encode()
        case "markdown":
            data = markdown_of(run, view).encode()
    return Exported(name=f"{_slug(run.question)}.{ending}", mime=mime, data=data)


def markdown_of(run: Run, view: ResearchView) -> str:
    """The report with its bibliography. Raises Refused where nothing is written yet."""
    report = report_of(run)
    if not report:
        raise _nothing_yet()
    words = WORDS[language_of(run.question)]
    passages = _passages(run)
    told = [report.rstrip(), f"## {words['sources']}"]
    for one in cited(run):
        read = words["read"].format(date=_date(one.fetched_at))
        # no list: Markdown counts its entries anew, and a report's numbers have gaps
        told.append(
            f"[{one.n}] {_shown(one.title) or _shown(one.url)} — {_shown(one.site)}. "
            f"<{_address(one.url)}>, {read}"
        )
        told += [f"> {_shown(note.quote)}" for note in passages if note.n == one.n]
    return "\n\n".join(one for one in told if one) + "\n"


def _passages(run: Run) -> list[Note]:
    """What the citations lead to, each once, as it stands in its page one after the other."""
    named = {each for one in claims_of(run) for each in one.notes}
    for step in run.steps or ():
        if step.sentences is not None:
            named |= {each for one in step.contradictions or () for each in one.notes}
    told = {(one.n, one.start, one.end): one for one in run.notes if one.note_id in named}
    return [told[place] for place in sorted(told)]


def _shown(text: str) -> str:
    """What a page says, in Markdown, where it can be nothing but words."""
    return in_markdown(plain(text))


def _address(url: str) -> str:
    """Between angle brackets neither they nor white space may stand."""
    return re.sub(r"[\s<>]", lambda found: quote(found[0]), url)


def _demand_sources(run: Run) -> tuple[Source, ...]:
    if not (found := cited(run)):
        raise _nothing_yet()
    return found


def _nothing_yet() -> Refused:
    return Refused(
        "nothing of this research is written yet",
        code="research-has-no-report",
        next_action="wait until it is, or take it out as JSON",
    )


def _entry(source: Source) -> str:
    fields = {
        "title": f"{{{_tex(plain(source.title) or source.url)}}}",
        "author": _tex(source.author),
        "organization": _tex(source.site),
        "year": source.date[:4] if re.match(r"\d{4}", source.date) else "",
        "url": source.url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C"),
        "urldate": _date(source.fetched_at),
    }
    told = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@online{{source{source.n},\n{told}\n}}\n"


def _tex(text: str) -> str:
    """Without what means something in BibTeX: there a brace counts even when it is escaped."""
    return _TEX.sub(r"\\\1", " ".join(text.split()).translate(_ODD))


def _date(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).date().isoformat()


def _slug(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.casefold()))[:60].strip("-") or "research"
