"""Tools in the window, over the real app with real MCP servers, in both themes."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_time_travel_in_the_window import go_to
from tests.e2e.test_tools_in_chat import NOTE, add_tools, asking, begun, noted, script
from tests.harness import library_server
from tests.harness.browser import demand_no_wider
from tests.harness.scripted_model import ScriptedModel
from tests.harness.studio import StudioServer
from tests.harness.toasts import hold, undo
from tests.harness.waiting import eventually

LIBRARY = str(Path(library_server.__file__))
CARD = "card-4711-secret"
MCP_JSON = json.dumps(
    {
        "mcpServers": {
            "library": {
                "command": sys.executable,
                "args": [LIBRARY],
                "env": {"LIBRARY_CARD": CARD},
            },
            "broken": {"command": "/no/such/program", "args": ["--serve"]},
        }
    }
)
THEMES = pytest.mark.parametrize("theme", ["dark", "light"])


@pytest.fixture
def bare(studio: StudioServer) -> Iterator[StudioServer]:
    """The studio without any server, before and after."""
    forget(studio)
    yield studio
    forget(studio)


def forget(studio: StudioServer) -> None:
    """Remove every server."""
    for server in studio.get("/api/mcp/servers")["servers"]:
        path = f"/api/mcp/servers/{server['name']}"
        assert studio.http.delete(path, headers=studio.owner()).is_success


def bring(page: Page, text: str) -> None:
    """Import an mcp.json by pasting it."""
    page.get_by_role("button", name="Import mcp.json").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(text)
    expect(dialog.get_by_role("list", name="What it holds")).to_contain_text("library")


@THEMES
def test_servers_are_looked_at_before_they_are_imported(bare: StudioServer, theme: str) -> None:
    """Nothing is saved by looking; a secret goes in and is never shown; what fails says why."""
    with window(bare, theme, "tools") as page:
        expect(page.get_by_role("heading", name="Give your models tools")).to_be_visible()
        page.get_by_role("button", name="Look at it").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("uvx mcp-server-time")).to_be_visible()
        dialog.get_by_role("button", name="Cancel").click()
        assert bare.get("/api/mcp/servers")["servers"] == []

        bring(page, MCP_JSON)
        expect(dialog.get_by_text("Secrets, kept and never shown: LIBRARY_CARD")).to_be_visible()
        demand_accessible(page)
        dialog.get_by_role("button", name="Import 2").click()
        servers = page.get_by_role("region", name="MCP servers")
        row = servers.get_by_role("row", name=re.compile("library"))
        expect(row).to_contain_text("Ready", timeout=60_000)
        expect(row).to_contain_text("2")
        assert CARD not in page.content()
        broken = servers.get_by_role("row", name=re.compile("broken"))
        expect(broken).to_contain_text("Failed", timeout=60_000)
        expect(broken).to_contain_text("/no/such/program")

        broken.get_by_role("button", name="What can be done with broken").click()
        page.get_by_role("menuitem", name="Remove").click()
        expect(broken).to_have_count(0)
        undo(page, "broken was removed.")
        expect(broken).to_have_count(1)
        expect(row).to_be_visible()
    assert CARD not in json.dumps(bare.timeline(after=0)), "the log holds no secret"


@THEMES
def test_a_server_is_seen_into_and_steered(bare: StudioServer, theme: str) -> None:
    """Policies, parameters, a resource, a prompt, its log; it is stopped and comes back."""
    wish: dict[str, object] = {"transport": "stdio", "command": sys.executable}
    wish |= {"args": [LIBRARY], "env": {"LIBRARY_CARD": CARD}}
    path = "/api/mcp/servers/library"
    assert bare.http.put(path, json=wish, headers=bare.owner()).is_success
    eventually(lambda: seen(bare)["state"] == "ready", within=60, what="the library is open")
    with window(bare, theme, "tools?of=library") as page:
        look_up = page.get_by_role("listitem").filter(has_text="look_up")
        expect(look_up).to_contain_text("reads only")
        expect(page.get_by_role("listitem").filter(has_text="burn")).to_contain_text("may destroy")
        policy = page.get_by_role("radiogroup", name="Whether look_up may be called")
        policy.get_by_role("radio", name="Always").click()
        eventually(lambda: policy_of(bare, "look_up") == "always", within=20, what="always")
        undo(page, "Look up a book is called without asking.")
        eventually(lambda: policy_of(bare, "look_up") == "ask", within=20, what="it asks again")
        page.get_by_role("button", name=re.compile("^look_up")).click()
        expect(page.get_by_role("region", name="Parameters of look_up")).to_contain_text("number")
        expect(page.get_by_text("library__look_up")).to_be_visible()

        page.get_by_role("tab", name=re.compile("Resources")).click()
        page.get_by_role("button", name="Open Catalogue").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("7: Moby-Dick")
        dialog.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Open One book").click()
        dialog.get_by_role("textbox").fill("8")
        dialog.get_by_role("button", name="Open").click()
        expect(dialog).to_contain_text("Call me Middlemarch.")
        demand_accessible(page)
        dialog.get_by_role("button", name="Close").click()

        page.get_by_role("tab", name=re.compile("Prompts")).click()
        page.get_by_role("button", name="Fill in Recommend a book").click()
        dialog.get_by_role("textbox").fill("whales")
        dialog.get_by_role("button", name="See the messages").click()
        expect(dialog).to_contain_text("Recommend a book to somebody who likes whales.")
        dialog.get_by_role("button", name="Close").click()

        page.get_by_role("tab", name="Log").click()
        log = page.get_by_role("log", name="Log of library")
        expect(log).to_contain_text(f"the library opens, {len(CARD)} characters")

        page.get_by_role("button", name="Stop", exact=True).click()
        hold(page, "library was stopped.")
        eventually(lambda: seen(bare)["state"] == "off", within=30, what="it is stopped")
        undo(page, "library was stopped.")
        eventually(lambda: seen(bare)["state"] == "ready", within=60, what="it is back")
        expect(page.locator("header").get_by_text("Ready")).to_be_visible()
        assert CARD not in page.content()


@THEMES
def test_calls_are_answered_from_any_page(bare: StudioServer, theme: str) -> None:
    """Approved over another page, denied by a key, given for always and taken back."""
    with ScriptedModel(script) as model:
        caller = f"caller-{theme}"
        bare.add(model.recipe(caller))
        notes = add_tools(bare)
        notes.unlink(missing_ok=True)
        with window(bare, theme, "recipes") as page:
            mark = page.get_by_role("button", name="1 call waits for you")
            begun(bare, NOTE, model=caller)
            expect(mark).to_be_visible()
            mark.click()
            dialog = page.get_by_role("dialog", name="Waiting for you")
            expect(dialog).to_contain_text('text: "one"')
            demand_accessible(page)
            dialog.get_by_role("button", name="Approve once").click()
            eventually(lambda: noted(notes) == ["one"], within=30, what="it was carried out")
            expect(dialog).to_contain_text("No call waits for you.")
            dialog.get_by_role("link", name="Tools").click()

            begun(bare, NOTE, model=caller)
            waiting = page.get_by_role("list", name="Waiting for you")
            waiting.get_by_role("button", name="Approve once").press("d")
            expect(waiting).to_have_count(0)
            recent = page.get_by_role("region", name="Recent calls")
            expect(recent.get_by_role("row").nth(1)).to_contain_text("Denied")
            assert noted(notes) == ["one"], "what was denied is not carried out"

            begun(bare, NOTE, model=caller)
            waiting.get_by_role("button", name="Approve once").press("Shift+A")
            eventually(lambda: noted(notes) == ["one"] * 2, within=30, what="always")
            begun(bare, NOTE, model=caller)
            eventually(lambda: noted(notes) == ["one"] * 3, within=30, what="nobody was asked")
            approvals = page.get_by_role("region", name="Standing approvals")
            expect(approvals).to_contain_text('text: "one"')
            approvals.get_by_role("button", name="Revoke tools › note").click()
            expect(approvals).to_have_count(0)
            begun(bare, NOTE, model=caller)
            assert asking(bare)[0]["tool"] == "note", "it asks again"
            waiting.get_by_role("button", name="Deny").click()
            expect(waiting).to_have_count(0)


def test_a_server_is_added_by_hand_and_edited(bare: StudioServer) -> None:
    """What is wrong stands at its field; a whole command line is taken apart; secrets are kept."""
    with window(bare, "dark", "tools") as page:
        page.get_by_role("button", name="Add a server").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name", exact=True).fill("no good!")
        dialog.get_by_label("Command").fill(f"{sys.executable} {LIBRARY}")
        dialog.get_by_role("button", name="Add it").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        expect(dialog.get_by_label("Arguments, one a line")).to_have_value(LIBRARY)
        dialog.get_by_label("Name", exact=True).fill("library")
        dialog.get_by_role("button", name="Add a variable").click()
        dialog.get_by_label("Name 1").fill("LIBRARY_CARD")
        dialog.get_by_label("Value of LIBRARY_CARD").fill(CARD)
        dialog.get_by_role("button", name="Add it").click()
        row = page.get_by_role("row", name=re.compile("library"))
        expect(row).to_contain_text("Ready", timeout=60_000)

        row.get_by_role("button", name="What can be done with library").click()
        page.get_by_role("menuitem", name="Edit").click()
        expect(dialog.get_by_label("Value of LIBRARY_CARD")).to_have_value("")
        dialog.get_by_label("Seconds a call may take").fill("5")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        eventually(lambda: seen(bare)["timeout_s"] == 5, within=20, what="it is changed")
        assert seen(bare)["env"] == ["LIBRARY_CARD"]
        undo(page, "library was changed.")
        eventually(lambda: seen(bare)["timeout_s"] == 60, within=20, what="it is as before")


def test_the_page_fits_a_phone(bare: StudioServer) -> None:
    """Nothing scrolls sideways at 390 px, and each server's menu is in sight."""
    wish = {"transport": "stdio", "command": sys.executable, "args": [LIBRARY]}
    assert bare.http.put("/api/mcp/servers/library", json=wish, headers=bare.owner()).is_success
    with window(bare, "light", "tools") as page:
        page.set_viewport_size({"width": 390, "height": 844})
        for where in ("tools", "tools?of=library"):
            page.goto(f"{bare.url}/{where}")
            expect(page.locator("main h1")).to_be_visible()
            demand_no_wider(page)
        page.goto(f"{bare.url}/tools")
        menu = page.get_by_role("button", name="What can be done with library")
        expect(menu).to_be_in_viewport(ratio=1)


@THEMES
def test_the_past_shows_the_servers_of_then(bare: StudioServer, theme: str) -> None:
    """Also one that is gone, with its policies; what was not recorded is said; nothing changes."""
    wish = {"transport": "stdio", "command": sys.executable, "args": [LIBRARY]}
    path = "/api/mcp/servers/library"
    before = bare.head
    assert bare.http.put(path, json=wish, headers=bare.owner()).is_success
    eventually(lambda: seen(bare)["state"] == "ready", within=60, what="the library is open")
    policy = {"policy": "never"}
    burn = bare.http.put(f"{path}/tools/burn/policy", json=policy, headers=bare.owner())
    assert burn.is_success, burn.text
    then = bare.head
    assert bare.http.delete(path, headers=bare.owner()).is_success
    later = {"transport": "http", "url": "http://127.0.0.1:9/mcp", "enabled": False}
    assert bare.http.put("/api/mcp/servers/later", json=later, headers=bare.owner()).is_success
    with window(bare, theme, "timeline") as page:
        expect(page.get_by_role("slider")).to_be_visible()
        go_to(page, then)
        expect(page.get_by_role("contentinfo")).to_contain_text("the past")
        page.get_by_role("link", name="Tools").first.click()
        servers = page.get_by_role("region", name="MCP servers")
        row = servers.get_by_role("row", name=re.compile("library"))
        expect(row).to_contain_text("Ready")
        expect(row).to_contain_text("2")
        expect(page.get_by_role("main")).not_to_contain_text("later")
        expect(page.get_by_text("as the log tells them of then")).to_be_visible()
        for name in ("Add a server", "Import mcp.json"):
            expect(page.get_by_role("button", name=name)).to_be_disabled()
        menu = row.get_by_role("button", name="What can be done with library")
        expect(menu).to_have_count(0)
        demand_accessible(page)
        row.get_by_role("link", name="library").click()
        expect(page.get_by_role("table", name="Policies of then")).to_contain_text("burnNever")
        expect(page.get_by_text("was not recorded")).to_be_visible()
        expect(page.get_by_role("tab")).to_have_count(0)
        expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
        demand_accessible(page)
        go_to(page, before)
        expect(page.get_by_text("There was no server library then")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("contentinfo")).to_contain_text("live")
        page.get_by_role("link", name="Tools").first.click()
        expect(servers.get_by_role("row", name=re.compile("later"))).to_be_visible()
        expect(page.get_by_role("button", name="Add a server")).to_be_enabled()


def seen(studio: StudioServer) -> Any:
    """The library, as the studio tells."""
    return studio.get("/api/mcp/servers/library")


def policy_of(studio: StudioServer, tool: str) -> str:
    """What stands for a tool of the library."""
    return str(next(one["policy"] for one in seen(studio)["tool_list"] if one["tool"] == tool))
