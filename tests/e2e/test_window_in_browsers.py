"""The web UI over the real app: Chromium in both themes, and WebKitGTK, the Linux window's engine.

Pictures are left in artifacts/ to be looked at.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.harness.screen import screen
from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer
from tests.harness.tools import needs
from tests.harness.waiting import eventually
from tests.harness.webkit import webkit

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ARTIFACTS = ROOT / "artifacts"


@contextmanager
def page_of(studio: StudioServer, theme: str) -> Iterator[tuple[Page, list[str]]]:
    """The window's page as its owner opens it; what it complains about is collected."""
    complaints: list[str] = []

    def offline(route: Route) -> None:
        if route.request.url.startswith(studio.url):
            route.continue_()
        else:
            complaints.append(f"asked the network: {route.request.url}")
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        context = browser.new_context(
            color_scheme="dark" if theme == "dark" else "light",
            viewport={"width": 1280, "height": 800},
        )
        context.route("**/*", offline)
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
        browser.close()


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
        expect(page.get_by_text("Ready").first).to_be_visible(timeout=15_000)
        assert complaints == []
        page.goto(f"{studio.url}/chat")
        box = page.get_by_role("textbox").last
        box.fill("Hello!")
        box.press("Enter")
        expect(page.get_by_text("tok0 tok1 tok2", exact=False).first).to_be_visible(timeout=20_000)
        page.goto(studio.url)
        expect(page.get_by_text(ours).first).to_be_visible()
        assert complaints == []


def test_the_window_works_in_webkitgtk(studio: StudioServer) -> None:
    """The same page in the engine that the Linux window uses, told of changes as they happen."""
    needs("Xvfb", "WebKitWebDriver")
    studio.add(sim_recipe("webkit-a", tokens=4))
    with (
        tempfile.TemporaryDirectory() as home,
        screen() as display,
        webkit(display, {**studio.env, "HOME": home}) as browser,
    ):
        browser.go(f"{studio.url}/#owner={studio.owner()['x-studio-owner']}")
        text = "return document.body.innerText"
        eventually(lambda: "webkit-a" in browser.run(text), within=20, what="the recipe is shown")
        assert "owner=" not in browser.run("return location.href")
        studio.load("webkit-a")
        eventually(lambda: "Ready" in browser.run(text), within=20, what="it is shown as ready")
        ARTIFACTS.mkdir(exist_ok=True)
        browser.screenshot(ARTIFACTS / "window-webkitgtk.png")


def test_the_web_ui_is_built_and_served_offline(studio: StudioServer) -> None:
    """The page and everything it names come from the app itself."""
    page = studio.http.get("/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert "://" not in page.text.replace("http://www.w3.org", "")
    built = sorted(Path(ROOT / "webui" / "dist").rglob("*.js"))
    assert built
    assert subprocess.run(["git", "check-ignore", "-q", built[0]], cwd=ROOT).returncode == 0
