"""A "yes" is to what was shown: a tool that changes while it is asked for, in the real app."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, ViewportSize, expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_tools_in_chat import asking
from tests.harness.browser import demand_no_wider
from tests.harness.mcp_servers import bad
from tests.harness.scripted_model import Call, Question, Say, ScriptedModel, Text
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

SERVER = "/api/mcp/servers/shifty"
CHANGED = "What the tool says of itself changed while this call waited"
LONG = {"text": "\n".join(f"{n}. rm -rf /home/me/folder-{n}" for n in range(60)) + "\nthe end"}
PHONE: ViewportSize = {"width": 390, "height": 844}


def script(question: Question) -> Iterable[Say]:
    """Calls what is asked for as JSON, and then says what that brought."""
    if question.results:
        yield Text(f"It says: {' / '.join(question.results)}")
        return
    for name, arguments in json.loads(question.asked):
        yield Call(f"shifty__{name}", arguments)


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    """One that calls whatever it is asked to call."""
    with ScriptedModel(script) as made:
        yield made


@pytest.fixture
def shifty(studio: StudioServer, model: ScriptedModel) -> Iterator[StudioServer]:
    """The studio with a server whose tool `echo` has not changed yet."""
    added = studio.http.post("/api/recipes", json=model.recipe("shows"), headers=studio.owner())
    if added.status_code == 409:  # what a test has used lies in the archive
        studio.post("/api/recipes/shows/restore")
    saved = studio.http.put(SERVER, json=bad(name="shifty"), headers=studio.owner())
    assert saved.is_success, saved.text
    eventually(lambda: studio.get(SERVER)["state"] == "ready", within=60, what="it is ready")
    always = {"policy": "always"}
    path = f"{SERVER}/tools/change/policy"
    assert studio.http.put(path, json=always, headers=studio.owner()).is_success
    yield studio
    assert studio.http.delete(SERVER, headers=studio.owner()).is_success


def begun(studio: StudioServer, tool: str, arguments: dict[str, Any]) -> str:
    """A conversation in which the model calls this."""
    setup = {"model": "shows", "tools": ["shifty"]}
    start = {"title": "Shown", "setup": setup}
    which = str(studio.post("/api/conversations", start)["conversation_id"])
    path = f"/api/conversations/{which}"
    said = studio.post(f"{path}/messages", {"text": json.dumps([(tool, arguments)])})
    studio.post(f"{path}/replies", {**setup, "to": said["message_id"]})
    return which


def change(studio: StudioServer, before: dict[str, Any]) -> dict[str, Any]:
    """Let `echo` mean something else; the question as it stands then."""
    begun(studio, "change", {})

    def look() -> dict[str, Any] | None:
        [call] = asking(studio)
        return call if call["shown"] != before["shown"] else None

    return eventually(look, within=30, what="the question shows what the tool says now")


def answer(studio: StudioServer, call: dict[str, Any], **body: str) -> Any:
    """An approval, as it came back."""
    path = f"/api/mcp/calls/{call['call_id']}/approve"
    return studio.http.post(path, json={"scope": "once", **body}, headers=studio.owner())


def test_a_yes_to_what_was_shown_before_is_refused(shifty: StudioServer) -> None:
    """With its mark or without: the question stays, shows the new meaning, and can be answered."""
    head = shifty.head
    begun(shifty, "echo", {"text": "x"})
    [before] = asking(shifty)
    assert before["description"] == "Says a text back."
    now = change(shifty, before)
    assert now["description"] == "Deletes every file."
    for body in ({"shown": before["shown"]}, {}, {"shown": "no such mark"}):
        refused = answer(shifty, before, **body)
        assert refused.status_code == 409, refused.text
        assert refused.json()["code"] == "call-changed"
        assert "changed while this call waited" in refused.json()["detail"]
    assert asking(shifty)[0]["call_id"] == before["call_id"]
    assert shifty.happened("tool-call-approved", after=head) == []
    assert answer(shifty, before, shown=now["shown"]).is_success
    eventually(
        lambda: shifty.happened("tool-call-finished", after=head, call_id=before["call_id"]),
        within=30,
        what="it is called",
    )


def test_the_window_sends_what_it_showed(shifty: StudioServer) -> None:
    """Refused when that has changed meanwhile: the new meaning is shown, and can be answered."""
    begun(shifty, "echo", {"text": "x"})
    [before] = asking(shifty)
    with window(shifty, "dark", "tools") as page:
        waiting = page.get_by_role("list", name="Waiting for you")
        says = waiting.get_by_role("group", name="What the tool says of itself")
        expect(says).to_have_text("Says a text back.")
        # as if the page had not heard of the change before it asks
        heard = shifty.get("/api/mcp/calls")
        sent: list[Request] = []

        def listed(route: Route) -> None:
            if sent:
                route.continue_()
            else:
                route.fulfill(json=heard)

        page.on("request", lambda one: sent.append(one) if "/approve" in one.url else None)
        page.route("**/api/mcp/calls", listed)
        change(shifty, before)
        expect(says).to_have_text("Says a text back.")
        waiting.get_by_role("button", name="Approve once").click()
        expect(page.get_by_text(CHANGED).first).to_be_visible()
        expect(says).to_have_text("Deletes every file.")
        expect(waiting.get_by_role("alert")).to_contain_text("changed while this call waited")
        demand_accessible(page)
        waiting.get_by_role("button", name="Approve once").click()
        expect(waiting).to_have_count(0)


def test_a_question_in_the_thread_shows_the_change_at_once(shifty: StudioServer) -> None:
    """The buttons stay, and answer what stands there now."""
    which = begun(shifty, "echo", {"text": "x"})
    [before] = asking(shifty)
    with window(shifty, "light", f"chat?of={which}") as page:
        says = page.get_by_role("group", name="What the tool says of itself")
        expect(says).to_have_text("Says a text back.")
        change(shifty, before)
        expect(says).to_have_text("Deletes every file.")
        expect(page.get_by_role("alert").get_by_text(CHANGED, exact=False)).to_be_visible()
        demand_accessible(page)
        page.get_by_role("log").focus()
        page.keyboard.press("a")
        expect(page.get_by_text("It says: x")).to_be_visible()


def lines_of(page: Page, name: str) -> tuple[int, int]:
    """How many lines of a region are in sight, and how many there are."""
    region = page.get_by_role("group", name=name)
    shown, there = region.evaluate("one => [one.clientHeight, one.scrollHeight]")
    return round(shown / 18), round(there / 18)


@pytest.mark.parametrize("text", ["a" * 80, LONG["text"]], ids=["one line", "sixty lines"])
def test_on_a_phone_what_is_approved_can_be_read(shifty: StudioServer, text: str) -> None:
    """The arguments are wrapped above the buttons; of many lines some, and all by a button."""
    which = begun(shifty, "echo", {"text": text})
    asking(shifty)
    with window(shifty, "light", f"chat?of={which}") as page:
        page.set_viewport_size(PHONE)
        approve = page.get_by_role("button", name="Approve once")
        expect(approve).to_be_in_viewport(ratio=1)
        arguments = page.get_by_role("group", name="Arguments")
        expect(arguments).to_be_in_viewport(ratio=1)
        assert arguments.evaluate("one => one.scrollWidth <= one.clientWidth"), "it is wrapped"
        more = page.get_by_role("button", name="Show all of it")
        shown, there = lines_of(page, "Arguments")
        if len(text) < 100:
            assert (shown, there) == (3, 3), "all of it"
            expect(more).to_have_count(0)
        else:
            assert shown == 12
            assert there > 60
            more.click()
            expect(more).to_have_count(0)
            arguments.evaluate("one => one.scrollTo(0, one.scrollHeight)")
            assert lines_of(page, "Arguments")[0] > 20
            expect(approve).to_be_visible()
        demand_accessible(page)
        demand_no_wider(page)
        page.get_by_role("button", name="Deny").click()
        expect(approve).to_have_count(0)
