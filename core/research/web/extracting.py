"""The text of a page and who wrote it. Runs in the reading process, never in the studio's.

Heavy and hostile: libxml2, heuristics over trees, PDF streams. Whatever loops or swells here is
ended from outside (`workers.py`), and nothing secret is within its reach.
"""

import logging
import re
from typing import Literal

import msgspec

from core.research.web.charset import decoded
from core.research.web.cleaning import clean, clean_line, clean_prose, cut
from core.research.web.unseen import Tree, without_unseen

MOST_TEXT = 400_000  # characters that are kept of a page
MOST_PAGES = 500  # of a PDF
SHORT = 200  # characters; below this the whole body is taken when it gives much more

Kind = Literal["html", "pdf", "text", "results"]


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
    shown = without_unseen(tree)
    main = extract(shown, url=job.url or None, output_format="markdown", include_comments=False)
    text = clean_prose(main or "")
    if len(text) < SHORT:
        text = max(text, clean_prose(_all_of(shown)), key=len)
    return msgspec.structs.replace(
        _kept(text, job),
        title=clean_line(about.title or ""),
        author=clean_line(about.author or ""),
        date=clean_line(about.date or "", 40),
        site=clean_line(about.sitename or ""),
    )


def _all_of(tree: Tree) -> str:
    from trafilatura import html2txt

    return html2txt(tree)


def _kept(text: str, job: Job) -> Extracted:
    kept, more = cut(text, MOST_TEXT)
    if not kept:
        return Extracted(problem="empty")
    return Extracted(text=kept, truncated=more or job.cut)


def _pdf(job: Job) -> Extracted:
    import io

    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, PyPdfError

    try:
        document = PdfReader(io.BytesIO(job.body))
        text = "\n\n".join(
            (page.extract_text() or "").strip() for page in document.pages[:MOST_PAGES]
        )
        about = document.metadata
        more = len(document.pages) > MOST_PAGES
    except FileNotDecryptedError:
        return Extracted(problem="locked")
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Extracted(problem="unreadable")
    kept = _kept(clean_prose(text), job)
    if kept.problem:
        return kept
    return msgspec.structs.replace(
        kept,
        truncated=kept.truncated or more,
        title=clean_line(str((about and about.title) or "")),
        author=clean_line(str((about and about.author) or "")),
        date=_day((about and about.creation_date_raw) or ""),
    )


def _day(raw: object) -> str:
    """ "D:20261130…" as 2026-11-30."""
    found = re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", str(raw))
    return "-".join(found.groups()) if found else ""
