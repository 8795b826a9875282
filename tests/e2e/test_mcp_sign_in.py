"""Signing in at an MCP server over the real app: with a browser, over a start, without a trace."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.test_mcp import PATH, in_state, put
from tests.e2e.test_pages_of_management import demand_accessible
from tests.e2e.test_window_in_browsers import page_of
from tests.harness.canaries import Cage, in_files
from tests.harness.chromium import CHROMIUM
from tests.harness.oauth_mcp_server import Doorkeeper, browse, guarded_server
from tests.harness.scripted_model import Call, Question, Say, ScriptedModel, Text
from tests.harness.studio import StudioServer
from tests.harness.tools import needs
from tests.harness.waiting import eventually

SUMS = f"{PATH}/sums"


@pytest.fixture
def door() -> Iterator[tuple[Doorkeeper, str]]:
    """A server that wants people to sign in, and its address."""
    keeper = Doorkeeper()
    with guarded_server(keeper) as url:
        yield keeper, url


def asked_to_sign_in(studio: StudioServer, url: str) -> None:
    """Save it, and wait until it has refused us."""
    put(studio, SUMS, {"transport": "http", "url": url})
    line = in_state(studio, "sums", "needs-sign-in")
    assert not line["signed_in"]


def come_back(studio: StudioServer, **other: str) -> httpx.Response:
    """As a browser does it, which holds no key of ours; `other` is what it brings instead."""
    begun = studio.post(f"{SUMS}/sign-in")
    back, said = browse(begun["url"])
    assert back.startswith(f"{studio.url}/mcp/signed-in?")
    languages = {"accept-language": "de-DE,de;q=0.9"}
    here = f"{studio.url}/mcp/signed-in"
    return httpx.get(here, params=said | other, headers=languages, timeout=60)


def test_a_sign_in_leaves_no_trace_and_outlasts_the_studio(
    quick_studio: StudioServer, door: tuple[Doorkeeper, str]
) -> None:
    """Tokens are in files of their own; after a start they are renewed, after a sign-out gone."""
    studio, (keeper, url) = quick_studio, door
    asked_to_sign_in(studio, url)
    answer = come_back(studio)
    assert (answer.status_code, "Du bist angemeldet" in answer.text) == (200, True)
    assert "script" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert in_state(studio, "sums", "ready")["signed_in"]
    studio.wait_for_fact("mcp-server-signed-in", name="sums")
    signed_in = studio.happened("mcp-server-signed-in", name="sums")
    assert [one["actor"] for one in signed_in] == ["cli"]

    keeper.take_back()
    assert studio.post(f"{SUMS}/restart")["name"] == "sums"
    in_state(studio, "sums", "ready")
    cage = Cage()
    for number, word in enumerate(keeper.given):
        cage.adopt(str(number), word)
    told = [
        studio.get(PATH),
        studio.get(SUMS),
        studio.get(f"{SUMS}/log"),
        studio.get("/api/timeline", limit=500),
        studio.get("/api/state", at="now"),
    ]
    assert cage.found_in(json.dumps(told).encode()) == set()
    studio.ask_to_quit()
    assert studio.wait() == 0
    holders = {place for places in in_files(studio.home, cage).values() for place in places}
    assert holders == {"secrets/mcp-sign-in.sums.access", "secrets/mcp-sign-in.sums.refresh"}
    assert all((studio.home / one).stat().st_mode & 0o077 == 0 for one in holders)

    keeper.take_back()
    studio.start()
    assert in_state(studio, "sums", "ready")["signed_in"]
    assert len(keeper.registered) == 1
    gone = studio.http.delete(f"{SUMS}/sign-in", headers=studio.owner())
    assert gone.status_code == 204
    in_state(studio, "sums", "needs-sign-in")
    assert not list((studio.home / "secrets").glob("mcp-sign-in*"))
    studio.wait_for_fact("mcp-server-signed-out", name="sums")


def test_what_a_browser_brings_lets_it_in_once(
    quick_studio: StudioServer, door: tuple[Doorkeeper, str]
) -> None:
    """Another state, a no, a second time: a page says so, and repeats nothing of it."""
    studio, (keeper, url) = quick_studio, door
    asked_to_sign_in(studio, url)
    for other in ({"state": "guessed"}, {"state": "<b>x</b>", "code": "<script>"}):
        answer = come_back(studio, **other)
        assert (answer.status_code, "Du bist nicht angemeldet" in answer.text) == (400, True)
        assert "<b>" not in answer.text
    keeper.person_says_no = True
    assert come_back(studio).status_code == 400
    line = in_state(studio, "sums", "needs-sign-in")
    assert line["problem"] == "the sign-in was declined there"
    studio.wait_for_fact("mcp-server-failed", name="sums", reason=line["problem"])
    keeper.person_says_no = False
    answer = come_back(studio)
    assert answer.status_code == 200
    assert httpx.get(str(answer.url), timeout=60).status_code == 400
    in_state(studio, "sums", "ready")


def test_only_the_owner_signs_in_and_out(
    quick_studio: StudioServer, door: tuple[Doorkeeper, str]
) -> None:
    """The page that a browser comes back to needs no key; what sends it there does."""
    asked_to_sign_in(quick_studio, door[1])
    for method in ("POST", "DELETE"):
        answer = quick_studio.http.request(method, f"{SUMS}/sign-in")
        assert (answer.status_code, answer.json()["code"]) == (403, "owner-only")
    assert door[0].registered == []


def test_a_person_signs_in_with_the_window_and_their_browser(
    quick_studio: StudioServer, door: tuple[Doorkeeper, str]
) -> None:
    """One click; the window follows by itself. Then out again, by its menu."""
    studio, (_, url) = quick_studio, door
    asked_to_sign_in(studio, url)
    needs(CHROMIUM)
    with page_of(studio, "dark") as (page, complaints):
        expect(page.get_by_role("contentinfo")).to_contain_text("live")
        page.goto(f"{studio.url}/tools?of=sums")
        expect(page.get_by_text("Needs sign-in")).to_be_visible()
        demand_accessible(page)
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="Sign in", exact=True).click()
        browser = opened.value
        expect(browser.get_by_role("heading", name="You are signed in")).to_be_visible()
        assert browser.evaluate("window.opener") is None
        expect(page.get_by_text("signed in", exact=True)).to_be_visible()
        expect(page.get_by_text("Ready", exact=True)).to_be_visible()
        expect(page.get_by_text("Add two numbers.")).to_be_visible()
        page.get_by_role("button", name="What can be done with sums").click()
        page.get_by_role("menuitem", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        expect(page.get_by_text("signed in", exact=True)).to_have_count(0)
        link = page.get_by_role("link", name="Open the page of sums to sign in")
        expect(link).to_have_count(0)  # it is good for one browser
        there = f"left loopback: {url.removesuffix('/mcp')}/authorize?"
        assert [one for one in complaints if not one.startswith(there)] == []


def test_the_terminal_signs_in_and_out(
    quick_studio: StudioServer, door: tuple[Doorkeeper, str]
) -> None:
    """It says where, what came of it, and what can not be done."""
    studio, (keeper, url) = quick_studio, door
    asked_to_sign_in(studio, url)
    told = typed(studio, "mcp", "list")
    assert "sums: it wants to know who asks (status 401). Sign in, or" in told.stdout
    told = typed(studio, "mcp", "sign-in", "sums")
    (there,) = [line for line in told.stdout.splitlines() if line.startswith("http")]
    back, said = browse(there)
    assert back.startswith(f"{studio.url}/mcp/signed-in?")
    assert httpx.get(f"{studio.url}/mcp/signed-in", params=said, timeout=60).status_code == 200
    in_state(studio, "sums", "ready")
    assert "ready" in typed(studio, "mcp", "list").stdout
    out = typed(studio, "--json", "mcp", "sign-out", "sums")
    assert json.loads(out.stdout) == {"signed_out": "sums"}
    in_state(studio, "sums", "needs-sign-in")
    eventually(lambda: len(keeper.taken_back) == 2, within=30, what="its tokens are taken back")
    for wrong in ("sign-in", "sign-out"):
        told = typed(studio, "mcp", wrong, "nobody")
        assert (told.returncode, told.stdout) == (1, "")
        assert "there is no MCP server 'nobody'" in told.stderr
    studio.wait_for_fact("mcp-server-signed-out", name="sums")


def typed(studio: StudioServer, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command, as a person types it."""
    command = [sys.executable, "-m", "desktop", *words]
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        command, cwd=root, env=studio.env, capture_output=True, text=True, timeout=240
    )


def adds(question: Question) -> Iterable[Say]:
    """Calls the tool once, and says what that brought."""
    if question.results:
        yield Text(question.results[-1])
    else:
        yield Call("sums__add", {"a": 2, "b": 40})


def test_a_call_that_wants_a_sign_in_offers_it(
    quick_studio: StudioServer, door: tuple[Doorkeeper, str]
) -> None:
    """It was not made, and says so; the way to sign in stands beside it until somebody has."""
    studio, (keeper, url) = quick_studio, door
    needs(CHROMIUM)
    asked_to_sign_in(studio, url)
    assert come_back(studio).status_code == 200
    in_state(studio, "sums", "ready")
    put(studio, f"{SUMS}/tools/add/policy", {"policy": "always"})
    setup = {"model": "adds", "tools": ["sums"]}
    keeper.renews = False
    keeper.take_back()
    with ScriptedModel(adds) as model, page_of(studio, "dark") as (page, complaints):
        studio.add(model.recipe("adds"))
        talk = studio.post("/api/conversations", {"title": "Sums", "setup": setup})
        page.goto(f"{studio.url}/chat?of={talk['conversation_id']}")
        box = page.get_by_role("textbox", name="Message")
        box.fill("2 + 40?")
        box.press("Enter")
        expect(page.get_by_text("the call was not made: its sign-in was not")).to_be_visible()
        offer = page.get_by_role("link", name="Sign in to sums")
        expect(offer).to_be_visible()
        demand_accessible(page)
        offer.click()
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        page.go_back()
        expect(offer).to_be_visible()
        keeper.renews = True
        assert come_back(studio).status_code == 200
        in_state(studio, "sums", "ready")
        expect(offer).to_have_count(0)
        assert complaints == []
