"""The rows of DuckDuckGo's page without scripts. Runs in the reading process."""

from urllib.parse import parse_qs, urlsplit

from core.research.web.cleaning import clean_line
from core.research.web.extracting import Extracted, Job, parsed_tree
from core.research.web.unseen import Tree


def rows_of(job: Job) -> Extracted:
    """Every result that is no advertisement; a problem where the page is not one of results."""
    tree = parsed_tree(job)
    if tree is None:
        return Extracted(problem="unreadable")
    results = tree.xpath("//div[contains(concat(' ', @class, ' '), ' result ')]")
    rows = [row for one in results if (row := _row(one)) is not None]
    if not rows and not tree.xpath("//*[contains(@class, 'no-results') or @id='links']"):
        return Extracted(problem="unreadable")
    return Extracted(rows=tuple(rows))


def _row(result: Tree) -> tuple[str, str, str] | None:
    if "result--ad" in result.get("class", ""):
        return None
    links = result.xpath(".//a[contains(@class, 'result__a')]")
    if not links:
        return None
    snippets = result.xpath(".//*[contains(@class, 'result__snippet')]")
    snippet = clean_line(snippets[0].text_content(), 600) if snippets else ""
    return _unwrapped(links[0].get("href", "")), clean_line(links[0].text_content()), snippet


def _unwrapped(href: str) -> str:
    """The address itself, which is inside one that counts clicks."""
    parts = urlsplit(href)
    target = parse_qs(parts.query).get("uddg", [""])[0]
    if target and parts.path.startswith("/l/"):
        return target
    return "" if "duckduckgo.com" in (parts.hostname or "") else href
