"""The timeline in the window: why, any moment, what changed, and whether the log holds."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually


def go_to(page: Page, position: int) -> None:
    """Drag the scrubber there."""
    moved = "line.dispatchEvent(new Event('input', {bubbles: true}))"
    page.get_by_role("slider").evaluate(f"(line, to) => {{ line.value = to; {moved} }}", position)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_shows_a_moment_and_nothing_is_changed_from_there(
    studio: StudioServer, theme: str
) -> None:
    """A recipe that was archived is there again, as it was; Escape leads back to now."""
    name = f"past-{theme}"
    studio.add(sim_recipe(name, tokens=4))
    studio.load(name)
    then = studio.head
    key = studio.post("/api/keys", {"name": f"later {theme}"})["key"]["key_id"]
    studio.post("/api/evict", {"target": name, "wait": True})
    studio.http.delete(f"/api/recipes/{name}", headers=studio.owner()).raise_for_status()
    with window(studio, theme, "timeline") as page:
        go_to(page, then)
        expect(page.get_by_text("Viewing")).to_be_visible()
        expect(page.get_by_role("contentinfo")).to_contain_text("the past")
        page.get_by_role("link", name="Dashboard").click()
        expect(page.get_by_role("row", name=re.compile(name))).to_contain_text("Ready")
        expect(page.get_by_role("button", name="Evict").first).to_be_disabled()
        demand_accessible(page)
        page.get_by_role("link", name="Keys & limits").click()
        expect(page.get_by_role("main")).not_to_contain_text(f"later {theme}")
        page.get_by_role("link", name="Settings").click()
        expect(page.get_by_label("Currency")).to_be_disabled()
        page.get_by_role("link", name="Recipes").click()
        page.get_by_role("link", name=re.compile(name)).click()
        expect(page.get_by_role("button", name="Archive")).to_be_disabled()
        page.keyboard.press("Escape")
        expect(page.get_by_role("contentinfo")).to_contain_text("live")
        page.get_by_role("link", name="Keys & limits").click()
        expect(page.get_by_role("row", name=re.compile(f"later {theme}"))).to_be_visible()
        page.get_by_role("link", name="Timeline").click()
        expect(page.get_by_role("slider")).to_be_visible()
    assert studio.happened("key-issued", key_id=key)


def test_what_was_not_recorded_is_not_shown_as_of_today(studio: StudioServer) -> None:
    """Requests that came later are in no list and no sum; what is of today says so."""
    first, later = "asked-then", "asked-later"
    for name in (first, later):
        studio.add(sim_recipe(name, tokens=4))
    ask(studio, first)
    studio.post("/api/keys", {"name": "a moment"})
    then = int(studio.happened("key-issued", name="a moment")[-1]["position"])
    ask(studio, later)
    with window(studio, "light", "timeline") as page:
        expect(page.get_by_role("slider")).to_be_visible()
        go_to(page, then)
        expect(page.get_by_role("contentinfo")).to_contain_text("the past")
        page.get_by_role("link", name="Usage").click()
        expect(page.get_by_text("Sums end with the last whole hour")).to_be_visible()
        page.get_by_role("link", name="Requests", exact=True).click()
        expect(page.get_by_text("Requests that had ended by then.")).to_be_visible()
        table = page.get_by_role("table").last
        expect(table).to_contain_text(first)
        expect(table).not_to_contain_text(later)
        page.get_by_role("link", name="Logs").first.click()
        expect(page.get_by_text("they are shown as they are today")).to_be_visible()
        page.get_by_role("link", name="Dashboard").click()
        row = page.get_by_role("row", name=re.compile(first))
        expect(row.get_by_role("cell").nth(5)).to_contain_text("–")
        demand_accessible(page)
        page.keyboard.press("Escape")
        expect(row.get_by_role("cell").nth(5)).not_to_contain_text("–")


def ask(studio: StudioServer, model: str) -> None:
    """One request, loaded for it; it ends when its record is written, which is a little later."""
    studio.load(model)
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    studio.http.post("/v1/chat/completions", json=body).raise_for_status()

    written = lambda: studio.get("/api/requests", model=model)["requests"]  # noqa: E731
    eventually(written, within=30, what="its record is written")


def test_conversations_stand_by_their_titles(studio: StudioServer) -> None:
    """With the way to them; an erased one says so, and a title that changes is the new one."""
    titled = studio.post("/api/conversations", {"title": "Whales and ships"})
    erased = studio.post("/api/conversations", {"title": "Burn after reading"})
    for one in (titled, erased):
        path = f"/api/conversations/{one['conversation_id']}"
        studio.post(f"{path}/messages", {"text": "Hello"})
    studio.http.delete(path, headers=studio.owner()).raise_for_status()
    with window(studio, "dark", "timeline?of=filter%3Fkind%3Dconversation") as page:
        begun = page.get_by_role("button", name=re.compile("“Whales and ships” was started"))
        expect(begun).to_be_visible()
        expect(page.get_by_role("main")).not_to_contain_text("Burn after reading")
        gone = page.get_by_role("button", name=re.compile(r"\(erased\) was erased"))
        gone.first.click()
        expect(page.get_by_text("an erased conversation", exact=True)).to_be_visible()
        path = f"/api/conversations/{titled['conversation_id']}"
        change = studio.http.patch(path, json={"title": "Whales"}, headers=studio.owner())
        change.raise_for_status()
        named = page.get_by_role("button", name=re.compile("“Whales” was started"))
        named.click()
        page.get_by_role("link", name="Open the conversation").click()
        expect(page.get_by_role("main")).to_contain_text("Hello")
        page.go_back()
        expect(named).to_be_visible()


def test_why_a_model_came_is_told_as_a_thread(studio: StudioServer) -> None:
    """From the fact to the wish that led to it; one wish can be followed."""
    studio.add(sim_recipe("because", tokens=4))
    studio.load("because")
    with window(studio, "dark", "timeline?of=because") as page:
        page.get_by_role("button", name=re.compile("because answers after")).first.click()
        expect(page.get_by_text(re.compile("because .* asked to")).first).to_be_visible()
        page.get_by_role("button", name="Everything from the same wish").click()
        expect(page.get_by_role("button", name="one wish")).to_be_visible()
        expect(
            page.get_by_role("button", name=re.compile("Starting because")).first
        ).to_be_visible()
        page.get_by_role("button", name="one wish").click()
        page.get_by_role("searchbox").fill("no event says this")
        expect(page.get_by_text("No event shown here matches.")).to_be_visible()


def test_what_changed_and_whether_the_log_holds(studio: StudioServer) -> None:
    """Two moments are compared field by field; a verification tells claim by claim; an export."""
    before = studio.head
    studio.add(sim_recipe("changed", tokens=4))
    with window(studio, "light", "timeline") as page:
        page.get_by_role("button", name="Compare").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("From").fill(str(before))
        expect(dialog).to_contain_text("added")
        expect(dialog).to_contain_text("The recipe changed was created.")
        dialog.get_by_label("From").fill("the day before")
        expect(dialog.get_by_role("alert")).to_contain_text("no moment")
        demand_accessible(page)
        dialog.get_by_role("button", name="Close").click()

        page.get_by_role("button", name="Verify").click()
        page.get_by_role("button", name="Verify now").click()
        expect(page.get_by_text("Nothing was disproved.")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("dialog")).to_contain_text("Whoever holds the signing key")
        demand_accessible(page)
        page.get_by_role("dialog").get_by_role("button", name="Close").click()

        with page.expect_download() as download:
            page.get_by_role("button", name="Export", exact=True).click()
        whole = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
        assert any(name.endswith("log.jsonl") for name in whole.namelist())
    studio.wait_for_fact("audit-verified", after=before)
    studio.wait_for_fact("audit-exported", after=before)
