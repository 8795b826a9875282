"""Calls of tools in the chat of the window: seen, answered by buttons and keys, opened."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_tools_in_chat import add_tools, asking, noted, script
from tests.harness.browser import demand_no_wider
from tests.harness.scripted_model import ScriptedModel
from tests.harness.studio import StudioServer

ONE = [("note", {"text": "from the window"})]


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    """One that calls whatever it is asked to call."""
    with ScriptedModel(script) as made:
        yield made


def opened(page: Page, studio: StudioServer, model: str) -> None:
    """A conversation whose setup has the tools, in the window."""
    setup = {"model": model, "tools": ["tools"]}
    which = studio.post("/api/conversations", {"title": "Tools", "setup": setup})
    page.goto(f"{studio.url}/chat?of={which['conversation_id']}")


def row(page: Page, state: str) -> Locator:
    """The rows of calls that stand so."""
    return page.get_by_role("button", name=re.compile(f"tools › note.*{state}$"))


def ask(page: Page, calls: list[tuple[str, dict[str, str]]]) -> None:
    """Send what the model is to call."""
    box = page.get_by_role("textbox", name="Message")
    box.fill(json.dumps(calls))
    box.press("Enter")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_call_is_approved_and_opened(
    studio: StudioServer, model: ScriptedModel, theme: str
) -> None:
    """By its button; then its row says that it is done, and shows all of it."""
    name = f"calls-{theme}"
    studio.add(model.recipe(name))
    notes = add_tools(studio)
    before = len(noted(notes))
    with window(studio, theme, "chat") as page:
        opened(page, studio, name)
        ask(page, ONE)
        answer = page.get_by_role("article", name=f"Answer of {name}")
        expect(answer.get_by_text("tools › note")).to_be_visible()
        expect(page.get_by_text("tools › note waits for your approval")).to_be_attached()
        answer.scroll_into_view_if_needed()
        demand_accessible(page)
        answer.get_by_role("button", name="Approve once").click()
        expect(answer.get_by_text("It says: noted: from the window")).to_be_visible()
        expect(answer.get_by_role("button", name="Approve once")).to_have_count(0)
        expect(page.get_by_role("article", name=f"Answer of {name}")).to_have_count(1)
        row(page, "Done").click()
        expect(answer.get_by_role("region", name="Arguments")).to_contain_text("from the window")
        expect(answer.get_by_role("region", name="Result")).to_have_text("noted: from the window")
        expect(answer.get_by_text("approved once")).to_be_visible()
        demand_accessible(page)
        page.reload()
        expect(answer.get_by_text("It says: noted: from the window")).to_be_visible()
        expect(row(page, "Done")).to_be_visible()
        page.set_viewport_size({"width": 390, "height": 800})
        demand_no_wider(page)
    assert noted(notes)[before:] == ["from the window"]


def test_keys_answer_the_first_that_waits(studio: StudioServer, model: ScriptedModel) -> None:
    """A approves, D denies, Shift+A approves for always; not while somebody writes."""
    studio.add(model.recipe("calls-keys"))
    notes = add_tools(studio)
    before = len(noted(notes))
    with window(studio, "dark", "chat") as page:
        opened(page, studio, "calls-keys")
        ask(page, [("note", {"text": word}) for word in ("one", "two", "three")])
        expect(page.get_by_role("button", name="Approve once")).to_have_count(3)
        expect(page.get_by_text("3 calls wait for your approval")).to_be_attached()
        box = page.get_by_role("textbox", name="Message")
        box.focus()
        page.keyboard.type("a d")
        expect(page.get_by_role("button", name="Approve once")).to_have_count(3)
        box.fill("")
        page.get_by_role("log").focus()
        for left, key in ((2, "a"), (1, "d"), (0, "Shift+A")):
            page.keyboard.press(key)
            expect(page.get_by_role("button", name="Approve once")).to_have_count(left)
        expect(page.get_by_text("It says: ", exact=False)).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("tools › note.*Denied$"))).to_have_count(
            1
        )
        expect(page.get_by_role("button", name=re.compile("tools › note.*Done$"))).to_have_count(2)
    assert sorted(noted(notes)[before:]) == ["one", "three"]


def test_a_window_that_comes_back_finds_what_waits(
    studio: StudioServer, model: ScriptedModel
) -> None:
    """A reload in the middle shows the same buttons; a stop is told in the row."""
    studio.add(model.recipe("calls-again"))
    add_tools(studio)
    with window(studio, "light", "chat") as page:
        opened(page, studio, "calls-again")
        ask(page, [("note", {"text": "again"})])
        expect(page.get_by_role("button", name="Approve once")).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="Approve once")).to_be_visible()
        asking(studio)
        page.get_by_role("button", name="Stop").click()
        expect(
            page.get_by_role("button", name=re.compile("tools › note.*Cancelled$"))
        ).to_be_visible()
        expect(page.get_by_text("stopped", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
