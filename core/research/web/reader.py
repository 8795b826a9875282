"""Reads a page: asked for politely, fetched over the guard, its text taken in a process of its own.

read(url) ──► folder://…  a file of a folder that was given to us
    │
    └─► https://…  robots ──► fetch, hop by hop ──► what is it? ──► text ──► Page
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Protocol

from core.clock import Clock
from core.research.web.charset import charset_of
from core.research.web.extracting import Extracted, Job, Kind
from core.research.web.fetching import Fetched, Fetcher, Limits
from core.research.web.politeness import asked_too_often, seconds_of
from core.research.web.robots import Robots
from core.research.web.urls import parsed
from core.research.web.views import Page, WebProblem
from core.research.web.workers import Workers

ACCEPT = (
    "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, application/pdf;q=0.9,"
    " application/json;q=0.8"
)
LIMITS = Limits(most_bytes=24 * 2**20)
MOST_TEXT_BYTES = 6 * 2**20  # of a page that is text: what comes after is cut off
FOLDER = "folder://"

_KINDS: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/json": "text",
    "application/ld+json": "text",
    "application/markdown": "text",
    "application/yaml": "text",
}
_TEXT = re.compile(r"text/[\w.+-]+|application/[\w.-]+\+json")
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
        folders: Mapping[str, Folder] | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self._fetcher = fetcher
        self._robots = robots
        self._workers = workers
        self._clock = clock
        self._folders = folders if folders is not None else {}
        self._limits = limits

    async def read(self, url: str) -> Page:
        """The page as it is now. Raises WebProblem."""
        if url.startswith(FOLDER):
            return await self._from_folder(url)
        got = await self._fetcher.fetch(
            url, limits=self._limits, accept=ACCEPT, before=self._robots.check
        )
        self._demand_success(got)
        kind, mime = kind_of(got)
        cut = got.cut or (kind != "pdf" and len(got.body) > MOST_TEXT_BYTES)
        if kind == "pdf" and cut:
            raise _too_large(len(got.body))
        job = Job(
            kind=kind,
            body=got.body if kind == "pdf" else got.body[:MOST_TEXT_BYTES],
            charset=charset_of(got.headers.get("content-type", "")),
            url=got.url,
            cut=cut,
        )
        return page_of(await self._workers.do(job), job, mime, self._clock.now())

    async def _from_folder(self, url: str) -> Page:
        folder = self._folders.get(url.removeprefix(FOLDER).partition("/")[0])
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


def kind_of(got: Fetched) -> tuple[Kind, str]:
    """What it is, from its header and its first bytes. Raises WebProblem("unsupported")."""
    mime = got.headers.get("content-type", "").partition(";")[0].strip().lower()
    start = got.body[:1024]
    if start.lstrip()[:5] == b"%PDF-":
        return "pdf", "application/pdf"
    kind: Kind | None = _KINDS.get(mime) or ("text" if _TEXT.fullmatch(mime) else None)
    if mime in _NOT_SAID:
        kind = "html" if re.match(rb"\s*<(!doctype|html|head|body|\?xml)", start, re.I) else "text"
    if kind is None or kind == "pdf" or _is_binary(start):
        raise WebProblem(
            f"What is there is no text ({mime or 'of an unknown type'})",
            code="unsupported",
            next_action="Use another source.",
        )
    return kind, mime if mime not in _NOT_SAID else f"text/{'html' if kind == 'html' else 'plain'}"


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
        case "locked":
            return _problem("unreadable", "The document wants a password")
    return _problem("unreadable", "The page is damaged and can not be read")


def _problem(code: str, sentence: str) -> WebProblem:
    return WebProblem(sentence, code=code, next_action="Use another source.")


def _too_large(size: int) -> WebProblem:
    return _problem("too-large", f"The document is larger than {size // 2**20} MB")
