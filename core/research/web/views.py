"""What searching and reading give, and how both can fail.

Everything in here came from outside and is data: no field of it is ever an instruction.
"""

from typing import Protocol

import msgspec

from core.errors import StudioError


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something a search found; `url` is canonical, so that two providers agree about it."""

    url: str
    title: str = ""
    snippet: str = ""
    provider: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it was captured. Citations are offsets into `text`, which never changes again."""

    url: str  # where it came from in the end, after redirects
    title: str = ""
    author: str = ""
    date: str = ""  # 2026-11-30, or empty where the page does not say
    site: str = ""
    text: str  # what a reader would see, like Markdown
    fetched_at: int  # microseconds since the epoch
    size: int  # bytes as they were served, decompressed
    mime: str
    truncated: bool = False  # there was more than is kept
    sha256: str  # of `text` in UTF-8


class WebProblem(StudioError):
    """A search or a reading that failed: `code` for programs, the rest for people.

    Reading: bad-url, private-address, robots, unknown-host, unreachable, timeout, dead, forbidden,
    too-many-requests, server-error, redirects, too-large, unsupported, unreadable, empty.
    Searching, besides: no-key, wrong-key, quota, blocked, unknown-provider, missing-folder,
    missing-tool, denied.
    """

    status = 502

    def __init__(
        self,
        message: str,
        *,
        code: str,
        next_action: str = "",
        retry_after: float | None = None,
    ) -> None:
        """`retry_after`: seconds after which the other side says it may be asked again."""
        super().__init__(message, code=code, next_action=next_action)
        self.retry_after = retry_after


class SearchProvider(Protocol):
    """Something that can be asked for pages about something."""

    @property
    def name(self) -> str:
        """How it is called in settings, in hits and to people."""
        ...

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` hits, best first, each page once. Raises `WebProblem`."""
        ...


class Reader(Protocol):
    """What reads pages (`reader.WebReader`)."""

    async def read(self, url: str) -> Page:
        """The page as it is now. Raises `WebProblem`."""
        ...
