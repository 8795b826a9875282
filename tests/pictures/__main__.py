"""`make screenshots`: every picture that a document shows, from a running app, in both themes.

    python -m tests.pictures [FOLDER]      webui/docs when none is named

A picture whose subject has not changed is left as it is.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.harness import processes
from tests.harness.chromium import CHROMIUM, QUIET
from tests.harness.pages import page_names, path_of
from tests.harness.studio import ROOT, StudioServer
from tests.harness.waiting import eventually
from tests.pictures import scene, still, studies

FOLDER = ROOT / "webui" / "docs"
SIZE: ViewportSize = {"width": 1280, "height": 800}
OF = {"recipes": "?of=llama-3.3-70b", "logs": "?of=qwen3-32b", "tools": "?of=tools"}
MEASURED_S = 25  # so that there are lines to see
LINES = "document.querySelector('.kpis path')?.getAttribute('d').split('L').length > 12"
TITLE = "Getting to know the demo"
QUESTIONS = ("What can you do?", studies.WEATHER)


def main() -> None:
    """Start the scenes one after the other and look at every page."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    processes.become_reaper()
    with scene.fresh_studio() as fresh, scene.studio_in_use() as used, _chromium() as browser:
        _in_both_themes(browser, fresh, folder, {"first-run": lambda page: _at(page, "/")})
        _talk(used)
        stream = used.stream("qwen3-32b", "Write the release notes.")
        stream.wait_for_text()
        time.sleep(MEASURED_S)
        _in_both_themes(browser, used, folder, _views(used))
        stream.leave()


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


def _views(server: StudioServer) -> dict[str, Callable[[Page], None]]:
    research = server.get("/api/research")["runs"][0]["research_id"]
    of = OF | {"research": f"?of={research}"}

    def view(name: str) -> Callable[[Page], None]:
        def look(page: Page) -> None:
            _at(page, path_of(name) + of.get(name, ""))
            page.locator(f"main[data-page={name}]").wait_for()
            if name == "dashboard":
                eventually(lambda: page.evaluate(LINES), within=180, every=0.5, what="lines")
            if name == "usage":
                page.get_by_role("button", name="7 days").click()
            if name == "chat":
                page.get_by_text(TITLE).first.click(timeout=10_000)

        return look

    return {name: view(name) for name in page_names()} | {"switch": _switch}


def _at(page: Page, path: str) -> None:
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)


def _switch(page: Page) -> None:
    _at(page, "/")
    expect(page.get_by_role("contentinfo")).to_contain_text("live")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()


def _in_both_themes(
    browser: Browser,
    server: StudioServer,
    folder: Path,
    views: dict[str, Callable[[Page], None]],
) -> None:
    for theme in ("dark", "light"):
        page = _opened(browser, server, theme)
        for name, look in views.items():
            look(page)
            _at_rest(page)
            file = folder / f"{name}-{theme}.png"
            written = still.keep(page.screenshot(), file)
            size = file.stat().st_size / 1024
            print(
                f"{file.name:24} {size:5.0f} KiB  {'new' if written else 'as it was'}", flush=True
            )
        page.context.close()


def _opened(browser: Browser, server: StudioServer, theme: str) -> Page:
    context = browser.new_context(
        viewport=SIZE, color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{server.url}/#owner={server.owner()['x-studio-owner']}")
    expect(page.get_by_role("contentinfo")).to_contain_text("live")
    return page


def _at_rest(page: Page) -> None:
    expect(page.get_by_role("contentinfo")).to_contain_text("live")
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(1500)  # the next measurements


def _talk(server: StudioServer) -> None:
    """A conversation with the demonstration model, in which it calls a tool."""
    which = server.post("/api/conversations", {"title": TITLE})
    path, before = f"/api/conversations/{which['conversation_id']}", None
    for text in QUESTIONS:
        after: dict[str, str] = {"after": before} if before else {}
        question = server.post(f"{path}/messages", {"text": text, **after})["message_id"]
        tools = ["tools"] if text == studies.WEATHER else []
        server.post(f"{path}/replies", {"model": "demo", "to": question, "tools": tools})
        if tools:
            studies.approve(server)
        eventually(
            lambda: server.get(f"{path}/replies")["replies"] == [],
            within=120,
            what="the demo has answered",
        )
        before = server.get(path)["chosen"]


if __name__ == "__main__":
    main()
