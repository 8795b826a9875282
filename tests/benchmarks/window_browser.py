"""Chromium as the window's measure: what its main thread did, frame by frame, and its processor.

Times of tasks are taken twice, on the clock and of the processor: on a machine that others use
only the second tells of us.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from tests.harness.chromium import CHROMIUM, QUIET
from tests.harness.pages import path_of
from tests.harness.studio import StudioServer

TASKS = ["disabled-by-default-devtools.timeline", "blink.user_timing"]
FRAMES = [*TASKS, "disabled-by-default-devtools.timeline.frame"]
SETTLE_MS = 700
AHEAD_MS = 3000


class Task(NamedTuple):
    """One task of the main thread, in milliseconds."""

    at: float
    wall: float
    cpu: float


class Scroll(NamedTuple):
    """How a list moved under a finger."""

    frames: int
    dropped: int
    longest_run: int
    worst_cpu: float
    pixels: float


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser with nothing to do but this."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Browser, server: StudioServer, page_name: str = "dashboard") -> Page:
    """A page in a fresh context, as its owner opens it, told of everything and at rest."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{server.url}/#owner={server.owner()['x-studio-owner']}")
    page.get_by_role("contentinfo").get_by_text("live").wait_for()
    if page_name != "dashboard":
        page.goto(f"{server.url}{path_of(page_name)}")
    page.locator(f"main[data-page={page_name}]").wait_for()
    page.wait_for_timeout(SETTLE_MS)
    return page


Loaded = list[tuple[str, float]]  # names and KB on the wire, largest first


def first_load(browser: Browser, server: StudioServer) -> tuple[Loaded, Loaded]:
    """What the first page asks for until it stands, and what comes ahead of need afterwards."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    wire = context.new_cdp_session(page)
    names: dict[str, str] = {}
    weights: dict[str, float] = {}
    wire.on(
        "Network.requestWillBeSent", lambda e: names.update({e["requestId"]: e["request"]["url"]})
    )
    wire.on(
        "Network.loadingFinished",
        lambda e: weights.update({e["requestId"]: e["encodedDataLength"] / 1024}),
    )
    wire.send("Network.enable")
    page.goto(f"{server.url}/#owner={server.owner()['x-studio-owner']}")
    page.get_by_role("contentinfo").get_by_text("live").wait_for()
    page.wait_for_timeout(SETTLE_MS)
    first = set(weights)
    page.wait_for_timeout(AHEAD_MS)
    context.close()

    def told(which: set[str]) -> Loaded:
        found = [(names[one].removeprefix(server.url), weights[one]) for one in which]
        return sorted((f for f in found if not f[0].startswith("/api/")), key=lambda f: -f[1])

    return told(first), told(set(weights) - first)


def page_changes(browser: Browser, page: Page, names: tuple[str, ...]) -> dict[str, list[Task]]:
    """Go round all pages by their links; the tasks between each click and rest, by page."""
    browser.start_tracing(page=page, categories=TASKS)
    for name in (*names[1:], names[0]):
        page.evaluate("name => performance.mark('to:' + name)", name)
        page.locator(f"nav a[href='{path_of(name)}']").click()
        page.locator(f"main[data-page={name}]").wait_for()
        page.wait_for_timeout(SETTLE_MS)
    page.evaluate("performance.mark('to:')")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    found = marks(events, "to:")
    tasks = tasks_of(events, found[0])
    return {
        mark["name"][3:]: [t for t in tasks if mark["ts"] <= t.at < after["ts"]]
        for mark, after in pairwise(found)
    }


def scroll(browser: Browser, page: Page, pixels: int, speed: int) -> Scroll:
    """Move what lies in the middle of the page, like a wheel; up if negative."""
    wire = page.context.new_cdp_session(page)
    browser.start_tracing(page=page, categories=FRAMES)
    page.evaluate("performance.mark('scroll')")
    wire.send(
        "Input.synthesizeScrollGesture",
        {
            "x": 700,
            "y": 450,
            "yDistance": -pixels,
            "speed": speed,
            "gestureSourceType": "mouse",
        },
    )
    page.evaluate("performance.mark('scroll')")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    begin, end = marks(events, "scroll")[:2]
    worst = max(
        (t.cpu for t in tasks_of(events, begin) if begin["ts"] <= t.at < end["ts"]), default=0
    )
    states = _frames(events, begin["pid"], begin["ts"], end["ts"])
    longest = run = 0
    for state in states:
        run = run + 1 if state == "STATE_DROPPED" else 0
        longest = max(longest, run)
    return Scroll(len(states), states.count("STATE_DROPPED"), longest, worst, pixels)


def marks(events: list[dict[str, Any]], begin: str) -> list[dict[str, Any]]:
    """What pages marked by names that begin so, in order."""
    found = [one for one in events if one["name"].startswith(begin) and one["ph"] in "IRi"]
    return sorted(found, key=lambda one: one["ts"])


def tasks_of(events: list[dict[str, Any]], mark: dict[str, Any]) -> list[Task]:
    """Tasks of the thread that made this mark."""
    return [
        Task(one["ts"], one["dur"] / 1000, one.get("tdur", one["dur"]) / 1000)
        for one in events
        if one["name"] == "RunTask"
        and one["ph"] == "X"
        and (one["pid"], one["tid"]) == (mark["pid"], mark["tid"])
    ]


def _frames(events: list[dict[str, Any]], pid: int, begin: float, end: float) -> list[str]:
    """What became of each frame that was due while the list moved, in order."""
    found = []
    for one in events:
        if one["name"] != "PipelineReporter" or one["ph"] != "b" or not begin <= one["ts"] < end:
            continue
        told = one["args"].get("frame_reporter") or one["args"].get("chrome_frame_reporter")
        if one["pid"] == pid and told and told["state"] != "STATE_NO_UPDATE_DESIRED":
            found.append((one["ts"], told["state"]))
    return [state for _, state in sorted(found)]


def renderers(browser: Browser) -> dict[int, float]:
    """Processor seconds of each renderer so far, by process."""
    wire = browser.new_browser_cdp_session()
    told = wire.send("SystemInfo.getProcessInfo")["processInfo"]
    wire.detach()
    return {one["id"]: one["cpuTime"] for one in told if one["type"] == "renderer"}


def idle(browser: Browser, server: StudioServer, name: str | None, seconds: float) -> float:
    """The share of one core that a page at rest takes of its renderer; None is a blank page."""
    before = renderers(browser)
    page = browser.new_context().new_page() if name is None else opened(browser, server, name)
    page.wait_for_timeout(2000)
    begun, since = renderers(browser), time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    ended, until = renderers(browser), time.monotonic()
    page.context.close()
    ours = [pid for pid in begun if pid not in before and pid in ended]
    return sum(ended[pid] - begun[pid] for pid in ours) / (until - since)


# Told in the page: when a model's row first says another word, and when that was painted.
WATCH = """
(model) => {
  window.seen = []
  const rows = () => [...document.querySelectorAll('main tr')]
  const rowOf = () => rows().find((row) => row.textContent.includes(model))
  let before = ''
  const look = () => {
    const word = rowOf()?.querySelector('.state')?.textContent?.trim().split(' ')[0] ?? ''
    if (word === before) return
    before = word
    const changed = performance.timeOrigin + performance.now()
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.seen.push([word, changed, performance.timeOrigin + performance.now()])
    }))
  }
  const watching = new MutationObserver(look)
  watching.observe(document.body, { subtree: true, childList: true, characterData: true })
}
"""
SHOWN = {"engine-became-ready": "Ready", "engine-stopped": "Stopped"}


def state_on_screen(page: Page, server: StudioServer, model: str, rounds: int) -> list[float]:
    """Milliseconds from each fact of an engine's state to the frame after it is shown.

    A fact's time is taken before it is committed, and the frame's a frame after the change: the
    truth is shorter than what is told here by the commit and by up to a frame.
    """
    server.evict_all()
    page.evaluate(WATCH, model)
    head = server.head
    for _ in range(rounds):
        server.load(model)
        page.wait_for_timeout(500)
        server.evict_all()
        page.wait_for_timeout(500)
    taken = []
    seen: list[tuple[str, float, float]] = page.evaluate("window.seen")
    for fact in server.timeline(after=head):
        word = SHOWN.get(fact["type"])
        at = fact["recorded_at"] / 1000
        painted = [paint for what, _, paint in seen if what == word and paint >= at]
        if word and painted:
            taken.append(min(painted) - at)
    assert len(taken) >= rounds, f"states were seen: {seen}"
    return taken
