"""What is being written in the chat outlives the conversation that it was written in."""

import re

from playwright.sync_api import expect

from tests.e2e.test_pages_of_management import window
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer


def test_a_draft_goes_on_when_its_empty_conversation_is_erased(studio: StudioServer) -> None:
    """Those without a message are erased after a day, also while one of them is open."""
    studio.add(sim_recipe("drafted", tokens=4))
    which = studio.post("/api/conversations", {})["conversation_id"]
    path = f"/api/conversations/{which}"
    with window(studio, "dark", f"chat?of={which}") as page:
        box = page.get_by_role("textbox", name="Message")
        box.fill("half a thought")
        studio.http.delete(path, headers=studio.owner()).raise_for_status()
        expect(page).to_have_url(re.compile("of=new"))
        expect(box).to_have_value("half a thought")
