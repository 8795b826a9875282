"""Debian's Chromium, started once for a file of tests; whoever opens a page gets a context in it.

It is started when it is first asked for, and ends with the file (`tests/e2e/conftest.py`): what
drives it is an event loop, which would be in the way of the next file's own.
"""

from typing import NamedTuple

import psutil
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.harness import processes
from tests.harness.browser import ALONE

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    ALONE,
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class _Running(NamedTuple):
    driver: Playwright
    browser: Browser
    pids: frozenset[int]
    marked: dict[str, str]


_running: list[_Running] = []  # one or none


def chromium() -> Browser:
    """The one of this file; started anew when it has crashed."""
    if _running and not _running[0].browser.is_connected():
        end()
    if not _running:
        _running.append(_started())
    return _running[0].browser


def end() -> None:
    """Nothing of it runs on return."""
    while _running:
        driver, browser, pids, marked = _running.pop()
        browser.close()
        driver.stop()
        processes.disown_marked(marked)
        for pid in pids:
            processes.disown(pid)


def _started() -> _Running:
    before = _descendants()
    driver = sync_playwright().start()
    marked = processes.own_marked()
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET), env=dict(marked))
    pids = _descendants() - before
    for pid in pids:
        processes.own(pid)
    return _Running(driver, browser, pids, marked)


def _descendants() -> frozenset[int]:
    return frozenset(one.pid for one in psutil.Process().children(recursive=True))
