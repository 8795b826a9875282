"""Any search tool of an MCP server as a provider, with the approval that the tool needs.

What such tools answer follows no rule: JSON of any shape, Markdown, or paragraphs with a line for
the address. It is read leniently, and what has no address is no hit.
"""

import asyncio
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from core.mcp.toolbox import Toolbox
from core.mcp.views import CallResult, CallState, CallWish, Offered
from core.research.web.asking import cut_query, plain
from core.research.web.urls import each_once
from core.research.web.views import Hit, WebProblem

_QUERY_NAMES = ("query", "q", "search_query", "search", "text", "keywords", "term", "input")
_COUNT_NAMES = ("max_results", "num_results", "count", "limit", "n", "top_k", "numResults")
_URL_NAMES = ("url", "link", "href", "source", "uri", "page_url")
_TITLE_NAMES = ("title", "name", "heading")
_SNIPPET_NAMES = ("snippet", "description", "content", "summary", "text", "body", "highlights")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\((https?://[^\s)]+)\)")
_URL = re.compile(r"https?://[^\s<>\"'\])}]+")
_LABEL = re.compile(r"^\W*(title|name|url|link|source|summary|snippet|description)\W*:\W*", re.I)
_DEEPEST = 12
MOST_ANSWER = 400_000  # characters of an answer that are looked at


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf a tool is called, and who is told of it."""

    conversation_id: str  # what an approval "for this conversation" is bound to
    reply_id: str = ""
    actor: str = "research"
    told: Callable[[CallState], None] = lambda _: None


class ToolSearch:
    """A tool, "server/tool", as a search."""

    def __init__(
        self, name: str, tool: str, toolbox: Toolbox, asking: Asking, argument: str = ""
    ) -> None:
        self.name = name
        self._tool = tool
        self._toolbox = toolbox
        self._asking = asking
        self._argument = argument

    def offered(self) -> Offered:
        """The tool as its server offers it. Raises WebProblem where it does not."""
        found = self._toolbox.offered([self._tool])
        if len(found) != 1:
            raise WebProblem(
                f"The tool {self._tool} is not offered by any server that runs",
                code="missing-tool",
                next_action="Start its server, or allow the tool, on the tools' page.",
            )
        return found[0]

    async def search(self, query: str, *, most: int) -> list[Hit]:
        """At most `most` hits. Waits for an approval where one is needed. Raises WebProblem."""
        offered = self.offered()
        wish = CallWish(
            call_id=uuid.uuid4().hex,
            conversation_id=self._asking.conversation_id,
            reply_id=self._asking.reply_id,
            name=offered.name,
            arguments=arguments_for(offered.parameters, cut_query(query), most, self._argument),
        )
        result = await self._toolbox.call(wish, actor=self._asking.actor, told=self._asking.told)
        self._demand_success(result)
        rows = await asyncio.to_thread(found_in, result.text[:MOST_ANSWER])
        return each_once(
            (Hit(url=u, title=t, snippet=s, provider=self.name) for u, t, s in rows), most
        )

    def _demand_success(self, result: CallResult) -> None:
        match result.outcome:
            case "done":
                return
            case "denied":
                raise WebProblem(
                    f"The call of {self._tool} was not allowed",
                    code="denied",
                    next_action="Allow it when asked, or choose another search.",
                )
            case "timed-out":
                raise WebProblem(
                    f"The search tool {self._tool} did not answer in time",
                    code="timeout",
                    next_action="Look at its server on the tools' page.",
                )
        raise WebProblem(
            f"The search tool {self._tool} failed: {plain(result.text, 200)}",
            code="server-error",
            next_action="Look at its server on the tools' page.",
        )


def arguments_for(
    parameters: dict[str, Any], query: str, most: int, argument: str = ""
) -> dict[str, Any]:
    """What the tool is called with, from its schema. Raises WebProblem where no place fits."""
    known = parameters.get("properties")
    properties: dict[str, Any] = known if isinstance(known, dict) else {}
    texts = [name for name, one in properties.items() if _type(one) in ("string", "")]
    required = [name for name in parameters.get("required", []) if name in texts]
    wanted = (argument, *_QUERY_NAMES, *(required if len(required) == 1 else ()))
    place = next((name for name in wanted if name and name in texts), None)
    if place is None and len(texts) == 1:
        place = texts[0]
    if place is None:
        raise WebProblem(
            "The tool has no parameter that takes what is searched for",
            code="missing-tool",
            next_action="Name its parameter in the provider's settings, or choose another tool.",
        )
    counts = (name for name in _COUNT_NAMES if _type(properties.get(name)) in ("integer", "number"))
    return {place: query, **{name: _within(properties[name], most) for name in list(counts)[:1]}}


def _type(schema: object) -> str:
    kind = schema.get("type", "") if isinstance(schema, dict) else "?"
    return kind if isinstance(kind, str) else ""


def _within(schema: dict[str, Any], most: int) -> int:
    high = schema.get("maximum")
    return max(1, min(most, int(high) if isinstance(high, int | float) else most))


def found_in(text: str) -> list[tuple[str, str, str]]:
    """Addresses with their titles and snippets, in the order of the answer."""
    try:
        told = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return list(_in_prose(text))
    rows = list(_in_json(told))
    return rows or list(_in_prose(text))


def _in_json(told: object, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(told, list):
        for one in told:
            yield from _in_json(one, depth + 1)
    elif isinstance(told, dict):
        url = _first(told, _URL_NAMES)
        if url.startswith(("http://", "https://")):
            yield url, plain(_first(told, _TITLE_NAMES), 300), plain(_first(told, _SNIPPET_NAMES))
        else:
            for one in told.values():
                yield from _in_json(one, depth + 1)
    elif isinstance(told, str) and "http" in told:
        yield from _in_prose(told)


def _first(row: dict[str, Any], names: tuple[str, ...]) -> str:
    lower = {name.lower(): value for name, value in row.items() if isinstance(value, str)}
    return next((lower[name.lower()] for name in names if lower.get(name.lower())), "")


def _in_prose(text: str) -> Iterator[tuple[str, str, str]]:
    """A block is what stands between one address and the next."""
    before: list[str] = []  # lines since the last address
    open_row: list[str] | None = None
    for line in text.splitlines():
        link = _LINK.search(line)
        url = link.group(2) if link else (found.group(0) if (found := _URL.search(line)) else "")
        if not url:
            before.append(line)
            continue
        title = link.group(1) if link else _title_above(before)
        if open_row is not None:
            yield _closed(open_row, before if link else before[: -_lines_of_title(before)])
        open_row, before = [url.rstrip(".,;:"), title], []
    if open_row is not None:
        yield _closed(open_row, before)


def _title_above(lines: list[str]) -> str:
    """The last line that says something, without its label or number."""
    said = [line for line in lines if line.strip()]
    named = [line for line in said if re.match(r"\W*(\d+[.)]\s*)?\W*title\W*:", line, re.I)]
    best = (named or said or [""])[-1]
    return re.sub(r"^\s*(\d+[.)]|[-*#]+)\s*", "", _LABEL.sub("", best)).strip(" *#")


def _lines_of_title(lines: list[str]) -> int:
    """How many of the last lines belong to the next block: its title, and nothing else."""
    for count, line in enumerate(reversed(lines), start=1):
        if line.strip():
            return count
    return len(lines) or 1


def _closed(row: list[str], lines: list[str]) -> tuple[str, str, str]:
    snippet = " ".join(_LABEL.sub("", line).strip() for line in lines)
    return row[0], plain(row[1], 300), plain(snippet)
