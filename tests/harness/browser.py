"""A browser that reaches this machine alone, and what else it was asked for.

No handler of ours waves requests through: it would run only while the test waits for the page, and
a test that waits for the server meanwhile would hold up the very request that it waits for.
"""

from collections.abc import Sequence

from playwright.sync_api import BrowserContext, Page, Request, Route

from tests.harness.waiting import eventually

ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # addresses, too
OWN = ("blob:", "data:")  # made by the page itself


def note_what_leaves(
    context: BrowserContext, url: str, complaints: list[str], *, but: tuple[str, ...] = ()
) -> None:
    """Complain of every request to another server than this one, unless these words are in it."""

    def look(request: Request) -> None:
        asked = request.url
        if not asked.startswith((f"{url}/", *OWN)) and not any(words in asked for words in but):
            complaints.append(f"left loopback: {asked}")

    context.on("request", look)


def caught(page: Page, held: Sequence[Route]) -> Route:
    """The first request that a test keeps from its server, once it was made.

    A route tells of it while something is asked of the page, and not while one waits otherwise.
    """
    eventually(lambda: page.evaluate("true") and len(held) > 0, within=30, what="a request to hold")
    return held[0]


def demand_no_wider(page: Page) -> None:
    """Nothing scrolls sideways, as soon as the page has come to terms with its width."""
    wide = (
        "[...document.querySelectorAll('html, main, .page')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className || e.tagName)"
    )
    told = f"nothing of {page.url} is too wide"
    eventually(lambda: page.evaluate(wide) == [], within=20, what=told)


def copied(page: Page, said: str) -> str:
    """What lies in the clipboard, as soon as this is in it."""

    def look() -> str | None:
        text: str = page.evaluate("navigator.clipboard.readText()")
        return text if said in text else None

    return eventually(look, within=20, what=f"{said!r} is copied")
