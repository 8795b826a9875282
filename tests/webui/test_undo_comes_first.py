"""What was done can be taken back as soon as the studio has it, before any list comes anew."""

import pytest
from playwright.sync_api import Route, expect

from tests.harness.browser import caught
from tests.harness.toasts import undo
from tests.webui.conftest import Backend, Open
from tests.webui.test_tools_and_research import remove

pytestmark = pytest.mark.real
LISTS = "**/api/mcp/servers"


def test_a_removed_server_comes_back_while_the_list_is_still_asked_for(
    backend: Backend, open_page: Open
) -> None:
    """The message stands while the list is held, and its Undo is of this and nothing before."""
    backend.scene("busy")
    page = open_page("/tools")
    table = page.get_by_role("region", name="MCP servers")
    expect(table).to_contain_text("mcp-server-time")
    held: list[Route] = []
    page.route(LISTS, lambda route: held.append(route))
    remove(page, "time")
    caught(page, held)
    expect(page.locator(".toast", has_text="time was removed.")).to_be_visible()
    undo(page, "time was removed.")
    for route in held:
        route.continue_()
    page.unroute(LISTS)
    expect(table).to_contain_text("mcp-server-time")


def test_a_saved_server_is_said_before_the_list_is_there(backend: Backend, open_page: Open) -> None:
    """The dialog is gone, what was saved is said, and the list may take its time."""
    backend.scene("busy")
    page = open_page("/tools")
    page.get_by_role("button", name="What can be done with time").click()
    page.get_by_role("menuitem", name="Edit").click()
    held: list[Route] = []
    page.route(LISTS, lambda route: held.append(route))
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    caught(page, held)
    expect(page.locator(".toast", has_text="time was changed.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    for route in held:
        route.continue_()
    page.unroute(LISTS)
