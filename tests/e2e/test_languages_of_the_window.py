"""Every page in German and in Chinese, over the real app: in its language and in its width."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_pages_of_management import demand_accessible
from tests.e2e.test_window_in_browsers import ARTIFACTS, page_of
from tests.harness.browser import demand_no_wider
from tests.harness.chromium import CHROMIUM
from tests.harness.pages import page_names, path_of
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.tools import needs
from tests.harness.waiting import eventually

LIVE = re.compile("live|实时")
WIDTHS = (1280, 390)
HEADINGS = {"de": "Übersicht", "zh": "总览"}


@pytest.fixture(params=["de", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    """One of the languages that are not the server's own."""
    return str(request.param)


@pytest.fixture
def page(studio: StudioServer, language: str) -> Iterator[Page]:
    """The owner's window in that language, as it is chosen in the window itself."""
    needs(CHROMIUM)
    try:
        with page_of(studio, "dark") as (page, complaints):
            page.get_by_role("combobox", name="Language").select_option(language)
            expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS[language])
            yield page
            assert complaints == []
    finally:  # the setting is of the studio that tests share
        choose(studio, "auto")


def choose(studio: StudioServer, language: str) -> None:
    """As another window of the owner would."""
    change = {"language": language}
    studio.http.patch("/api/settings", json=change, headers=studio.owner()).raise_for_status()


def test_the_choice_is_the_studios(studio: StudioServer, page: Page, language: str) -> None:
    """So the tray knows it; and what is chosen elsewhere, this window follows at once."""
    eventually(
        lambda: studio.get("/api/status")["language"] == language, within=30, what="the setting"
    )
    choose(studio, "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")


def test_every_page_speaks_it_and_keeps_to_its_width(
    studio: StudioServer, page: Page, language: str
) -> None:
    """No page is wider than the window, axe finds nothing, and the title is in the language."""
    model = f"llama-{language}"
    studio.add(sim_recipe(model, tokens=4))
    studio.load(model)
    for name in page_names():
        page.goto(studio.url + path_of(name))
        expect(page.locator("main")).to_have_attribute("data-page", name)
        expect(page.get_by_role("contentinfo")).to_contain_text(LIVE)
        assert page.evaluate("document.documentElement.lang").startswith(language)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            demand_no_wider(page)
            ARTIFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTIFACTS / f"{name}-{language}-{width}.png")
        page.set_viewport_size({"width": 1280, "height": 844})
        demand_accessible(page)


def test_the_timeline_says_no_known_fact_in_english(
    studio: StudioServer, page: Page, language: str
) -> None:
    """What the server says of a fact never stands there, for any that this studio recorded."""
    model, key = f"gone-{language}", f"laptop-{language}"
    studio.add(sim_recipe(model, tokens=4))
    studio.load(model)
    secret = studio.post("/api/keys", {"name": key, "limits": {"scopes": ["manage"]}})["secret"]
    told = studio.http.post(
        "/api/evict", json={"target": model}, headers={"authorization": f"Bearer {secret}"}
    )
    assert told.status_code < 300, told.text
    studio.wait_for_fact("engine-stopped", recipe_id=model)
    page.goto(f"{studio.url}/timeline")
    rows = page.locator("[data-row] .sentence")
    expect(rows.filter(has_text=model).first).to_be_visible()
    shown = set(rows.all_inner_texts())
    entries = studio.get("/api/timeline?limit=1000")["entries"]
    english = {entry["sentence"] for entry in entries if entry["known"]}
    assert shown & english == set()
    expect(page.locator(".actor", has_text=key).first).to_be_visible()

    rows.filter(has_text=model).first.click()
    answer = page.locator(".answer")
    expect(answer).to_contain_text(model)
    assert "because" not in answer.inner_text()
