"""Long names and many of them, over the real app: what belongs to them stays in sight."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_window_in_browsers import page_of
from tests.harness.browser import demand_no_wider
from tests.harness.chromium import CHROMIUM
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.tools import needs

KEY = "the notebook in the kitchen that everybody in this house may use for their homework"
NAME = "Hermes-Mixtral-8x7B-Instruct-Long-Context-131072-Experimental-Q4_K_M-2026-11-30-final-v2"
LAST = "z-last"
PHONE = 780  # up to this wide


def test_long_names_push_nothing_aside(studio: StudioServer) -> None:
    """Of a key, its limits and its buttons; of a model, its state in the quick switch."""
    needs(CHROMIUM)
    studio.post("/api/keys", {"name": KEY, "limits": {"requests_per_minute": 60}})
    for number in range(40):
        studio.add(sim_recipe(f"model-{number:02d}"))
    studio.add(sim_recipe(LAST, recipe={"name": NAME}))
    studio.load(LAST)  # so that it has a log
    with page_of(studio, "dark") as (page, complaints):
        for width in (1280, 1024, 390):
            page.set_viewport_size({"width": width, "height": 800})
            keys_are_whole(page, studio)
            chosen_ones_are_in_sight(page, studio, width)
            the_quick_switch_is_whole(page)
        assert complaints == []


def keys_are_whole(page: Page, studio: StudioServer) -> None:
    """What the key may, and what can be done with it, is beside its name and in the window."""
    page.goto(f"{studio.url}/keys")
    row = page.get_by_role("row").filter(has_text=KEY)
    name = row.get_by_text(KEY)
    expect(name).to_be_visible()
    for beside in (row.get_by_text("0 / 60"), *row.get_by_role("button").all()):
        within(page, beside)
        assert apart(name, beside)
    demand_no_wider(page)


def chosen_ones_are_in_sight(page: Page, studio: StudioServer, width: int) -> None:
    """In lists longer than the window."""
    for listing in ("recipes", "logs"):
        page.goto(f"{studio.url}/{listing}?of={LAST}")
        if width > PHONE or listing == "logs":  # a phone shows the list of recipes or one of them
            chosen = page.get_by_role("navigation").locator("a[aria-current=true]")
            expect(chosen).to_be_in_viewport()
        demand_no_wider(page)


def the_quick_switch_is_whole(page: Page) -> None:
    """A name is shortened there, and its state is not pushed out."""
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill(NAME[:12])
    option = dialog.get_by_role("option").first
    inside(dialog, option.locator(".label"))
    inside(dialog, option.locator(".aside"))
    page.keyboard.press("Escape")


def test_a_dialog_higher_than_the_window_can_be_written_in_at_once(studio: StudioServer) -> None:
    """The first field has the focus, and what ends the dialog is in sight."""
    needs(CHROMIUM)
    with page_of(studio, "light") as (page, complaints):
        page.set_viewport_size({"width": 1024, "height": 560})
        page.goto(f"{studio.url}/keys")
        page.get_by_role("button", name="New key").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
        button = dialog.get_by_role("button", name="Issue the key")
        expect(button).to_be_in_viewport(ratio=1)
        assert box(button)[3] <= box(dialog)[3]
        assert complaints == []


def box(one: Locator) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    found = one.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def within(page: Page, one: Locator) -> None:
    """Not cut off at the right of the window."""
    size = page.viewport_size
    assert size is not None
    assert box(one)[2] <= size["width"]


def inside(around: Locator, one: Locator) -> None:
    """Not beyond the right edge of what holds it."""
    expect(one).to_be_visible()
    assert box(one)[2] <= box(around)[2]


def apart(one: Locator, other: Locator) -> bool:
    """Whether they do not lie on each other."""
    a, b = box(one), box(other)
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
