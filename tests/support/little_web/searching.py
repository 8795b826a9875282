"""Search engines over the little web, each in the form of one that exists.

The forms are those of the services' own documentation: SearXNG's search API, Brave's web search,
Tavily's search, MediaWiki's `list=search`, and the page that DuckDuckGo shows without scripts.
"""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tests.support.little_web.articles import Article

BRAVE_KEY = "BSA-little-web"
TAVILY_KEY = "tvly-little-web"
QUOTA = "out of quota"  # a query that finds the engine without any left
SILENT = "qzqz"  # a query to which SearXNG's own engines say nothing
ANOMALY = "am I a robot"  # a query that makes DuckDuckGo's page ask for a person


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    status: int
    kind: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Found:
    """One result."""

    url: str
    title: str
    snippet: str


def as_json(what: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer of an API."""
    return Answer(status, "application/json", json.dumps(what).encode(), headers)


def find(query: str, articles: Sequence[Article], address: str, most: int = 10) -> list[Found]:
    """The articles that have most of the query's words, those in the title counting thrice."""
    words = set(re.findall(r"\w+", query.lower()))
    scored = [(_score(words, one), -number, one) for number, one in enumerate(articles)]
    best = sorted((one for one in scored if one[0]), key=lambda one: one[:2], reverse=True)
    return [
        Found(f"http://{one.host}.{address}{one.path}", one.title, " ".join(one.paragraphs)[:180])
        for _, _, one in best[:most]
    ]


def _score(words: set[str], article: Article) -> float:
    title = set(re.findall(r"\w+", article.title.lower()))
    text = set(re.findall(r"\w+", article.text.lower()))
    return 3 * len(words & title) + len(words & text)


def searxng(found: list[Found], query: str) -> Answer:
    """`/search?q=…&format=json`; what follows people around is in the addresses, as in life."""
    rows = [
        {
            "url": one.url + ("?utm_source=search" if number == 0 else ""),
            "title": one.title,
            "content": one.snippet,
            "engine": "duckduckgo",
            "engines": ["duckduckgo", "brave"],
            "score": 1.0 / (number + 1),
            "category": "general",
            "publishedDate": None,
        }
        for number, one in enumerate(found)
    ]
    silent = [["qwant", "timeout"], ["bing", "access denied"]] if query == SILENT else []
    told = {"query": query, "number_of_results": 0, "results": rows, "answers": [], "infoboxes": []}
    return as_json({**told, "suggestions": [], "unresponsive_engines": silent})


def brave(found: list[Found], query: str, token: str) -> Answer:
    """`/res/v1/web/search?q=…` with `X-Subscription-Token`."""
    if token != BRAVE_KEY:
        error = {"code": "SUBSCRIPTION_TOKEN_INVALID", "status": 422}
        return as_json({"type": "ErrorResponse", "error": error}, 422)
    if query == QUOTA:
        error = {"code": "RATE_LIMITED", "status": 429, "detail": "Request rate limit exceeded"}
        limits = (("X-RateLimit-Limit", "1, 2000"), ("X-RateLimit-Remaining", "0, 0"))
        reset = ("X-RateLimit-Reset", "1, 86400")
        return as_json({"type": "ErrorResponse", "error": error}, 429, (*limits, reset))
    rows = [
        {"title": one.title, "url": one.url, "description": _strong(one.snippet), "language": "en"}
        for one in found
    ]
    told = {"type": "search", "query": {"original": query}}
    return as_json({**told, "web": {"type": "search", "results": rows}})


def tavily(found: list[Found], query: str, authorization: str) -> Answer:
    """`POST /search` with a bearer."""
    if authorization != f"Bearer {TAVILY_KEY}":
        return as_json({"detail": {"error": "Unauthorized: missing or invalid API key."}}, 401)
    if query == QUOTA:
        return as_json(
            {"detail": {"error": "This request exceeds your plan's set usage limit."}}, 432
        )
    rows = [
        {
            "title": one.title,
            "url": one.url,
            "content": one.snippet,
            "score": 0.9,
            "raw_content": None,
        }
        for one in found
    ]
    told: dict[str, object] = {"query": query, "answer": None, "images": []}
    return as_json({**told, "results": rows, "response_time": 0.4})


def mediawiki(found: list[Found], offset: str) -> Answer:
    """`/w/api.php?action=query&list=search`."""
    rows = [
        {"ns": 0, "title": one.title, "pageid": number + 1, "size": 900, "wordcount": 120,
         "snippet": _strong(one.snippet, "span"), "timestamp": "2024-02-02T00:00:00Z"}
        for number, one in enumerate(found)
    ]  # fmt: skip
    return as_json({"batchcomplete": True, "query": {"searchinfo": {"totalhits": len(rows)},
                                                     "search": rows}})  # fmt: skip


def duckduckgo(found: list[Found], query: str) -> Answer:
    """The page without scripts: results, an advertisement, and addresses wrapped in its own."""
    if query == ANOMALY:
        return Answer(202, "text/html", _ANOMALY.encode())
    ad = (
        '<div class="result results_links results_links_deep result--ad"><h2 class="result__title">'
        '<a class="result__a" href="https://duckduckgo.com/y.js?ad_domain=shop.example">Buy a hill'
        '</a></h2><a class="result__snippet" href="#">Cheap hills</a></div>'
    )
    rows = "".join(_duck_row(one) for one in found)
    none = '<div class="no-results">No results.</div>' if not found else ""
    shown = f'<div id="links" class="results">{ad}{rows}{none}</div>'
    return Answer(200, "text/html; charset=UTF-8", f"<html><body>{shown}</body></html>".encode())


def _duck_row(one: Found) -> str:
    wrapped = f"//duckduckgo.com/l/?uddg={quote(one.url, safe='')}&amp;rut=0123abcd"
    return (
        '<div class="result results_links results_links_deep web-result "><div class="links_main'
        ' links_deep result__body"><h2 class="result__title"><a rel="nofollow" class="result__a"'
        f' href="{wrapped}">{html.escape(one.title)}</a></h2><a class="result__snippet"'
        f' href="{wrapped}">{_strong(html.escape(one.snippet), "b")}</a></div></div>'
    )


def _strong(text: str, tag: str = "strong") -> str:
    """As engines mark the words that were asked for."""
    head = f'<{tag} class="searchmatch">' if tag == "span" else f"<{tag}>"
    return re.sub(r"^(\S+)", rf"{head}\1</{tag}>", text)


_ANOMALY = """<html><body><form id="challenge-form" action="//duckduckgo.com/anomaly.js?sv=html">
<div class="anomaly-modal__title">Unfortunately, bots use DuckDuckGo too.</div>
<div class="anomaly-modal__description">Please complete the following challenge.</div></form>
</body></html>"""
