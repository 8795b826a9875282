"""From a bar of the usage page to its requests, and on to what else happened then."""

import re
import time
from itertools import count

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_pages_of_management import window
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_bar_leads_to_the_timeline_of_its_time(quick_studio: StudioServer, theme: str) -> None:
    """Its requests, those of one model, what happened to it then; and all the way back.

    In a studio of its own: of many models the drawer names those that were asked most.
    """
    studio = quick_studio
    model, other = f"barred-{theme}", f"unbarred-{theme}"
    for name in (model, other):
        studio.add(sim_recipe(name, tokens=4))
    ask_within_an_hour(studio, model, other)
    ended = studio.get("/api/requests", model=model)["requests"][0]["finished_at"]
    with window(studio, theme, "usage") as page:
        page.clock.set_fixed_time(ended / 1_000_000)  # or the hour of the requests may be over
        page.reload()
        lines = page.get_by_role("figure").filter(has_text="First token")
        expect(lines.locator(".key")).to_have_text(["p50", "p95"])  # told by a dash, not by colour
        click_last_bar(page)
        drawer = page.get_by_role("region", name="Requests", exact=True)
        expect(drawer.get_by_role("row", name=re.compile(model)).first).to_be_visible()
        expect(drawer.get_by_role("row", name=re.compile(other)).first).to_be_visible()
        one = page.get_by_role("group", name="By model").get_by_role(
            "button", name=model, exact=True
        )
        one.click()
        expect(drawer.get_by_role("row", name=re.compile(other))).to_have_count(0)
        expect(one).to_have_attribute("aria-pressed", "true")

        page.get_by_role("link", name="What else happened then").click()
        events = page.get_by_role("main").locator("li")
        expect(events.filter(has_text=model).first).to_be_visible()
        chip = page.get_by_title("Filter no longer by this")
        expect(chip).to_have_text(re.compile(r"\d\d:00 – \d\d:00|\d\d:00 – .+ 00:00"))
        asked = page.url
        page.reload()
        expect(chip).to_be_visible()
        expect(page.get_by_role("combobox", name="Model")).to_have_value(model)
        expect(events.filter(has_text=model).first).to_be_visible()
        assert page.url == asked
        with page.expect_request(re.compile(r"/api/timeline\?(?!.*since)")):
            chip.click()  # filtered by the server, no longer by the time
        expect(page).to_have_url(re.compile(rf"model%3D{model}$"))

        page.go_back()
        expect(drawer.get_by_role("row", name=re.compile(model)).first).to_be_visible()
        expect(one).to_have_attribute("aria-pressed", "true")
        page.reload()
        expect(drawer.get_by_role("row", name=re.compile(model)).first).to_be_visible()
        page.get_by_role("button", name="Close").click()
        expect(drawer).to_have_count(0)

        chart = page.get_by_role("slider", name="Requests")
        chart.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("End")
        expect(chart).to_have_attribute("aria-valuetext", re.compile(model))
        page.keyboard.press("Enter")
        expect(drawer.get_by_role("row", name=re.compile(model)).first).to_be_visible()


def ask_within_an_hour(studio: StudioServer, *models: str) -> None:
    """One question to each that loads it, all in the same hour: else once more, in the next."""
    for times in count(1):
        hour = int(time.time()) // 3600
        studio.evict_all()
        for model in models:
            ask(studio, model)
            wait_for_requests(studio.home, model, times)
        if int(time.time()) // 3600 == hour:
            return


def ask(studio: StudioServer, model: str) -> None:
    """One question to a model, which comes for it."""
    httpx.post(
        f"{studio.v1}/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4},
        headers={"x-studio-lane": "direct"},
        timeout=60,
    ).raise_for_status()


def click_last_bar(page: Page) -> None:
    """The newest bar of the first chart."""
    chart = page.locator(".plot").first
    chart.wait_for()
    size = chart.bounding_box()
    assert size is not None
    chart.click(position={"x": size["width"] - 4, "y": size["height"] / 2})
