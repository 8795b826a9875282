"""What search services have in common: a request, an answer in JSON, and how both go wrong.

A service may be on one's own network: its own host, and no other, may then have a private address.
"""

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from core.research.web.cleaning import clean_line
from core.research.web.fetching import Fetched, Fetcher, Limits
from core.research.web.politeness import asked_too_often, seconds_of
from core.research.web.views import WebProblem

LIMITS = Limits(connect_s=10.0, read_s=20.0, whole_s=30.0, most_bytes=4 * 2**20, patience_s=5.0)
MOST_SNIPPET = 600
LONGEST_QUERY = 400  # characters; services refuse or cut longer ones

_TAG = re.compile(r"<[^<>]{0,400}>")


class Service:
    """One service at one address."""

    def __init__(self, title: str, base: str, fetcher: Fetcher, *, keyed: bool = False) -> None:
        self.title = title
        self._keyed = keyed
        self.base = base.rstrip("/")
        self._fetcher = fetcher

    async def get(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Ask with a query string."""
        return await self._fetcher.fetch(
            f"{self.base}{path}?{urlencode(params)}",
            limits=LIMITS,
            accept="application/json",
            headers=headers,
        )

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str], accept: str
    ) -> Fetched:
        """Ask with a body."""
        return await self._fetcher.fetch(
            f"{self.base}{path}",
            limits=LIMITS,
            accept=accept,
            method="POST",
            headers=headers,
            content=body,
        )

    def demand_success(self, got: Fetched, now: int) -> None:
        """Raises WebProblem for what every service says in the same way."""
        match got.status:
            case status if 200 <= status < 300:
                return
            case 401 | 403 if self._keyed:
                raise self.wrong_key()
            case 401 | 403:
                raise WebProblem(
                    f"{self.title} refuses to answer us ({got.status})",
                    code="blocked",
                    next_action="Wait some minutes, or choose another search.",
                )
            case 402:
                raise self.quota(None)
            case 429:
                wait = seconds_of(got.headers.get("retry-after", ""), now)
                raise asked_too_often(self.title, wait)
            case status if status >= 500:
                raise WebProblem(
                    f"{self.title} has a fault of its own ({status})",
                    code="server-error",
                    next_action="Try again later or choose another search.",
                )
        raise WebProblem(
            f"{self.title} answers with status {got.status}",
            code="unreadable",
            next_action="Check its address.",
        )

    def json(self, got: Fetched) -> dict[str, Any]:
        """The answer. Raises WebProblem where it is none."""
        try:
            told = msgspec.json.decode(got.body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise WebProblem(
                f"{self.title} answers with something that is not JSON",
                code="unreadable",
                next_action="Check its address.",
            ) from None
        return told

    def wrong_key(self) -> WebProblem:
        """It knows us, and not by this key."""
        return WebProblem(
            f"{self.title} does not accept the key",
            code="wrong-key",
            next_action="Enter the key anew.",
        )

    def no_key(self) -> WebProblem:
        """There is none."""
        return WebProblem(
            f"{self.title} needs a key, and none is saved",
            code="no-key",
            next_action="Enter a key for it.",
        )

    def quota(self, seconds: float | None) -> WebProblem:
        """The plan has nothing left."""
        return WebProblem(
            f"The plan with {self.title} is used up",
            code="quota",
            next_action=_again(seconds),
            retry_after=seconds,
        )


def cut_query(query: str) -> str:
    """One line that every service takes."""
    line = " ".join(query.split())
    if len(line) <= LONGEST_QUERY:
        return line
    return line[:LONGEST_QUERY].rsplit(" ", 1)[0]


def plain(marked: object, most: int = MOST_SNIPPET) -> str:
    """A title or snippet as text; services mark the words that were asked for."""
    text = marked if isinstance(marked, str) else ""
    return clean_line(html.unescape(_TAG.sub("", text)), most)


def rows_in(told: object, *path: str) -> list[dict[str, Any]]:
    """The list of objects at this place of an answer; whatever else is there is passed over."""
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []


def _again(seconds: float | None) -> str:
    if seconds is None:
        return "It can be used again with its next period, or choose another."
    if seconds < 7200:
        return f"It can be used again in {seconds / 60:.0f} minutes, or choose another."
    return f"It can be used again in {seconds / 3600:.0f} hours, or choose another."
