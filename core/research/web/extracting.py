"""The text of a page and who wrote it. Runs in the reading process, never in the studio's.

Heavy and hostile: libxml2, heuristics over trees, PDF streams. Whatever loops or swells here is
ended from outside (`workers.py`), and nothing secret is within its reach.
"""

import logging
import re
from collections.abc import Callable
from typing import Literal

import msgspec

from core.research.web.charset import decoded
from core.research.web.cleaning import clean, clean_line, clean_prose, cut
from core.research.web.unseen import Tree, without_unseen

MOST_TEXT = 400_000  # characters that are kept of a page
SHORT = 200  # characters; below this the whole body is taken when it gives much more
MUCH_MORE = 3

_REFRESH = re.compile(r"\s*[0-5](?:\.\d*)?\s*[;,]\s*url\s*=\s*[\"']?([^\"'\s]+)", re.IGNORECASE)
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_REMARK = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()<>#+.!|~=-])")

Kind = Literal["html", "pdf", "text", "markdown", "results"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be read."""

    kind: Kind
    body: bytes
    charset: str = ""
    url: str = ""
    cut: bool = False  # there was more


class Extracted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a reader would see. `problem`: why there is nothing, by its code."""

    text: str = ""
    title: str = ""
    author: str = ""
    date: str = ""
    site: str = ""
    truncated: bool = False
    problem: str = ""
    moved: str = ""  # the page shows nothing and sends its readers there
    rows: tuple[tuple[str, str, str], ...] = ()  # of a page of results: url, title, snippet


def extracted(job: Job) -> Extracted:
    """Carry out one job."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    match job.kind:
        case "html":
            return _html(job)
        case "pdf":
            return _pdf(job)
        case "results":
            from core.research.web.duckduckgo_page import rows_of

            return rows_of(job)
        case "text":
            return _kept(clean(decoded(job.body, job.charset, cut=job.cut)), job)
        case "markdown":
            text = without_remarks(decoded(job.body, job.charset, cut=job.cut))
            return _kept(clean(text), job)


def parsed_tree(job: Job) -> Tree | None:
    """The page as a tree, or nothing where there is no page in it."""
    from trafilatura import load_html

    text = decoded(job.body, job.charset, cut=job.cut)
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).replace("\x00", "")
    return load_html(f"<!DOCTYPE html>{text}" if "<html" not in text[:2000].lower() else text)


def _html(job: Job) -> Extracted:
    from trafilatura import extract
    from trafilatura.metadata import extract_metadata

    tree = parsed_tree(job)
    if tree is None:
        return Extracted(problem="unreadable")
    about = extract_metadata(tree, job.url or None, extensive=False)
    named, elsewhere = _title_of(tree), _moved_to(tree)
    shown = without_unseen(tree)
    main = extract(shown, url=job.url or None, output_format="markdown", include_comments=False)
    text = clean_prose(without_escapes(main or ""))
    if len(text) < SHORT:
        text = _all_if_much_more(text, shown)
    if elsewhere and len(text) < SHORT:
        return Extracted(problem="moved", moved=elsewhere)
    return msgspec.structs.replace(
        _kept(text, job),
        title=_better_title(clean_line(about.title or ""), named),
        author=clean_line(about.author or ""),
        date=clean_line(about.date or "", 40),
        site=clean_line(about.sitename or ""),
    )


def _title_of(tree: Tree) -> str:
    titles = tree.xpath("//head/title | //body/title")
    return clean_line(titles[0].text_content()) if titles else ""


def _better_title(heading: str, named: str) -> str:
    """The page's heading where the window's title begins with it: "Heading - Site".

    Otherwise what was taken for its heading belongs to a menu or to a help that pops up.
    """
    return (
        heading if heading and named.casefold().startswith(heading.casefold()) else named or heading
    )


def _moved_to(tree: Tree) -> str:
    """Where a page that shows nothing itself sends its readers at once."""
    for meta in tree.xpath("//meta[@http-equiv and @content]"):
        found = _REFRESH.match(meta.get("content"))
        if meta.get("http-equiv").strip().lower() == "refresh" and found:
            return found.group(1).strip()[:4096]
    return ""


def _all_if_much_more(text: str, tree: Tree) -> str:
    from trafilatura import html2txt

    everything = clean_prose(html2txt(tree))
    return everything if len(everything) > MUCH_MORE * len(text) else text


def without_escapes(markdown: str) -> str:
    """As a person reads it: a backslash before a sign is the writer's of Markdown, not the page's.

    Quotes are looked for in this text, and nobody quotes `4\\_812`. Code stays as it is.
    """
    return _outside_code(markdown, lambda part: _ESCAPED.sub(r"\1", part))


def without_remarks(markdown: str) -> str:
    """Without HTML comments, which nobody sees where Markdown is shown."""
    return _outside_code(markdown, lambda part: _REMARK.sub("", part))


def _outside_code(markdown: str, change: Callable[[str], str]) -> str:
    parts = _CODE.split(markdown)
    return "".join(change(part) if at % 2 == 0 else part for at, part in enumerate(parts))


def _kept(text: str, job: Job) -> Extracted:
    kept, more = cut(text, MOST_TEXT)
    if not kept:
        return Extracted(problem="empty")
    return Extracted(text=kept, truncated=more or job.cut)


def _pdf(job: Job) -> Extracted:
    from core.attachments.papers import PAGE_END, read_paper
    from core.attachments.shapes import Refusal

    try:
        paper = read_paper(job.body)
    except Refusal as refusal:
        return Extracted(problem=refusal.told.code)
    title, author, date = _about_pdf(job.body)
    kept = _kept(clean_prose((paper.text or "").replace(PAGE_END, "\n\n")), job)
    more = kept.truncated or bool(paper.left_out)
    return msgspec.structs.replace(kept, title=title, author=author, date=date, truncated=more)


def _about_pdf(body: bytes) -> tuple[str, str, str]:
    """Title, author and day, where the document has them."""
    import io

    from pypdf import PdfReader

    about = PdfReader(io.BytesIO(body)).metadata
    if about is None:
        return "", "", ""
    return (
        clean_line(str(about.title or "")),
        clean_line(str(about.author or "")),
        _day(about.creation_date_raw),
    )


def _day(raw: object) -> str:
    """ "D:20261130…" as 2026-11-30."""
    found = re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", str(raw))
    return "-".join(found.groups()) if found else ""
