"""The window while nothing happens: whatever page is open, nothing is asked and nothing is drawn.

The page's clock is the test's: half a minute of it passes at once.
"""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page, Request, expect

from tests.e2e.test_window_in_browsers import page_of
from tests.harness.chromium import CHROMIUM
from tests.harness.pages import page_names, path_of
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.tools import needs
from tests.harness.waiting import eventually

MODEL = "resting"
LATER = timedelta(hours=2)  # so that nothing is younger than a minute
A_WHILE = 12_000  # ms; twice of it is less than the silence after which the window connects anew
FOLLOWED = ("/api/events", "/stream")  # without an end
LAST = "GET /api/mcp/calls?"  # that any page asks by itself, when it is quiet
STARTED = "Application startup complete"  # the last line of the model's log
OF_BOTH = {LAST, "GET /api/runtimes?"}  # the page may ask for itself what the shell asks for
# What is measured of the machine moves by itself, and stands in the memory of the dashboard alone.
WATCH = """
window.drawn = []
new MutationObserver((all) => {
  for (const { target } of all) {
    const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target
    if (element && !element.closest('.machine, footer')) window.drawn.push(element.outerHTML)
  }
}).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
"""
DRAWN = "window.drawn.splice(0)"  # since it was looked at last
LOOKS = 5  # one after another that find nothing new: what was answered last is drawn, too


def test_no_page_asks_or_draws_while_nothing_happens(studio: StudioServer) -> None:
    """With a model that answered: each thing is asked once, and then it is quiet."""
    needs(CHROMIUM)
    studio.add(sim_recipe(MODEL, tokens=4))
    studio.load(MODEL)
    studio.post("/api/keys", {"name": "resting"})
    httpx.post(
        f"{studio.v1}/chat/completions",
        json={"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4},
        timeout=60,
    ).raise_for_status()
    eventually(lambda: pace(studio) == 0, within=60, what="no request is recent")
    eventually(lambda: not counted(studio), within=120, what="no key's minute is counted")
    with page_of(studio, "dark") as (page, complaints):
        page.clock.install(time=datetime.now(UTC) + LATER)
        for name in page_names():
            asked = opened(page, studio, name)
            twice = {one for one in asked if asked.count(one) > 1}
            assert twice <= OF_BOTH, f"{name} asked again"
            before = list(asked)
            page.clock.run_for(A_WHILE)
            assert page.evaluate(DRAWN) == [], f"{name} was drawn anew"
            assert asked == before, f"{name} asked for more"
        assert complaints == []


def pace(studio: StudioServer) -> float:
    """Requests a second, as whoever follows is told at once."""
    with studio.http.stream("GET", "/api/events", headers=studio.owner()) as answer:
        kind = ""
        for line in answer.iter_lines():
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:") and kind == "metrics":
                return float(json.loads(line[5:])["gateway"]["requests_per_s"])
    raise AssertionError("the events end before anything was measured")


def counted(studio: StudioServer) -> list[str]:
    """Keys that were used in this minute: what is used of them is asked for when it is over."""
    keys = studio.get("/api/keys")["keys"]
    resets = ("requests_reset_at", "tokens_reset_at")
    return [one["name"] for one in keys if any((one["used"] or {}).get(at) for at in resets)]


def opened(page: Page, studio: StudioServer, name: str) -> list[str]:
    """A page, after a while; what it has asked until now, and asks from now on."""
    asked: list[str] = []
    under_way: set[Request] = set()

    def begun(request: Request) -> None:
        address = urlsplit(request.url)
        if address.path.startswith("/api/") and not address.path.endswith(FOLLOWED):
            asked.append(f"{request.method} {address.path}?{address.query}")
            under_way.add(request)

    page.on("request", begun)
    for over in ("requestfinished", "requestfailed"):  # what is wanted no more is given up
        page.on(over, lambda request: under_way.discard(request))
    page.goto(f"{studio.url}{path_of(name)}")
    expect(page.locator(f"main[data-page={name}]")).to_be_visible()
    expect(page.get_by_role("contentinfo")).to_contain_text("live")
    if name == "logs":  # its lines come over what is followed
        expect(page.get_by_role("log")).to_contain_text(STARTED)
    page.clock.run_for(A_WHILE)
    page.evaluate(WATCH)
    looks = 0

    def at_rest() -> bool:
        nonlocal looks
        quiet = page.evaluate(DRAWN) == [] and LAST in asked and not under_way
        looks = looks + 1 if quiet else 0
        return looks == LOOKS

    eventually(at_rest, within=60, what=f"{name} was answered")
    return asked
