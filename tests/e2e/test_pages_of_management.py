"""Keys, settings and usage in the window, over the real app: what people do, in both themes."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_window_in_browsers import ARTIFACTS, page_of
from tests.harness.chromium import CHROMIUM
from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer
from tests.harness.toasts import undo
from tests.harness.tools import needs
from tests.harness.waiting import eventually

OF_ONE = re.compile("[01] / 1")  # of one a minute, which may be over by now
AXE = ROOT / "webui" / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def window(studio: StudioServer, theme: str, path: str) -> Iterator[Page]:
    """One page of the owner's window; whatever it complains about fails the test."""
    needs(CHROMIUM)
    with page_of(studio, theme) as (page, complaints):
        expect(page.get_by_role("contentinfo")).to_contain_text("live")
        page.goto(f"{studio.url}/{path}")
        expect(page.get_by_role("contentinfo")).to_contain_text("live")
        yield page
        demand_accessible(page)
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{path.partition('?')[0]}-{theme}.png")
        refused = "the server responded with a status of 4"  # the browser says so of any refusal
        assert [one for one in complaints if refused not in one] == []


def demand_accessible(page: Page) -> None:
    """axe finds nothing; what moves has come to rest first."""
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
    ]
    assert told == []


def demand_set(studio: StudioServer, key: str, value: object) -> None:
    """The studio itself has this value, soon."""
    eventually(
        lambda: studio.get("/api/settings")["settings"][key] == value,
        within=30,
        what=f"{key} is {value}",
    )


def ask(studio: StudioServer, model: str, secret: str) -> int:
    """One question with a key; the status of its answer."""
    answer = httpx.post(
        f"{studio.v1}/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4},
        headers={"authorization": f"Bearer {secret}", "x-studio-lane": "direct"},
        timeout=60,
    )
    return answer.status_code


def demand_recorded(studio: StudioServer, model: str, times: int = 1) -> None:
    """So many requests to it are in the book, soon after they were answered: pages read that."""
    eventually(
        lambda: len(studio.get("/api/requests", model=model)["requests"]) >= times,
        within=60,
        what=f"{times} requests to {model} are recorded",
    )


def demand_refused(studio: StudioServer, model: str, secret: str) -> None:
    """One a minute: of two at once the second is over it, whenever the last one was."""
    assert ask(studio, model, secret) in (200, 429)
    assert ask(studio, model, secret) == 429


def within_an_hour(asking: Callable[[], None], times: int) -> tuple[float, int]:
    """Ask so often; when the last was asked, and how many were asked in that hour."""
    moments = []
    for _ in range(times):
        asking()
        moments.append(time.time())
    return moments[-1], sum(one // 3600 == moments[-1] // 3600 for one in moments)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_key_is_issued_limited_revoked_and_taken_back(studio: StudioServer, theme: str) -> None:
    """Its secret is shown once and works; the limit holds; undo lets its holder in again."""
    model, name = f"keyed-{theme}", f"laptop {theme}"
    studio.add(sim_recipe(model, tokens=4))
    studio.load(model)
    with window(studio, theme, "keys") as page:
        page.get_by_role("button", name="New key").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_label("Requests a minute").fill("many")
        dialog.get_by_role("button", name="Issue the key").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        demand_accessible(page)
        dialog.get_by_label("Requests a minute").fill("2")
        dialog.get_by_role("checkbox", name=model).check()
        dialog.get_by_role("button", name="Issue the key").click()
        secret = dialog.locator("code").first.inner_text()
        assert ask(studio, model, secret) == 200
        dialog.get_by_role("button", name="I have kept it").click()
        assert secret not in page.content()

        row = page.get_by_role("row", name=re.compile(name))
        expect(row).to_contain_text("1 / 2")
        expect(row).to_contain_text("in force")
        page.get_by_role("button", name=f"Limits of {name}").click()
        page.get_by_role("dialog").get_by_label("Requests a minute").fill("1")
        page.get_by_role("button", name="Set the limits").click()
        expect(row).to_contain_text(OF_ONE)
        demand_refused(studio, model, secret)

        page.get_by_role("button", name=f"Revoke {name}").click()
        expect(row).to_have_count(0)
        assert ask(studio, model, secret) == 401
        undo(page, f"{name} was revoked.")
        expect(row).to_contain_text(OF_ONE)
        demand_refused(studio, model, secret)  # it is let in again, with the limits it had
    studio.wait_for_fact("key-reinstated", name=name)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_setting_is_changed_refused_and_taken_back(studio: StudioServer, theme: str) -> None:
    """A wrong value is said at its field; a change is an event; undo puts the former one back."""
    before = studio.get("/api/settings")["settings"]["drain_timeout_s"]
    with window(studio, theme, "settings?of=drain_timeout_s") as page:
        box = page.get_by_role("textbox", name="Waiting for running requests")
        expect(box).to_be_focused()
        box.fill("soon")
        box.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("drain_timeout_s")
        box.fill("77")
        box.press("Enter")
        expect(page.get_by_text("Waiting for running requests was changed.")).to_be_visible()
        demand_set(studio, "drain_timeout_s", 77)  # the window shows a wish at once
        undo(page, "Waiting for running requests was changed.")
        expect(box).to_have_value(f"{before:g}")
        demand_set(studio, "drain_timeout_s", before)
        page.get_by_role("searchbox").fill("VLLM_STUDIO_PORT")
        expect(page.locator("[data-setting]")).to_have_count(1)
        expect(page.get_by_label("Port", exact=True)).to_be_disabled()
        page.get_by_role("searchbox").fill("")
        demand_one_edge(page)
    assert studio.happened("setting-changed", key="drain_timeout_s", value=77)


def demand_one_edge(page: Page) -> None:
    """Whatever is typed or chosen ends where the column ends."""
    edges = page.evaluate(
        "[...document.querySelectorAll('.column :is(.choice, select, .box > input)')]"
        ".map((one) => Math.round(one.getBoundingClientRect().right))"
    )
    assert len(edges) > 20
    assert len(set(edges)) == 1


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_usage_leads_from_a_bar_to_its_requests(studio: StudioServer, theme: str) -> None:
    """Sums, a table by model and by key, the requests of an hour, and a file to keep."""
    model = f"used-{theme}"
    studio.add(sim_recipe(model, tokens=4))
    studio.load(model)
    secret = studio.post("/api/keys", {"name": f"spender {theme}"})["secret"]

    def one() -> None:
        assert ask(studio, model, secret) == 200

    asked_at, of_the_hour = within_an_hour(one, 3)
    demand_recorded(studio, model, 3)
    with window(studio, theme, "usage") as page:
        page.clock.set_fixed_time(asked_at)  # or the hour of the requests may be over
        page.reload()
        table = page.get_by_role("region", name="By model")
        expect(table.get_by_role("row", name=re.compile(model))).to_contain_text("3")
        page.get_by_role("combobox", name="by").select_option("key")
        by_key = page.get_by_role("region", name="By key")
        expect(by_key.get_by_role("row", name=re.compile(f"spender {theme}"))).to_be_visible()
        chart = page.locator(".plot").first
        size = chart.bounding_box()
        assert size is not None
        chart.click(position={"x": size["width"] - 4, "y": size["height"] / 2})
        requests = page.get_by_role("region", name="Requests")
        expect(requests.get_by_role("row", name=re.compile(model))).to_have_count(of_the_hour)
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        assert f"spender {theme}" in download.value.path().read_text() or model in (
            download.value.path().read_text()
        )
