"""A folder of one's own as a place to search: text, Markdown, PDF and HTML files.

Nothing outside of it is reached, whatever a name or a link in it says: every path is resolved and
has to be inside still. Addresses name the provider and the path below the folder
(`folder://notes/2026/plan.md`), never where the folder lies.
"""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec

from core.clock import Clock
from core.research.web.cleaning import clean_line
from core.research.web.extracting import Extracted, Job, Kind
from core.research.web.ranking import Terms, passage, ranked, terms_of
from core.research.web.reader import FOLDER, page_of
from core.research.web.views import Hit, Page, WebProblem
from core.research.web.workers import Workers

KINDS: dict[str, tuple[Kind, str]] = {
    ".txt": ("text", "text/plain"),
    ".text": ("text", "text/plain"),
    ".md": ("markdown", "text/markdown"),
    ".markdown": ("markdown", "text/markdown"),
    ".rst": ("text", "text/plain"),
    ".org": ("text", "text/plain"),
    ".csv": ("text", "text/csv"),
    ".html": ("html", "text/html"),
    ".htm": ("html", "text/html"),
    ".pdf": ("pdf", "application/pdf"),
}
MOST_FILES = 5000
MOST_BYTES = 24 * 2**20  # of one file
INDEXING_S = 30.0  # of one search; the next one goes on where it ended


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was read for searching."""

    stamp: tuple[int, int]  # size and time of its last change
    title: str
    terms: Terms


class FolderSearch:
    """One folder. Loop-bound; files are read in threads and in the reading processes."""

    def __init__(self, name: str, root: Path, *, workers: Workers, clock: Clock) -> None:
        self.name = name
        self.root = root
        self._workers = workers
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._indexing = asyncio.Lock()

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` files, best first. Raises WebProblem where there is no such folder."""
        async with self._indexing:
            await self._bring_up_to_date()
            texts = {path: one.terms for path, one in self._known.items() if one.terms.length}
            best = await asyncio.to_thread(ranked, query, texts, most)
        return [await self._hit(path, query) for path in best]

    async def read(self, url: str) -> Page:
        """One file as it is now. Raises WebProblem."""
        path = unquote(url.removeprefix(FOLDER).partition("/")[2])
        job, mime, changed = await self._job(path)
        read = await self._workers.do(job)
        page = page_of(read, job, mime, self._clock.now())
        return msgspec.structs.replace(
            page,
            title=page.title or Path(path).name,
            date=page.date or _day(changed),
            site=page.site or self.name,
        )

    async def demand_there(self) -> None:
        """Raises WebProblem where the folder is not there any more."""
        await asyncio.to_thread(self._resolved_root)

    async def files(self) -> int:
        """How many files can be searched. Raises WebProblem where there is no such folder."""
        return len(await asyncio.to_thread(self._found))

    async def _hit(self, path: str, query: str) -> Hit:
        known = self._known[path]
        try:
            job, _, _ = await self._job(path)
            text = (await self._workers.do(job)).text
        except WebProblem:
            text = ""
        return Hit(
            url=f"{FOLDER}{self.name}/{quote(path)}",
            title=known.title,
            snippet=clean_line(passage(query, text), 400),
            provider=self.name,
        )

    async def _bring_up_to_date(self) -> None:
        """Read what is new or changed, for a while; forget what is gone."""
        found = await asyncio.to_thread(self._found)
        self._known = {path: one for path, one in self._known.items() if path in found}
        until = self._clock.monotonic() + INDEXING_S
        for path, stamp in found.items():
            known = self._known.get(path)
            if known is None or known.stamp != stamp:
                self._known[path] = await self._indexed(path, stamp)
                if self._clock.monotonic() > until:
                    return

    async def _indexed(self, path: str, stamp: tuple[int, int]) -> _Known:
        """What can not be read has no words, and is not tried again until it changes."""
        try:
            job, _, _ = await self._job(path)
            read = await self._workers.do(job)
        except WebProblem:
            read = Extracted()
        title = read.title or Path(path).name
        names = f"{title} {Path(path).with_suffix('').as_posix()}"
        terms = await asyncio.to_thread(terms_of, names if read.text else "", read.text)
        return _Known(stamp=stamp, title=title, terms=terms)

    async def _job(self, path: str) -> tuple[Job, str, int]:
        kind, mime = KINDS.get(Path(path).suffix.lower(), ("text", ""))
        if not mime:
            raise _missing()
        body, changed = await asyncio.to_thread(self._body, path)
        # files keep their own charset; what a page says of itself is looked for in it
        return Job(kind=kind, body=body, url=f"{FOLDER}{self.name}/{quote(path)}"), mime, changed

    # ---- blocking, in threads -------------------------------------------------------------------

    def _found(self) -> dict[str, tuple[int, int]]:
        root = self._resolved_root()
        found: dict[str, tuple[int, int]] = {}
        for path in _walked(root):
            if len(found) >= MOST_FILES:
                break
            about = path.stat()
            if about.st_size <= MOST_BYTES:
                found[path.relative_to(root).as_posix()] = (about.st_size, about.st_mtime_ns)
        return found

    def _body(self, path: str) -> tuple[bytes, int]:
        root = self._resolved_root()
        try:
            target = (root / path).resolve(strict=True)
            inside = target.is_relative_to(root) and not _is_hidden(target.relative_to(root))
            if not inside or not target.is_file():  # a pipe would never open
                raise _missing()
            with target.open("rb") as file:
                about = os.fstat(file.fileno())
                if about.st_size > MOST_BYTES:
                    raise _missing()
                return file.read(MOST_BYTES), about.st_mtime_ns // 1000
        except (OSError, ValueError, RuntimeError):
            raise _missing() from None

    def _resolved_root(self) -> Path:
        try:
            root = self.root.expanduser().resolve(strict=True)
        except (OSError, RuntimeError):
            root = None
        if root is None or not root.is_dir() or root == Path(root.anchor):
            raise WebProblem(
                f"There is no folder for {self.name} to search any more",
                code="missing-folder",
                next_action="Choose the folder anew.",
            )
        return root


def _walked(root: Path) -> Iterator[Path]:
    """Regular files below `root` that can be read here; links and hidden ones are passed over."""
    for folder, below, names in os.walk(root, followlinks=False):
        below[:] = sorted(one for one in below if not one.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            readable = path.suffix.lower() in KINDS and not name.startswith(".")
            if readable and path.is_file() and not path.is_symlink():
                yield path


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _missing() -> WebProblem:
    return WebProblem(
        "There is no such file in the folder, or it can not be read",
        code="dead",
        next_action="Search again: the folder may have changed.",
    )


def _day(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d")
