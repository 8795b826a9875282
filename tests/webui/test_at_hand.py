"""What a person sees at once and can take back, and what the keyboard and a small screen reach."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.harness.browser import caught, demand_no_wider
from tests.harness.waiting import eventually
from tests.webui.conftest import Backend, Open
from tests.webui.test_pages import violations

pytestmark = pytest.mark.real


def test_a_wish_is_seen_before_the_studio_answers_and_goes_when_it_refuses(
    backend: Backend, open_page: Open
) -> None:
    """Sleep: the row and the hero say so at once; a refusal takes it back and says why."""
    backend.scene("busy")
    page = open_page("/", forgive=("409",))
    held: list[Route] = []
    page.route("**/api/sleep", lambda route: held.append(route))
    page.locator(".hero .actions").get_by_role("button", name="Sleep").click()
    expect(page.locator(".hero").get_by_text("Falling asleep")).to_be_visible()
    toasts = page.locator(".toasts")
    expect(toasts.get_by_role("button", name="Undo")).to_be_visible()
    problem = {"title": "Refused", "status": 409, "detail": "it is loading", "code": "busy"}
    caught(page, held).fulfill(status=409, json=problem)
    expect(page.locator(".hero").get_by_text("Falling asleep")).to_have_count(0)
    expect(toasts.get_by_text("it is loading")).to_be_visible()
    expect(toasts.get_by_role("button", name="Undo")).to_have_count(0)


def test_an_eviction_is_undone_by_ctrl_z(backend: Backend, open_page: Open) -> None:
    """The model is brought again."""
    backend.scene("busy")
    page = open_page("/")
    page.get_by_role("row", name="Qwen3-32B-AWQ").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("row", name="Qwen3-32B-AWQ").get_by_text("Stopped")).to_be_visible()
    with page.expect_request("**/api/switch") as asked:
        page.keyboard.press("Control+z")
    assert "qwen3-32b" in (asked.value.post_data or "")


def test_a_rows_menu_is_reached_walked_and_left_by_keys(backend: Backend, open_page: Open) -> None:
    """M opens it, arrows walk, Escape gives the focus back; axe has nothing against it."""
    backend.scene("busy")
    page = open_page("/")
    row = page.get_by_role("row", name="Mistral-Small")
    row.focus()
    page.keyboard.press("m")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem", name="Load beside")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(row).to_be_focused()


def test_the_direct_lane_is_one_click_from_the_hint(backend: Backend, open_page: Open) -> None:
    """It writes the lane into the recipe; undo puts it back."""
    backend.scene("held-back")
    page = open_page("/")
    with page.expect_request("**/api/recipes/qwen3-32b?expected_revision=*") as saved:
        page.get_by_role("button", name="Go direct: Qwen3-32B-AWQ").click()
    assert '"lane":"direct"' in (saved.value.post_data or "")
    with page.expect_request("**/api/recipes/qwen3-32b?expected_revision=*") as undone:
        page.locator(".toasts").get_by_role("button", name="Undo").click()
    assert '"lane":"direct"' not in (undone.value.post_data or "")


def test_density_is_chosen_and_stays(backend: Backend, open_page: Open) -> None:
    """Rows of 32 become rows of 26, before the first paint of the next load too."""
    backend.scene("busy")
    page = open_page("/")
    expect(page.get_by_role("row", name="Mistral-Small")).to_be_visible()
    demand_height(page, 32)
    page.get_by_role("button", name="Rows: comfortable").click()
    demand_height(page, 26)
    page.reload()
    expect(page.get_by_role("row", name="Mistral-Small")).to_be_visible()
    demand_height(page, 26)


def demand_height(page: Page, wanted: int) -> None:
    """Rows are as high, in px, as soon as they are drawn."""
    height = "document.querySelector('[data-row]').getBoundingClientRect().height"
    eventually(lambda: page.evaluate(height) == wanted, within=20, what=f"rows of {wanted} px")


def test_a_phone_reaches_every_page_and_the_quick_switch(backend: Backend, open_page: Open) -> None:
    """The bar at the foot: switch, and More for the rest; axe has nothing against either."""
    backend.scene("busy")
    page = open_page("/", size=(390, 844))
    nav = page.get_by_role("navigation", name="Main")
    nav.get_by_role("button", name="Switch").click()
    expect(page.get_by_role("dialog", name="Quick switch")).to_be_visible()
    page.keyboard.press("Escape")
    nav.get_by_role("button", name="More").click()
    more = page.get_by_role("dialog", name="More")
    expect(more).to_be_visible()
    assert violations(page) == []
    wide = "one => one.scrollWidth - one.clientWidth"
    assert more.locator(".body").evaluate(wide) == 0, "nothing stands over its edge"
    more.get_by_role("link", name="Timeline").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()


def test_recipes_open_with_the_one_that_is_resident(backend: Backend, open_page: Open) -> None:
    """Beside the list something is looked at."""
    backend.scene("busy")
    page = open_page("/recipes")
    expect(page.get_by_role("heading", name="Qwen3-32B-AWQ")).to_be_visible()
    expect(page.get_by_role("searchbox", name="Filter recipes")).to_be_visible()


def test_a_phone_shows_the_recipes_or_one_of_them(backend: Backend, open_page: Open) -> None:
    """Neither is squeezed beside the other, and the way back is at hand."""
    backend.scene("busy")
    page = open_page("/recipes", size=(390, 844))
    entry = page.get_by_role("link", name="Mistral-Small")
    entry.click()
    expect(page.get_by_role("heading", name="Mistral-Small")).to_be_visible()
    expect(entry).to_be_hidden()
    demand_no_wider(page)
    page.get_by_role("link", name="All recipes").click()
    expect(entry).to_be_visible()
    expect(page.get_by_role("heading", name="Mistral-Small")).to_have_count(0)
    assert violations(page) == []
