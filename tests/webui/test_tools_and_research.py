"""Tools and research over the stand-in: states that are hard to hold still, in both themes."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import demand_no_wider
from tests.harness.waiting import eventually
from tests.webui.conftest import Backend, Open
from tests.webui.test_pages import keep, violations

pytestmark = pytest.mark.real

THEMES = pytest.mark.parametrize("theme", ["dark", "light"])
PAGES = {
    "tools": ("busy", "/tools", "exit status 127"),
    "tools-none": ("empty", "/tools", "Give your models tools"),
    "server": ("busy", "/tools?of=files", "may destroy"),
    "server-gone": ("busy", "/tools?of=nobody", "There is no server nobody"),
    "research": ("busy", "/research", "Where do glaciers grow?"),
    "research-none": ("empty", "/research", "Ask something that needs looking up"),
    "research-new": ("busy", "/research?of=%2B", "You see the plan before anything is searched."),
    "research-plan": ("busy", "/research?of=planned", "nothing is searched before you start it"),
    "research-reading": ("busy", "/research?of=reading", "1 of 2 searches failed"),
    "research-report": ("busy", "/research?of=done", "one claim without support"),
    "research-failed": ("busy", "/research?of=failed", "set up another provider, then go on"),
    "research-gone": ("busy", "/research?of=nobody", "This research is gone"),
}
CHOSEN = "/api/research/failed/providers"


def ask(backend: Backend, tool: str, **arguments: object) -> None:
    """A call that waits for a person."""
    body = {"tool": tool, "arguments": arguments}
    httpx.post(f"{backend.url}/_fake/call", json=body, timeout=60).raise_for_status()


def owner(path: str) -> str:
    """The address by which the owner's window opens."""
    return f"{path}#owner=somebody"


@THEMES
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_accessible(
    backend: Backend, open_page: Open, name: str, theme: str
) -> None:
    """Its main words are there, and axe-core finds nothing; at 390 px nothing scrolls sideways."""
    scene, path, words = PAGES[name]
    backend.scene(scene)
    page = open_page(path, theme=theme, forgive=("404",))
    expect(page.get_by_text(words).first).to_be_visible()
    expect(page.locator("footer").get_by_text("live")).to_be_visible()
    keep(page, f"{name}-{theme}")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    keep(page, f"{name}-390-{theme}")
    demand_no_wider(page)


def test_a_call_is_seen_and_answered_on_every_page(backend: Backend, open_page: Open) -> None:
    """The mark counts what waits; the dialog and the keys answer; on a phone it is at hand too."""
    backend.scene("busy")
    page = open_page(owner("/logs?of=qwen3-32b"))
    expect(page.locator("footer").get_by_text("live")).to_be_visible()
    ask(backend, "write_file", path="a.txt", text="x" * 200)
    ask(backend, "read_text_file", path="b.txt")
    page.get_by_role("button", name="2 calls wait for you").click()
    dialog = page.get_by_role("dialog", name="Waiting for you")
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    assert violations(page) == []
    dialog.get_by_role("button", name="Approve once").first.press("a")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("Escape")
    page.get_by_role("button", name="1 call waits for you").click()
    dialog.get_by_role("button", name="Deny").click()
    expect(dialog.get_by_text("No call waits for you.")).to_be_visible()
    eventually(lambda: len(backend.asked("/api/mcp/calls")) == 2, within=20, what="both are told")
    said = [(one["how"], one.get("scope")) for one in backend.asked("/api/mcp/calls")]
    assert said == [("approve", "once"), ("deny", None)]


def test_a_plan_is_edited_by_keys_alone(backend: Backend, open_page: Open) -> None:
    """Enter adds a step, Alt and an arrow move one, an emptied one is left out; undo works."""
    backend.scene("busy")
    page = open_page("/research?of=planned")
    first = page.get_by_label("Step 1", exact=True)
    first.press("Enter")
    page.keyboard.type("Where does ice melt?")
    page.keyboard.press("Alt+ArrowUp")
    expect(first).to_have_value("Where does ice melt?")
    expect(first).to_be_focused()
    page.get_by_role("button", name="Take out step 3").click()
    expect(page.get_by_label("Step 4", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Step 4", exact=True)).to_be_visible()
    page.get_by_label("Step 2", exact=True).fill("")
    page.keyboard.press("Control+Enter")
    eventually(lambda: backend.asked("/api/research/start"), within=20, what="it is started")
    steps: Any = backend.asked("/api/research/plan")[-1]["steps"]
    sent = [one["question"] for one in steps]
    assert sent == [
        "Where does ice melt?",
        "Who climbed it first?",
        "Which figures disagree?",
    ]


def test_a_run_is_followed_from_its_plan_to_its_report(backend: Backend, open_page: Open) -> None:
    """Live, held still while it reads, paused and gone on with."""
    backend.scene("busy")
    backend.hold("reading")
    page = open_page("/research?of=planned")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("added for a gap")).to_be_visible()
    expect(page.get_by_role("complementary").get_by_text("1 of 2 read")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("header").get_by_text("Paused")).to_be_visible()
    backend.hold("")
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.locator("header").get_by_text("Done")).to_be_visible()
    expect(page.get_by_role("article").locator(".cite")).to_have_count(3)


def test_a_run_at_rest_goes_on_elsewhere(backend: Backend, open_page: Open) -> None:
    """Where it searches is as it was until a box is changed, and is told before it goes on."""
    backend.scene("busy")
    page = open_page("/research?of=failed")
    page.get_by_text("Go on with another model, or search elsewhere").click()
    expect(page.get_by_label("DuckDuckGo")).to_be_checked()
    expect(page.get_by_label("Tavily")).not_to_be_checked()
    page.get_by_label("DuckDuckGo").uncheck()
    page.get_by_label("Tavily").check()
    assert violations(page) == []
    page.get_by_role("button", name="Go on with these").click()
    expect(page.locator("header").get_by_text("Done")).to_be_visible()
    assert [one["providers"] for one in backend.asked(CHOSEN)] == [["wikipedia", "tavily"]]
    assert [one["model"] for one in backend.asked("/api/research/resume")] == [""]


def test_a_citation_shows_its_words_and_asks_the_network_for_nothing(
    backend: Backend, open_page: Open
) -> None:
    """By hover and by focus; its link opens by a click alone; Enter shows the captured page."""
    backend.scene("busy")
    page = open_page("/research?of=done")
    last = page.locator(".cite").last
    last.hover()
    card = page.locator(".card")
    expect(card).to_contain_text("Ida and Mara Holm, from the north side")
    expect(card.get_by_role("link")).to_have_attribute("href", "https://atlas.example/page-1")
    card.hover()
    expect(card).to_be_visible()
    page.mouse.move(2, 2)
    expect(card).to_have_count(0)
    last.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("mark.at")).to_have_text("Ida and Mara Holm, from the north side")
    dialog.get_by_role("button", name="Next passage").click()
    expect(dialog.locator("mark.at")).to_contain_text("4,812 m")
    assert violations(page) == []


def test_a_server_is_removed_at_once_or_after_a_question(backend: Backend, open_page: Open) -> None:
    """With secrets it is asked first: they can not be put back. Without, there is an undo."""
    backend.scene("busy")
    page = open_page("/tools")
    table = page.get_by_role("region", name="MCP servers")
    remove(page, "time")
    expect(table).not_to_contain_text("mcp-server-time")
    page.get_by_role("button", name="Undo").click()
    expect(table).to_contain_text("mcp-server-time")
    remove(page, "files")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Remove files and forget its secrets?")
    question.get_by_role("button", name="Cancel").click()
    expect(table).to_contain_text("server-files")


def remove(page: Page, name: str) -> None:
    """By its menu."""
    page.get_by_role("button", name=f"What can be done with {name}").click()
    page.get_by_role("menuitem", name="Remove").click()


def test_secrets_of_a_server_are_never_shown(backend: Backend, open_page: Open) -> None:
    """The form says that there is one; left alone it is kept, typed it is sent once."""
    backend.scene("busy")
    page = open_page("/tools")
    page.get_by_role("button", name="What can be done with files").click()
    page.get_by_role("menuitem", name="Edit").click()
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_label("Value of API_TOKEN")
    expect(box).to_have_value("")
    expect(box).to_have_attribute("placeholder", "kept; type another to replace it")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    eventually(lambda: backend.asked("/api/mcp/servers"), within=20, what="it is saved")
    assert backend.asked("/api/mcp/servers")[-1]["env"] == {"API_TOKEN": None}
