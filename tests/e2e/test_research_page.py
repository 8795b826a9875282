"""Research in the window, over the real app, a web known by heart, and a foreseeable model."""

import json
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.core.research.researcher import GAP, UNBORNE, Researcher
from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_time_travel_in_the_window import go_to
from tests.harness.browser import demand_no_wider
from tests.harness.scripted_model import Hold, Question, Say, ScriptedModel, Text
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually
from tests.support.little_web.server import LittleWeb

QUESTION = "How high is Mount Ada, and who climbed it first?"
THEMES = pytest.mark.parametrize("theme", ["dark", "light"])


class Held(Researcher):
    """Stops before it writes for as long as a test wants."""

    def __init__(self) -> None:
        super().__init__(asks_back=("Which Mount Ada is meant?",))
        self.hold: Hold | None = None

    def script(self, question: Question) -> Iterable[Say]:
        """For the scripted model."""
        if self.hold is not None and question.system.startswith(("[write]", "[summary]")):
            yield self.hold
        yield Text(self.answer(question.body))


@pytest.fixture(scope="module")
def web() -> Iterator[LittleWeb]:
    """The little web."""
    with LittleWeb() as served:
        yield served


@pytest.fixture
def researcher() -> Held:
    """What the model says."""
    return Held()


@pytest.fixture
def asking(studio: StudioServer, web: LittleWeb, researcher: Held) -> Iterator[StudioServer]:
    """A studio that searches in the little web only, with nothing researched yet."""
    for name in ("wikipedia", "duckduckgo"):
        provide(studio, name, enabled=False)
    for run in studio.get("/api/research")["runs"]:
        path = f"/api/research/{run['research_id']}"
        studio.http.delete(path, headers=studio.owner())
    with ScriptedModel(researcher.script) as model:
        recipe = model.recipe(f"scholar-{model.port}")
        studio.add(recipe)
        studio.load(recipe["id"])
        yield studio


def provide(studio: StudioServer, name: str, **change: object) -> None:
    """Configure a provider."""
    body = {"name": name, **change}
    answer = studio.http.put("/api/research/providers", json=body, headers=studio.owner())
    assert answer.is_success, answer.text


def set_up(studio: StudioServer, web: LittleWeb) -> None:
    """The little web's search engine, and leave to read its hosts."""
    provide(studio, "searxng", url=web.url("search", ""), enabled=True)
    hosts = {"private_hosts": ["*.localhost"]}
    answer = studio.http.put("/api/research/hosts", json=hosts, headers=studio.owner())
    assert answer.is_success, answer.text


def ask(page: Page) -> None:
    """A new research, begun."""
    page.get_by_role("link", name="New research").first.click()
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    expect(page.get_by_role("checkbox", name="SearXNG")).to_be_checked()
    page.get_by_role("button", name="Begin").click()


@THEMES
def test_from_a_question_to_a_report_that_can_be_checked(
    asking: StudioServer, web: LittleWeb, theme: str
) -> None:
    """Asked back, planned, edited, searched, read, written; every [n] leads to its words."""
    set_up(asking, web)
    with window(asking, theme, "research") as page:
        ask(page)
        expect(page.get_by_text("Which Mount Ada is meant?")).to_be_visible()
        page.get_by_label("Your answer, in any words").fill("The one on Norland.")
        page.get_by_role("button", name="Answer", exact=True).click()

        first = page.get_by_label("Step 1", exact=True)
        expect(first).to_have_value("How high is Mount Ada?")
        demand_accessible(page)
        first.press("Alt+ArrowDown")
        expect(page.get_by_label("Step 2", exact=True)).to_have_value("How high is Mount Ada?")
        page.get_by_role("button", name="Add a step").click()
        page.get_by_label("Step 3", exact=True).fill("How much did the Tern glacier lose?")
        page.get_by_role("button", name="Start", exact=True).click()

        report = page.get_by_role("article", name="Report")
        expect(page.locator("header").get_by_text("Done")).to_be_visible(timeout=90_000)
        expect(report).to_contain_text("4,812")
        expect(report.locator("mark.unsupported").first).to_contain_text(UNBORNE[:20])
        expect(page.get_by_text(re.compile("claims? without support"))).to_be_visible()
        asked = [one["question"] for one in run_of(asking)["plan"]]
        assert asked[:3] == [
            "Who climbed Mount Ada first?",
            "How high is Mount Ada?",
            "How much did the Tern glacier lose?",
        ]

        cite = report.locator(".cite").first
        number = cite.inner_text()
        cite.hover()
        card = page.locator(".card")
        quote = card.locator("blockquote").first.inner_text()
        assert quote, "the card has the words"
        link = card.get_by_role("link")
        assert "localhost" in str(link.get_attribute("href"))
        page.mouse.move(0, 0)
        expect(card).to_have_count(0)
        cite.focus()
        expect(card).to_contain_text(quote)
        cite.press("Enter")
        dialog = page.get_by_role("dialog")
        marked = dialog.locator("mark.at")
        expect(marked).to_be_in_viewport()
        assert " ".join(quote.split()) == " ".join(marked.inner_text().split())
        demand_accessible(page)
        dialog.get_by_role("button", name="Close").click()

        sources = page.get_by_role("complementary", name="Sources")
        expect(sources.get_by_role("listitem").nth(int(number) - 1)).to_contain_text("read")
        broken = [
            one for one in run_of(asking)["claims"] if one["supported"] and not one["sources"]
        ]
        assert broken == []

        taken = export(page, "Markdown with bibliography")
        assert "4,812" in taken
        assert "localhost" in taken, "its bibliography"
        assert json.loads(export(page, "JSON with everything"))["question"] == QUESTION
        assert "@" in export(page, "BibTeX")
        page.set_viewport_size({"width": 390, "height": 844})
        demand_no_wider(page)


def test_a_run_is_paused_resumed_and_erased(
    asking: StudioServer, web: LittleWeb, researcher: Held
) -> None:
    """It stands still while paused, also over a reload; erased, nobody reads it any more."""
    set_up(asking, web)
    go_on = threading.Event()
    researcher.hold = Hold(go_on)
    with window(asking, "dark", "research") as page:
        ask(page)
        page.get_by_role("button", name="Go on without").click()
        page.get_by_role("button", name="Start", exact=True).click()
        state = page.locator("header")
        now = page.get_by_role("list", name="Now")
        expect(now).to_contain_text("Writes", timeout=60_000)
        page.get_by_role("button", name="Pause").click()
        expect(state.get_by_text("Paused")).to_be_visible()
        page.reload()
        expect(state.get_by_text("Paused")).to_be_visible()
        expect(page.get_by_role("list").get_by_text(GAP)).to_be_visible()
        go_on.set()
        page.get_by_role("button", name="Go on", exact=True).click()
        expect(state.get_by_text("Done")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="More", exact=True).last.click()
        page.get_by_role("menuitem", name="Erase …").click()
        page.get_by_role("dialog").get_by_role("button", name="Erase it").click()
        expect(page.get_by_role("heading", name="Research", exact=True)).to_be_visible()
        gone = lambda: asking.get("/api/research")["runs"][0]["standing"] == "erased"  # noqa: E731
        eventually(gone, within=20, what="it is erased")
        expect(page.get_by_role("table")).to_contain_text("Erased")
        expect(page.get_by_role("table")).not_to_contain_text("Mount Ada")


def test_a_run_at_rest_goes_on_with_another_model_and_elsewhere(
    asking: StudioServer, web: LittleWeb, researcher: Held
) -> None:
    """A virtual model begins it; one of a provider ends it, and what goes there is said."""
    set_up(asking, web)
    provide(asking, "mine", kind="searxng", url=web.url("search", ""), enabled=True)
    here = next(one["id"] for one in asking.status()["recipes"] if one["state"] == "ready")
    asking.post("/api/virtual-models", {"name": "scholars", "members": [here]})
    base = f"http://127.0.0.1:{here.rpartition('-')[2]}/v1"
    afar = {"id": "afar", "kind": "openai-compatible", "api_base": base, "api_key": "sk-of-afar"}
    asking.post("/api/providers", afar | {"models": [{"model": "inner"}]})
    go_on = threading.Event()
    researcher.hold = Hold(go_on)
    try:
        with window(asking, "light", "research") as page:
            page.get_by_role("link", name="New research").first.click()
            page.get_by_role("textbox", name="Question").fill(QUESTION)
            page.get_by_role("checkbox", name="mine").uncheck()
            page.get_by_role("combobox", name="Model").click()
            page.get_by_role("option", name="scholars").click()
            page.get_by_role("button", name="Begin").click()
            page.get_by_role("button", name="Go on without").click()
            page.get_by_role("button", name="Start", exact=True).click()
            now = page.get_by_role("list", name="Now")
            expect(now).to_contain_text("Writes", timeout=60_000)
            page.get_by_role("button", name="Pause").click()
            page.get_by_text("Go on with another model, or search elsewhere").click()
            page.get_by_role("combobox", name="Model").click()
            page.get_by_role("option", name="afar/inner").click()
            expect(page.get_by_text("It runs at afar: your question goes there")).to_be_visible()
            page.get_by_role("checkbox", name="SearXNG").uncheck()
            page.get_by_role("checkbox", name="mine").check()
            demand_accessible(page)
            go_on.set()
            page.get_by_role("button", name="Go on with these").click()
            expect(page.locator("header").get_by_text("Done")).to_be_visible(timeout=90_000)
        run = run_of(asking)
        assert (run["model"], run["providers"]) == ("afar/inner", ["mine"])
        asked = {each["provider"] for one in run["plan"] for each in one["searches"]}
        assert asked == {"searxng", "mine"}
        assert "4,812" in run["report"]
        told = [one["data"] for one in asking.happened("research-providers-chosen")]
        assert told[-1]["providers"] == ["mine"]
        models = {one["data"]["model"] for one in asking.happened("research-requested")}
        assert "scholars" in models
    finally:
        go_on.set()
        for path in ("virtual-models/scholars", "providers/afar", "research/providers/mine"):
            asking.http.delete(f"/api/{path}", headers=asking.owner()).raise_for_status()


def test_the_past_shows_research_as_it_was(asking: StudioServer, web: LittleWeb) -> None:
    """A run that is done had only a plan then; providers as they were; nothing can be changed."""
    provide(asking, "brave", enabled=False)
    before = asking.head
    set_up(asking, web)
    model = next(one["id"] for one in asking.status()["recipes"] if one["state"] == "ready")
    wish = {"question": QUESTION, "model": model, "clarify": False}
    which = asking.post("/api/research", wish)["research_id"]
    eventually(lambda: run_of(asking)["state"] == "planned", within=60, what="there is a plan")
    then = asking.head
    asking.post(f"/api/research/{which}/start", {})
    eventually(lambda: run_of(asking)["state"] == "done", within=90, what="it is done")
    with window(asking, "dark", "timeline") as page:
        expect(page.get_by_role("slider")).to_be_visible()
        go_to(page, then)
        expect(page.get_by_role("contentinfo")).to_contain_text("the past")
        page.get_by_role("link", name="Research").first.click()
        row = page.get_by_role("row", name=re.compile(re.escape(QUESTION)))
        expect(row).to_contain_text("Plan to look at")
        expect(page.get_by_role("button", name="New research")).to_be_disabled()
        row.get_by_role("link").click()
        expect(page.locator("header").get_by_text("Plan to look at")).to_be_visible()
        expect(page.get_by_role("article", name="Report")).to_have_count(0)
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
        demand_accessible(page)
        go_to(page, before)
        expect(page.get_by_text("It had not begun then")).to_be_visible()
        page.get_by_role("link", name="All research").last.click()
        page.get_by_role("button", name="Search providers").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("form", name="Brave")).to_contain_text("off")
        expect(dialog.get_by_role("checkbox").first).to_be_disabled()
        demand_accessible(page)
        dialog.get_by_role("button", name="Close").click()
        page.keyboard.press("Escape")
        expect(row).to_contain_text("Done")


def test_a_search_provider_is_set_up_and_tried(asking: StudioServer, web: LittleWeb) -> None:
    """Its address is checked, and one search tells whether it answers."""
    provide(asking, "searxng", url="http://search.example", enabled=False)
    with window(asking, "light", "research") as page:
        page.get_by_role("button", name="Search providers").click()
        dialog = page.get_by_role("dialog")
        hosts = dialog.get_by_label("Private hosts that may be read")
        hosts.fill("*.localhost")
        dialog.get_by_role("button", name="Save").last.click()
        form = dialog.get_by_role("form", name="SearXNG")
        form.get_by_label("SearXNG: Address").fill("no address")
        form.get_by_role("button", name="Save").click()
        expect(form.get_by_role("alert")).to_be_visible()
        form.get_by_label("SearXNG: Address").fill(web.url("search", ""))
        form.get_by_role("button", name="Save").click()
        expect(form).to_contain_text("Ready")
        form.get_by_role("button", name="Try").click()
        expect(form.get_by_role("status")).to_contain_text("It answers")
        dialog.get_by_role("button", name="Close").click()


def run_of(studio: StudioServer) -> Any:
    """The newest run, whole."""
    newest = studio.get("/api/research")["runs"][0]["research_id"]
    return studio.get(f"/api/research/{newest}")


def export(page: Page, name: str) -> str:
    """What is downloaded."""
    page.get_by_role("button", name="More", exact=True).last.click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=name).click()
    return download.value.path().read_text()
