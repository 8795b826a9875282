"""Logs in the window: many lines, levels, tracebacks as one row, links to a line."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.test_pages_of_management import window
from tests.harness.browser import copied
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer

MANY = 100_000
TRACE = """\
Traceback (most recent call last):
  File "engine.py", line 7, in load
    raise RuntimeError("the weights are gone")
RuntimeError: the weights are gone
"""


def log_of(studio: StudioServer, recipe: str) -> Path:
    """The file that its engine writes."""
    runs = studio.get("/api/state", at="now")["engines"]
    return studio.home / str(next(r["log_path"] for r in runs if r["recipe_id"] == recipe))


def test_a_long_log_is_searched_folded_and_linked_to(studio: StudioServer) -> None:
    """A hundred thousand lines are here, of which only those in sight exist."""
    studio.add(sim_recipe("talkative", tokens=4))
    studio.load("talkative")
    with log_of(studio, "talkative").open("a") as log:
        log.writelines(f"INFO 11-30 [a.py:1] step {n}\n" for n in range(MANY // 2))
        log.write(TRACE)
        log.writelines(f"INFO 11-30 [a.py:1] later {n}\n" for n in range(MANY // 2 - 100))
    with window(studio, "dark", "logs?of=talkative") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        view = page.get_by_role("log")
        expect(view).to_contain_text(f"later {MANY // 2 - 101}")
        page.get_by_role("button", name="load all").click()
        expect(
            page.get_by_text(re.compile(r"^\s*99,9\d\d lines|^\s*100,0\d\d lines"))
        ).to_be_visible(timeout=120_000)
        assert view.locator(".line").count() < 200
        page.get_by_role("button", name="Info").click()
        expect(view).to_contain_text("RuntimeError: the weights are gone")
        expect(view).not_to_contain_text("raise RuntimeError")
        page.get_by_role("button", name=re.compile("Show the 3 lines")).click()
        expect(view).to_contain_text("raise RuntimeError")
        with log_of(studio, "talkative").open("a") as log:
            log.write("ERROR 11-30 [a.py:1] and one more\n")
        expect(view).to_contain_text("and one more")

        page.get_by_role("button", name="Info").click()
        page.get_by_role("searchbox").fill("step 4242$")
        expect(view.locator(".line")).to_have_count(1)
        view.locator(".number").click()
        link = copied(page, studio.url)
        page.get_by_role("searchbox").fill("")
        page.goto(link)
        expect(page.locator(".line.marked")).to_contain_text("step 4242", timeout=120_000)
        expect(page.locator(".line.marked")).to_be_in_viewport()
        page.get_by_role("searchbox").fill("(")
        expect(page.get_by_text("Not a regular expression")).to_be_visible()
