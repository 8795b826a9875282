"""The chat over the real app: what is said lives on the server, whatever becomes of the window."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer, words

SLOW: dict[str, Any] = {"tokens": 3000, "tokens_per_second": 50, "recipe": {"lane": "direct"}}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_answer_goes_on_without_its_window(studio: StudioServer, theme: str) -> None:
    """A reload in its middle shows it going on; stopped, it is continued, and made again beside."""
    model, question = f"chats-{theme}", f"What goes on in {theme}?"
    studio.add(sim_recipe(model, **SLOW))
    studio.load(model)
    with window(studio, theme, "chat") as page:
        box = page.get_by_role("textbox", name="Message")
        box.fill(question)
        box.press("Enter")
        expect(page.get_by_text(words(8), exact=False)).to_be_visible()
        expect(page).to_have_url(re.compile("/chat[?]of="))
        page.reload()
        expect(page.get_by_text(words(20), exact=False)).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("stopped", exact=True)).to_be_visible()
        page.get_by_role("button", name="Continue").click()
        answer = page.get_by_role("article", name=f"Answer of {model}")
        expect(answer.get_by_text("2/2")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_text("stopped", exact=True)).to_be_visible()
        answer.get_by_role("button", name="The one before").click()
        expect(answer.get_by_text("1/2")).to_be_visible()

        page.get_by_role("button", name="Rename").click()
        page.get_by_role("dialog").get_by_role("textbox").fill(f"Title {theme}")
        demand_accessible(page)
        page.get_by_role("dialog").get_by_role("button", name="Change").click()
        listed = page.get_by_role("navigation", name="Conversations")
        expect(listed.get_by_role("link", name=f"Title {theme}")).to_be_visible()
        page.get_by_role("button", name="Pin").click()
        expect(listed.get_by_text("Pinned")).to_be_visible()
        listed.get_by_role("searchbox").fill(f"goes on in {theme}")
        expect(listed.get_by_text(question)).to_be_visible()
        listed.get_by_role("searchbox").fill("")
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("dialog").get_by_role("button", name="OpenAI messages").click()
        assert question in download.value.path().read_text()

        which = page.url.partition("?of=")[2]
        page.get_by_role("button", name="Erase the conversation").click()
        page.get_by_role("dialog").get_by_role("button", name="Erase for ever").click()
        expect(listed.get_by_role("link", name=f"Title {theme}")).to_have_count(0)
    studio.wait_for_fact("conversation-erased", conversation_id=which)
