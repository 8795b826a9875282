"""The endpoint and its requests in the window, over the real app: what is shown there works."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_pages_of_management import ask, demand_accessible, demand_recorded, window
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.toasts import undo

SNIPPETS = (
    ("curl", ["bash", "-c"]),
    ("Python · openai", [sys.executable, "-c"]),
    ("Python · anthropic", [sys.executable, "-c"]),
)
FIRST_WORDS = "tok0 tok1"


@pytest.fixture
def house(studio: StudioServer) -> Iterator[StudioServer]:
    """The shared studio, which offers nothing beside recipes afterwards."""
    yield studio
    virtual = studio.get("/api/virtual-models")["virtual_models"]
    paths = [f"/api/virtual-models/{one['model']['name']}" for one in virtual]
    paths += [f"/api/providers/{one['id']}" for one in studio.get("/api/providers")["providers"]]
    for path in paths:
        studio.http.delete(path, headers=studio.owner()).raise_for_status()


@pytest.fixture
def captured(studio: StudioServer) -> Iterator[StudioServer]:
    """Bodies are kept, until the test is over."""
    _set(studio, capture_bodies="all")
    yield studio
    _set(studio, capture_bodies=None)
    studio.http.delete("/api/captures", headers=studio.owner()).raise_for_status()


def _set(studio: StudioServer, **values: object) -> None:
    studio.http.patch("/api/settings", json=values, headers=studio.owner()).raise_for_status()


def run(program: list[str], text: str) -> str:
    """What a snippet prints when it is pasted as it is, in an environment that names nothing."""
    done = subprocess.run(
        [*program, text],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def row(page: Page, region: str, name: str) -> Locator:
    """A line of one of the page's tables."""
    return page.get_by_role("region", name=region).get_by_role("row", name=re.compile(name))


def test_every_snippet_gets_an_answer_when_it_is_pasted(studio: StudioServer) -> None:
    """From a shell and from both official clients, with the model that is chosen."""
    studio.add(sim_recipe("copied", tokens=4))
    studio.load("copied")
    with window(studio, "dark", "endpoint") as page:
        expect(page.get_by_test_id("address")).to_have_text(studio.v1)
        page.get_by_role("combobox", name="Model").select_option("copied")
        for tool, program in SNIPPETS:
            page.get_by_role("tab", name=tool).click()
            text = page.get_by_role("tabpanel").locator("pre").inner_text()
            assert FIRST_WORDS in run(program, text), tool
        page.get_by_role("tab", name="Environment").click()
        env = page.get_by_role("tabpanel").locator("pre").inner_text()
        client = "from openai import OpenAI; print([m.id for m in OpenAI().models.list()])"
        assert "copied" in run(["bash", "-c"], f"{env}\n{sys.executable} -c '{client}'")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_virtual_model_is_added_changed_removed_and_taken_back(
    house: StudioServer, theme: str
) -> None:
    """Its members stand in an order, an error stands at its field, and every step has an undo."""
    first, second = f"member-a-{theme}", f"member-b-{theme}"
    house.add(sim_recipe(first, tokens=4))
    house.add(sim_recipe(second, tokens=4))
    house.load(second)
    with window(house, theme, "endpoint") as page:
        page.get_by_role("button", name="New virtual model").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("not a name")
        dialog.get_by_label("Add a member").select_option(first)
        dialog.get_by_label("Add a member").select_option(second)
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_role("alert")).to_contain_text("can not be a virtual model's name")
        expect(dialog.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
        demand_accessible(page)
        dialog.get_by_label("Name").fill("best")
        dialog.get_by_role("button", name="Save").click()
        line = row(page, "Virtual models", "best")
        expect(line).to_contain_text(f"{first} → {second}")
        answer = house.chat("best")
        assert answer.status_code == 200, answer.text

        page.get_by_role("button", name="Edit best").click()
        page.get_by_role("dialog").get_by_role("button", name=f"Move {second} up").click()
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(line).to_contain_text(f"{second} → {first}")
        undo(page, "best was changed.")
        expect(line).to_contain_text(f"{first} → {second}")

        page.get_by_role("button", name="Remove best").click()
        expect(line).to_have_count(0)
        undo(page, "best was removed.")
        expect(line).to_contain_text(f"{first} → {second}")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_providers_key_goes_in_and_never_comes_out(house: StudioServer, theme: str) -> None:
    """It is asked before the key is forgotten; without a key removing has an undo."""
    secret = f"sk-window-{theme}"
    with window(house, theme, "endpoint") as page:
        page.get_by_role("button", name="New provider").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Id", exact=True).fill("near")
        dialog.get_by_label("Address").fill("not an address")
        dialog.get_by_label("API key").fill(secret)
        dialog.get_by_label("Its own name 1").fill("inner")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_role("alert")).to_contain_text("api_base should be an address")
        demand_accessible(page)
        dialog.get_by_label("Address").fill("http://127.0.0.1:9/v1")
        dialog.get_by_role("button", name="Save").click()
        line = row(page, "Remote providers", "near")
        expect(line).to_contain_text("near/inner", timeout=60_000)
        assert secret not in page.content()
        expect(page.get_by_role("list", name="Models")).to_contain_text("near/inner")

        page.get_by_role("button", name="Edit near").click()
        expect(page.get_by_role("dialog").get_by_label("API key")).to_have_value("")
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Remove near").click()
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("can not be brought back")
        demand_accessible(page)
        question.get_by_role("button", name="Remove it").click()
        expect(line).to_have_count(0)
    assert house.get("/api/providers")["providers"] == []


def test_whoever_is_not_the_owner_is_told_so(studio: StudioServer) -> None:
    """Without the owner's token the page stays useful, and says whose providers are."""
    studio.add(sim_recipe("seen-by-all", tokens=4))
    with window(studio, "light", "endpoint") as page:
        page.evaluate("sessionStorage.clear()")
        page.reload()
        expect(page.get_by_text("for the owner of this machine alone").first).to_be_visible()
        expect(page.get_by_role("list", name="Models")).to_contain_text("seen-by-all")
        expect(page.get_by_role("button", name="New provider")).to_have_count(0)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_request_is_found_opened_and_read(captured: StudioServer, theme: str) -> None:
    """By filters that stand in the address; what it said after a word, and that is recorded."""
    model, name = f"sought-{theme}", f"seeker {theme}"
    captured.add(sim_recipe(model, tokens=4))
    captured.load(model)
    made = captured.post("/api/keys", {"name": name})
    assert ask(captured, model, made["secret"]) == 200
    assert captured.chat("nobody-at-all").status_code == 404
    for asked in (model, "nobody-at-all"):
        demand_recorded(captured, asked)
    before = captured.head
    with window(captured, theme, "usage?of=requests") as page:
        lines = page.get_by_role("region", name="Requests").locator("tr.one")
        expect(lines.filter(has_text="nobody-at-all").first).to_be_visible()
        page.get_by_role("combobox", name="Model").select_option(model)
        expect(lines).to_have_count(1)
        expect(lines.first).to_contain_text(name)
        page.reload()
        expect(lines).to_have_count(1)
        lines.first.get_by_role("button").click()
        detail = page.locator("tr.detail")
        expect(detail).to_contain_text("How it ended")
        expect(detail).to_contain_text("direct")
        demand_accessible(page)
        detail.get_by_role("button", name="What it said").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("recorded on the timeline")
        assert not captured.happened("capture-read", after=before)
        dialog.get_by_role("button", name="Look at it").click()
        expect(dialog).to_contain_text(FIRST_WORDS)
        demand_accessible(page)
        dialog.get_by_role("button", name="Close").click()
        page.get_by_role("combobox", name="Outcome").select_option("error")
        expect(page.get_by_text("No request ended in this time.")).to_be_visible()
        page.get_by_role("combobox", name="Outcome").select_option("")
    assert captured.wait_for_fact("capture-read", after=before)["actor"] == "window"


def test_what_is_kept_is_counted_and_forgotten(captured: StudioServer) -> None:
    """Answers at once, bodies after a question."""
    captured.add(sim_recipe("kept", tokens=4, recipe={"cache": True}))
    captured.load("kept")
    hits = captured.get("/api/cache")["hits"]  # of the tests before
    for _ in range(2):
        assert captured.chat("kept", temperature=0).status_code == 200
    with window(captured, "dark", "endpoint") as page:
        expect(page.get_by_text(re.compile(rf"\b{hits + 1} hits")).first).to_be_visible()
        page.get_by_role("button", name="Forget all").click()
        expect(page.get_by_text(re.compile("answers? w(as|ere) forgotten"))).to_be_visible()
        page.get_by_role("button", name="Erase all").click()
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("gone for ever")
        demand_accessible(page)
        question.get_by_role("button", name="Erase all").click()
        expect(page.get_by_text("nothing is kept")).to_be_visible()
    assert httpx.get(f"{captured.url}/api/cache", timeout=60).json()["entries"] == 0
    assert captured.get("/api/captures")["requests"] == 0
