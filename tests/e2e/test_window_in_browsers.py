"""The web UI over the real app: Chromium in both themes, and WebKitGTK, the Linux window's engine.

Pictures are left in artifacts/ to be looked at.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import note_what_leaves
from tests.harness.chromium import CHROMIUM, chromium
from tests.harness.pages import page_names, path_of
from tests.harness.screen import screen
from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer
from tests.harness.tools import needs
from tests.harness.waiting import eventually
from tests.harness.webkit import wayside, webkit

ARTIFACTS = ROOT / "artifacts"
# What a browser without a console to read is told to keep.
LISTEN = """
window.complaints = []
const say = (what) => window.complaints.push(String(what))
addEventListener('error', (event) => say(event.message || event.target?.src), true)
addEventListener('unhandledrejection', (event) => say(event.reason))
addEventListener('securitypolicyviolation', (event) => say(`CSP: ${event.blockedURI}`))
const error = console.error
console.error = (...words) => { say(words.join(' ')); error(...words) }
"""
AT_REST = """
const running = document.getAnimations().filter((one) => one.playState === 'running')
const last = performance.getEntriesByType('resource').at(-1)
return document.fonts.status === 'loaded' && running.length === 0
  && performance.now() - (last?.responseEnd ?? 0) > 300
"""


@contextmanager
def page_of(studio: StudioServer, theme: str) -> Iterator[tuple[Page, list[str]]]:
    """The window's page as its owner opens it; what it complains about is collected."""
    complaints: list[str] = []
    context = chromium().new_context(
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": 1280, "height": 800},
    )
    try:
        note_what_leaves(context, studio.url, complaints)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on(
            "console",
            lambda line: (
                complaints.append(f"console: {line.text}") if line.type == "error" else None
            ),
        )
        page.goto(f"{studio.url}/#owner={studio.owner()['x-studio-owner']}")
        yield page, complaints
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"window-{theme}.png")
    finally:
        context.close()


def in_both_themes(page: Page, name: str) -> None:
    """Leave a picture of each theme in artifacts/."""
    ARTIFACTS.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="light" if theme == "light" else "dark")
        page.screenshot(path=ARTIFACTS / f"{name}-{theme}.png", animations="disabled")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_window_shows_what_runs_and_chats_with_it(studio: StudioServer, theme: str) -> None:
    """Status by itself, a switch made elsewhere without reloading, an answer in the chat."""
    needs(CHROMIUM)
    ours, other = f"window-{theme}", f"other-{theme}"
    studio.add(sim_recipe(ours, tokens=12))
    studio.add(sim_recipe(other, tokens=12))
    with page_of(studio, theme) as (page, complaints):
        expect(page.get_by_text(ours).first).to_be_visible()
        assert "owner=" not in page.url, "the token leaves the address at once"
        studio.load(ours)
        expect(page.get_by_text("Ready").first).to_be_visible()
        assert complaints == []
        page.goto(f"{studio.url}/chat")
        box = page.get_by_role("textbox", name="Message")
        box.fill("Hello!")
        box.press("Enter")
        expect(page.get_by_text("tok0 tok1 tok2", exact=False).first).to_be_visible()
        page.goto(studio.url)
        expect(page.get_by_text(ours).first).to_be_visible()
        assert complaints == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_works_in_webkitgtk(studio: StudioServer, theme: str) -> None:
    """Each page in the engine that the Linux window uses; one is told of changes as they happen."""
    needs("Xvfb", "WebKitWebDriver")
    model = f"webkit-{theme}"
    studio.add(sim_recipe(model, tokens=4))
    with (
        tempfile.TemporaryDirectory() as home,
        screen() as display,
        wayside() as (proxy, asked),
        webkit(display, {**studio.env, "HOME": home}, proxy=proxy, dark=theme == "dark") as browser,
    ):
        browser.go(f"{studio.url}/#owner={studio.owner()['x-studio-owner']}")
        browser.run(LISTEN)
        text = "return document.body.innerText"
        eventually(lambda: model in browser.run(text), within=60, what="the recipe is shown")
        assert "owner=" not in browser.run("return location.href")
        studio.load(model)
        eventually(lambda: "Ready" in browser.run(text), within=60, what="it is shown as ready")
        assert browser.run("return matchMedia('(prefers-color-scheme: dark)').matches") == (
            theme == "dark"
        )
        ARTIFACTS.mkdir(exist_ok=True)
        for page in (*page_names()[1:], "dashboard"):
            browser.run(f"document.querySelector(`nav a[href='{path_of(page)}']`).click()")
            shows = f"return document.querySelector('main[data-page={page}] h1')?.innerText ?? ''"
            eventually(lambda: browser.run(shows), within=60, what=f"{page} has its title")  # noqa: B023
            eventually(lambda: browser.run(AT_REST), within=60, what=f"{page} is at rest")
            assert browser.run("return window.complaints") == [], page
            browser.screenshot(ARTIFACTS / f"webkitgtk-{page}-{theme}.png")
        elsewhere = "performance.getEntriesByType('resource').map((one) => one.name)"
        came = browser.run(f"return {elsewhere}")
        assert came
        assert [one for one in came if not one.startswith(studio.url + "/")] == []
        assert asked == [], "nothing leaves loopback"


def test_the_web_ui_is_built_and_served_offline(studio: StudioServer) -> None:
    """The page and everything it names come from the app itself."""
    page = studio.http.get("/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert "://" not in page.text.replace("http://www.w3.org", "")
    built = sorted(Path(ROOT / "webui" / "dist").rglob("*.js"))
    assert built
    assert subprocess.run(["git", "check-ignore", "-q", built[0]], cwd=ROOT).returncode == 0
