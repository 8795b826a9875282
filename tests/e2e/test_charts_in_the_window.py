"""The dashboard's lines over the real app: what was measured outlives the page that showed it."""

import re

from playwright.sync_api import Page

from tests.e2e.test_window_in_browsers import page_of
from tests.harness.chromium import CHROMIUM
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.tools import needs
from tests.harness.waiting import eventually

MODEL = "charted"
LINES = "[...document.querySelectorAll('.kpis path')].map(one => one.getAttribute('d'))"
OLDER = 190.0  # a line of five points, which is the first there is, begins at 194 of 200
BEGINS = re.compile(r"M([\d.]+) ")  # so far from the left: older is less


def test_a_reloaded_window_goes_on_with_its_lines(studio: StudioServer) -> None:
    """They begin where they began before, and not with what is measured from then on."""
    needs(CHROMIUM)
    studio.add(sim_recipe(MODEL, tokens=4000, tokens_per_second=20))
    studio.load(MODEL)
    answer = studio.stream(MODEL, "Go on.")
    answer.wait_for_text()
    try:
        with page_of(studio, "dark") as (page, complaints):
            before = eventually(
                lambda: begun if (begun := beginning(page)) < OLDER else None,
                within=120,
                what="a line longer than one that has just begun",
            )
            page.reload()
            assert beginning(page) <= before
            assert complaints == []
    finally:
        answer.leave()


def beginning(page: Page) -> float:
    """Where the longest line on the page begins, as soon as there is one."""
    lines = eventually(lambda: page.evaluate(LINES), within=60, every=0.1, what="lines")
    return min(float(found[1]) for found in map(BEGINS.match, lines) if found)
