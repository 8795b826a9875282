"""The log of an MCP server in the window: as it is written, without asking again and again."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e.test_mcp import PATH, put, ready
from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_window_in_browsers import page_of
from tests.harness.chromium import CHROMIUM
from tests.harness.mcp_servers import bad
from tests.harness.studio import StudioServer
from tests.harness.tools import needs
from tests.harness.waiting import eventually

LOUD = f"{PATH}/loud"


class Asked:
    """What a page asks for the log, and what of it was given up."""

    def __init__(self, page: Page) -> None:
        self.begun: list[str] = []
        self.given_up: list[str] = []
        page.on("request", lambda one: self._note(one, self.begun))
        page.on("requestfailed", lambda one: self._note(one, self.given_up))

    def _note(self, one: Request, where: list[str]) -> None:
        if f"{LOUD}/log" in one.url:
            where.append(one.url)


def loud(studio: StudioServer, text: str) -> dict[str, Any]:
    """The server, which writes this as soon as it is started."""
    return ready(studio, "loud", **bad("--shouts=1", f"--says={text}", name="loud"))


def texts(log: Locator, words: str) -> Locator:
    """Its lines with these words."""
    return log.get_by_text(re.compile(re.escape(words)))


def test_lines_come_by_themselves_and_nobody_asks_twice(quick_studio: StudioServer) -> None:
    """One stream while it is looked at, none when it is closed; each line once, also later."""
    loud(quick_studio, "the first start")
    with window(quick_studio, "dark", "tools?of=loud") as page:
        asked = Asked(page)
        page.get_by_role("tab", name="Log").click()
        log = page.get_by_role("log", name="Log of loud")
        expect(texts(log, "the first start")).to_have_count(1)
        loud(quick_studio, "the second start")
        expect(texts(log, "the second start")).to_have_count(1)
        assert len(asked.begun) == 1, "the second came over the same connection"
        demand_accessible(page)
        page.get_by_role("tab", name=re.compile("Tools")).click()
        eventually(
            lambda: page.evaluate("true") and len(asked.given_up) == 1,  # so that it is told
            within=30,
            what="the stream is closed",
        )
        page.get_by_role("tab", name="Log").click()
        expect(texts(log, "the first start")).to_have_count(1)
        expect(texts(log, "the second start")).to_have_count(1)


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_a_studio_that_goes_and_comes_back_is_followed_on(
    quick_studio: StudioServer, how: str
) -> None:
    """What it told stays, and what it writes then follows, once."""
    loud(quick_studio, "the start")
    needs(CHROMIUM)
    with page_of(quick_studio, "light") as (page, complaints):
        expect(page.get_by_role("contentinfo")).to_contain_text("live")
        page.goto(f"{quick_studio.url}/tools?of=loud")
        page.get_by_role("tab", name="Log").click()
        log = page.get_by_role("log", name="Log of loud")
        expect(texts(log, "the start")).to_have_count(1)
        if how == "ends":
            quick_studio.ask_to_quit()
            assert quick_studio.wait() == 0
        else:
            quick_studio.kill()
        quick_studio.start()
        expect(texts(log, "the start")).to_have_count(2, timeout=60_000)
        put(quick_studio, LOUD, bad("--shouts=1", "--says=then", name="loud"))
        expect(texts(log, "then")).to_have_count(1)
        expect(texts(log, "the start")).to_have_count(2)
    gone = "net::ERR_"  # the browser says so of a studio that is away
    assert [one for one in complaints if gone not in one] == []
