"""What showing a long answer costs a browser: its main thread, tasks, frames and memory."""

import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from tests.benchmarks import window_browser as chrome
from tests.benchmarks.long_answer import END
from tests.benchmarks.render_world import QUESTION
from tests.harness.webkit import WebKit

SETTLE_MS = 1500
TITLE = "A long conversation"
FIRST = "Question 0:"  # what its first message begins with


class Cost(NamedTuple):
    """Of the main thread while an answer was written, in seconds of its processor; and the heap."""

    cpu: float
    script: float
    layout: float
    heap_mb: float


class Opening(NamedTuple):
    """Milliseconds from a click until the newest message is painted, and until all are there."""

    painted_ms: float
    whole_ms: float
    heap_mb: float


class Frames(NamedTuple):
    """How often a page was painted while an answer was written, and the longest gap."""

    painted: int
    seconds: float
    worst_ms: float


Begin = Callable[[Page], None]


def ask(page: Page) -> None:
    """Ask the window's chat for the answer."""
    page.get_by_role("textbox", name="Message").fill(QUESTION)
    page.get_by_role("button", name="Send", exact=True).click()


def go(page: Page) -> None:
    """Let streamdown's page begin."""
    page.evaluate("go()")


def opened(browser: Browser, url: str) -> tuple[Page, Any]:
    """A page at rest, and the wire to its browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(SETTLE_MS)
    return page, context.new_cdp_session(page)


def shown(page: Page) -> bool:
    """Whether the answer's last words are there; asked seldom, it reads the whole page."""
    return bool(page.evaluate("end => document.body.textContent.includes(end)", END))


def _until_shown(page: Page, seconds: float) -> None:
    page.wait_for_timeout(seconds * 1000)
    deadline = time.monotonic() + 30 + 3 * seconds
    while not shown(page):
        assert time.monotonic() < deadline, "the answer is never shown whole"
        page.wait_for_timeout(1000)


def cost(browser: Browser, url: str, begin: Begin, seconds: float) -> Cost:
    """An answer of so many seconds, from its beginning until all of it is there and at rest."""
    page, wire = opened(browser, url)
    wire.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _metrics(wire)
    begin(page)
    _until_shown(page, seconds)
    page.wait_for_timeout(SETTLE_MS)
    after = _metrics(wire)
    wire.send("HeapProfiler.collectGarbage")
    heap = _metrics(wire)["JSHeapUsedSize"] / 1e6
    page.context.close()
    taken = {name: after[name] - before[name] for name in after}
    layout = taken["LayoutDuration"] + taken["RecalcStyleDuration"]
    return Cost(taken["TaskDuration"], taken["ScriptDuration"], layout, heap)


def _eventually(page: Page, number: str, seconds: float) -> float:
    """What a page tells, once it does; asked from here: its policy lets nothing wait there."""
    deadline = time.monotonic() + seconds
    while not (told := page.evaluate(number)):
        assert time.monotonic() < deadline, f"{number} is never told"
        page.wait_for_timeout(200)
    return float(told)


def _metrics(wire: Any) -> dict[str, float]:
    told = wire.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in told}


def tasks(browser: Browser, url: str, begin: Begin, seconds: float) -> list[chrome.Task]:
    """Every task of the main thread while it is written."""
    page, _ = opened(browser, url)
    browser.start_tracing(page=page, categories=chrome.TASKS)
    page.evaluate("performance.mark('begins')")
    begin(page)
    _until_shown(page, seconds)
    page.evaluate("performance.mark('ends')")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.context.close()
    begins, ends = (chrome.marks(events, name)[0] for name in ("begins", "ends"))
    return [t for t in chrome.tasks_of(events, begins) if begins["ts"] <= t.at < ends["ts"]]


def opening(browser: Browser, url: str) -> Opening:
    """The long conversation is opened, and left alone until all of it is there."""
    page, wire = opened(browser, f"{url}/chat?of=new")
    page.evaluate(OPENING, [TITLE, FIRST])
    page.get_by_role("link", name=TITLE).or_(page.get_by_role("button", name=TITLE)).first.click()
    took = _eventually(page, "window.opened", 120)
    whole = _eventually(page, "window.whole", 120)
    page.wait_for_timeout(SETTLE_MS)
    wire.send("Performance.enable")
    wire.send("HeapProfiler.collectGarbage")
    heap = _metrics(wire)["JSHeapUsedSize"] / 1e6
    page.context.close()
    return Opening(took, whole, heap)


# From the click to the frame in which the last message, drawn, lies in what is seen; and to the one
# in which the first message's words are in the page.
OPENING = """
([title, first]) => {
  window.opened = window.whole = 0
  let since = 0
  addEventListener('click', () => { since = performance.now() }, { capture: true, once: true })
  const isThere = () => {
    const log = document.querySelector('[role=log]')
    const last = [...(log?.querySelectorAll('article') ?? [])].at(-1)
    const box = last?.getBoundingClientRect()
    return box && box.height > 0 && box.top < innerHeight && last.querySelector('.prose .block')
  }
  const isWhole = () => {
    const thread = document.querySelector('[role=log] .messages')
    const words = document.createTreeWalker(thread, NodeFilter.SHOW_TEXT)
    let node = words.nextNode()
    while (node && !node.data.trim()) node = words.nextNode()
    return Boolean(node?.data.includes(first))
  }
  const told = (name) => {
    const done = () => { window[name] = performance.now() - since }
    requestAnimationFrame(() => requestAnimationFrame(done))
  }
  let isOpened = false
  const watching = new MutationObserver(() => {
    if (!since) return
    if (!isOpened && isThere()) {
      isOpened = true
      told('opened')
    }
    if (!isOpened || !isWhole()) return
    watching.disconnect()
    told('whole')
  })
  watching.observe(document.body, { subtree: true, childList: true })
}
"""


def opening_streamdown(browser: Browser, url: str, count: int) -> tuple[float, float]:
    """The same by streamdown, without what it takes to load its page."""
    page, wire = opened(browser, f"{url}/?messages={count}")
    took = _eventually(page, "document.body.dataset.took", 300)
    wire.send("Performance.enable")
    wire.send("HeapProfiler.collectGarbage")
    heap = _metrics(wire)["JSHeapUsedSize"] / 1e6
    page.context.close()
    return took, heap


# Frames are counted while the answer grows: from its first words to its last.
FRAMES = """
window.frames_ = []
const frame = (at) => { window.frames_.push(at); requestAnimationFrame(frame) }
requestAnimationFrame(frame)
"""
ASK = """
const box = document.querySelector('textarea[aria-label^=Message]')
box.value = %s
box.dispatchEvent(new InputEvent('input', { bubbles: true }))
box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
"""


def frames(browser: WebKit, url: str, seconds: float, *, ours: bool) -> Frames:
    """What WebKitGTK, the engine of the window, paints of an answer."""
    browser.go(url)
    time.sleep(SETTLE_MS / 1000)
    browser.run(FRAMES)
    browser.run(ASK % json.dumps(QUESTION) if ours else "go()")
    time.sleep(1)
    first = int(browser.run("return window.frames_.length"))
    time.sleep(seconds - 1)
    deadline = time.monotonic() + 60 + 3 * seconds
    there = f"return document.body.textContent.includes({json.dumps(END)})"
    while not browser.run(there):
        assert time.monotonic() < deadline, "the answer is never shown whole"
        time.sleep(1)
    told = browser.run(f"return window.frames_.slice({first})")
    gaps = [after - before for before, after in pairwise(told)]
    return Frames(len(told), (told[-1] - told[0]) / 1000, max(gaps, default=0.0))
