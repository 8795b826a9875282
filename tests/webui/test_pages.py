"""Every page in both themes: it shows what it should, and axe finds nothing to say against it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import demand_no_wider
from tests.harness.waiting import eventually
from tests.webui.conftest import ARTIFACTS, Backend, Open

pytestmark = pytest.mark.real

AXE = Path(__file__).resolve().parents[2] / "webui" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "dashboard": ("busy", "/", "Qwen3-32B-AWQ"),
    "loading": ("loading", "/", "loading weights 11/14"),
    "draining": ("draining", "/", "Waiting for 6 running requests"),
    "failed": ("failed", "/", "CUDA ran out of memory"),
    "no-gpu": ("cpu", "/", "No NVIDIA GPU"),
    "two-changes": ("two-changes", "/", "2 changes at once"),
    "asleep": ("asleep", "/", "its weights wait in main memory"),
    "blocked": ("blocked", "/", "It failed too often"),
    "changed": ("changed", "/", "It runs as its recipe was before."),
    "left-alone": ("left-alone", "/", "An engine of ours still runs as process 4711"),
    "held-back": ("held-back", "/", "The gateway holds answers back."),
    "alarm": ("alarm", "/", "The disk is full"),
    "looking-on": ("looking-on", "/", "First bad event: 9"),
    "will-not-fit": ("will-not-fit", "/", "needs 30.0 of 22.1 GiB"),
    "recipe-will-not-fit": ("will-not-fit", "/recipes?of=llama-70b", "It does not fit"),
    "first-run": ("empty", "/", "Nothing is set up yet"),
    "chat": ("busy", "/chat", "Ask Qwen3-32B-AWQ something"),
    "recipe": ("busy", "/recipes?of=qwen3-32b", "Memory fraction"),
    "new-recipe": ("busy", "/recipes?of=%2B", "Create"),
    "no-recipes": ("empty", "/recipes", "No recipes yet"),
    "logs": ("busy", "/logs?of=qwen3-32b", "Avg generation throughput"),
    "timeline": ("busy", "/timeline", "qwen3-32b answers after 48.0 s."),
}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_accessible(
    backend: Backend, open_page: Open, name: str, theme: str
) -> None:
    """Its main words are there, and axe-core finds no violation in this theme."""
    scene, path, words = PAGES[name]
    backend.scene(scene)
    page = open_page(path, theme=theme)
    expect(page.get_by_text(words).first).to_be_visible()
    expect(page.locator("footer").get_by_text("live")).to_be_visible()
    keep(page, f"{name}-{theme}")
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_overlays_are_accessible(backend: Backend, open_page: Open, theme: str) -> None:
    """The quick switch, the sheet of keys and an answer in the chat, looked at by axe-core."""
    backend.scene("busy")
    page = open_page("/", theme=theme)
    expect(page.get_by_role("heading", name="Qwen3-32B-AWQ")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Quick switch")).to_be_visible()
    keep(page, f"quick-switch-{theme}")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.goto(backend.url + "/chat")
    page.get_by_role("textbox", name="Message").fill("How does a switch work?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("gateway lane")).to_be_visible()
    keep(page, f"answer-{theme}")
    assert violations(page) == []


@pytest.mark.parametrize("size", [(1024, 730), (640, 400), (390, 844)])
@pytest.mark.parametrize("path", ["/", "/chat", "/recipes?of=qwen3-32b", "/logs", "/timeline"])
def test_nothing_is_cut_off_in_a_small_window(
    backend: Backend, open_page: Open, path: str, size: tuple[int, int]
) -> None:
    """Nothing scrolls sideways: in the window's first size, at 200 % of it, and on a phone."""
    backend.scene("busy")
    page = open_page(path, size=size)
    expect(page.locator("footer").get_by_text("live")).to_be_visible()
    expect(page.locator("main h1")).to_be_visible()
    keep(page, f"{path.strip('/').split('?')[0] or 'dashboard'}-{size[0]}")
    demand_no_wider(page)


@pytest.mark.parametrize("size", [(1280, 800), (1024, 730), (390, 844)])
def test_each_recipe_of_the_dashboard_is_told_from_the_others(
    backend: Backend, open_page: Open, size: tuple[int, int]
) -> None:
    """One without a name of its own by its id, where the ids have no column, too."""
    backend.scene("unnamed")
    page = open_page("/", size=size)
    for told in ("mistral-a", "mistral-b", "whisper-cli"):
        expect(page.get_by_role("cell", name=told, exact=True)).to_be_visible()
    keep(page, f"dashboard-unnamed-{size[0]}")
    demand_no_wider(page)


def test_the_window_speaks_german_to_a_german_browser(backend: Backend, open_page: Open) -> None:
    """By the browser's language, and the choice made here outlasts a reload."""
    backend.scene("busy")
    page = open_page("/", locale="de-DE")
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()
    expect(page.get_by_text("1.204")).to_be_visible()
    page.get_by_role("combobox", name="Sprache").select_option("English")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def test_the_theme_can_be_chosen_and_is_there_before_the_first_paint(
    backend: Backend, open_page: Open
) -> None:
    """System, light, dark in turn; after a reload the attribute stands before the app runs."""
    backend.scene("busy")
    page = open_page("/", theme="dark", forgive=("ERR_FAILED",))
    page.get_by_role("button", name="Theme: system").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.route("**/assets/**", lambda route: route.abort())  # the app itself never comes
    page.reload(wait_until="commit")
    themed = "document.documentElement?.dataset.theme === 'light'"
    eventually(lambda: page.evaluate(themed), within=60, what="the theme is set")
    page.unroute("**/assets/**")
    page.reload()
    page.get_by_role("button", name="Theme: light").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def violations(page: Page) -> list[str]:
    """What axe-core finds, one line each."""
    assert AXE.is_file(), "npm ci in webui/"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def keep(page: Page, name: str) -> None:
    """Leave a picture to be looked at."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"webui-{name}.png")
