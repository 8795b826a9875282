"""Reads a page: asked for politely, fetched over the guard, its text taken in a process of its own.

read(url) ──► folder://…  a file of a folder that was given to us
    │
    └─► https://…  robots ──► fetch, hop by hop ──► what is it? ──► text ──► Page
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from core.clock import Clock
from core.research.web.charset import charset_of
from core.research.web.extracting import Extracted, Job, Kind
from core.research.web.fetching import Fetched, Fetcher, Limits, joined
from core.research.web.politeness import asked_too_often, seconds_of
from core.research.web.robots import Robots
from core.research.web.urls import parsed
from core.research.web.views import Page, WebProblem
from core.research.web.workers import Workers

ACCEPT = (
    "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, application/pdf;q=0.9,"
    " application/json;q=0.8"
)
LIMITS = Limits(patience_s=10.0)
MOST_PDF = 24 * 2**20  # bytes; half a PDF is none
MOST_TEXT = 6 * 2**20  # bytes of a page that is text: what comes after is cut off
MOST_MOVES = 3  # pages that only send their readers on
MOST_OF_A_REFUSAL = 64 * 1024
FOLDER = "folder://"

_KINDS: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/json": "text",
    "application/ld+json": "text",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "application/markdown": "markdown",
    "application/yaml": "text",
}
_TEXT = re.compile(r"text/[\w.+-]+|application/[\w.-]+\+json")
_LIKE_HTML = re.compile(rb"\s*<(!doctype|html|head|body|\?xml)", re.IGNORECASE)
_NOT_SAID = frozenset(("", "application/octet-stream", "binary/octet-stream", "unknown/unknown"))


class Folder(Protocol):
    """A folder whose files can be read (`folder.FolderSearch`)."""

    async def read(self, url: str) -> Page:
        """One file, by the address that a search gave. Raises WebProblem."""
        ...


class WebReader:
    """Pages and files of given folders. Loop-bound."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        robots: Robots,
        workers: Workers,
        clock: Clock,
        folder: Callable[[str], Folder | None] = lambda _: None,
        limits: Limits = LIMITS,
    ) -> None:
        self._fetcher = fetcher
        self._robots = robots
        self._workers = workers
        self._clock = clock
        self._folder = folder
        self._limits = limits

    async def read(self, url: str) -> Page:
        """The page as it is now. Raises WebProblem."""
        if url.startswith(FOLDER):
            return await self._from_folder(url)
        for _ in range(MOST_MOVES):
            page = await self._read(url)
            if isinstance(page, Page):
                return page
            url = page
        raise _problem("redirects", "The page sends its readers on and on")

    async def _read(self, url: str) -> Page | str:
        """The page, or where it sends its readers: checked like any other address."""
        got = await self._fetcher.fetch(
            url, limits=self._limits, accept=ACCEPT, before=self._robots.check, heed=_wanted
        )
        self._demand_success(got)
        kind, mime = kind_of(got)
        if kind == "pdf" and got.cut:
            raise _too_large()
        job = Job(
            kind=kind,
            body=got.body,
            charset=charset_of(got.headers.get("content-type", "")),
            url=got.url,
            cut=got.cut,
        )
        read = await self._workers.do(job)
        if read.problem == "moved":
            return joined(got.url, read.moved)
        return page_of(read, job, mime, self._clock.now())

    async def _from_folder(self, url: str) -> Page:
        folder = self._folder(url.removeprefix(FOLDER).partition("/")[0])
        if folder is None:
            raise WebProblem(
                "This file is in a folder that is not among the search providers",
                code="missing-folder",
                next_action="Add the folder again, or use another source.",
            )
        return await folder.read(url)

    def _demand_success(self, got: Fetched) -> None:
        host = parsed(got.url)[1].host
        match got.status:
            case status if 200 <= status < 300:
                return
            case 404 | 410:
                raise _problem("dead", f"{host} has no such page (any more)")
            case 401 | 402 | 403 | 407 | 451:
                raise _problem("forbidden", f"{host} does not show this page to us ({got.status})")
            case 429 | 503 if got.status == 429 or "retry-after" in got.headers:
                when = got.headers.get("retry-after", "")
                raise asked_too_often(host, seconds_of(when, self._clock.now()))
            case status if status >= 500:
                raise _problem("server-error", f"{host} has a fault of its own ({status})")
            case status:
                raise _problem("dead", f"{host} answers with status {status}")


def _wanted(status: int, headers: Mapping[str, str]) -> int:
    """How much of the body is worth having. Raises WebProblem where nothing of it is."""
    if not 200 <= status < 300:
        return MOST_OF_A_REFUSAL
    mime = _mime(headers)
    if mime == "application/pdf" or mime in _NOT_SAID:
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > MOST_PDF and mime == "application/pdf":
            raise _too_large()
        return MOST_PDF
    if _kind_by_name(mime) is None:
        raise _no_text(mime)
    return MOST_TEXT


def kind_of(got: Fetched) -> tuple[Kind, str]:
    """What it is, from its header and its first bytes. Raises WebProblem("unsupported")."""
    mime = _mime(got.headers)
    start = got.body[:1024]
    if start.lstrip()[:5] == b"%PDF-":
        return "pdf", "application/pdf"
    if mime in _NOT_SAID:
        mime = f"text/{'html' if _LIKE_HTML.match(start) else 'plain'}"
    kind = _kind_by_name(mime)
    if kind is None or kind == "pdf" or _is_binary(start):
        raise _no_text(mime)
    return kind, mime


def _mime(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _kind_by_name(mime: str) -> Kind | None:
    return _KINDS.get(mime) or ("text" if _TEXT.fullmatch(mime) else None)


def page_of(read: Extracted, job: Job, mime: str, now: int) -> Page:
    """What was read as a page. Raises WebProblem where nothing was."""
    if read.problem:
        raise _nothing(read.problem)
    return Page(
        url=job.url,
        title=read.title,
        author=read.author,
        date=read.date,
        site=read.site,
        text=read.text,
        fetched_at=now,
        size=len(job.body),
        mime=mime,
        truncated=read.truncated,
        sha256=hashlib.sha256(read.text.encode()).hexdigest(),
    )


def _is_binary(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False  # UTF-16 has zeros
    return b"\x00" in start


def _nothing(problem: str) -> WebProblem:
    match problem:
        case "empty":
            return _problem("empty", "The page shows no text without its scripts")
        case "pdf-locked":
            return _problem("unreadable", "The document wants a password")
        case "pdf-scanned":
            return _problem("empty", "The document is scanned: it has no text")
    return _problem("unreadable", "The page is damaged and can not be read")


def _problem(code: str, sentence: str) -> WebProblem:
    return WebProblem(sentence, code=code, next_action="Use another source.")


def _too_large() -> WebProblem:
    return _problem("too-large", f"The document is larger than {MOST_PDF // 2**20} MB")


def _no_text(mime: str) -> WebProblem:
    return _problem("unsupported", f"What is there is no text ({mime or 'of an unknown type'})")
