"""Reading and writing in the chat: nothing moves under a reader, and nothing written is lost."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_pages_of_management import window
from tests.e2e.test_time_travel_in_the_window import go_to
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

FAST: dict[str, Any] = {"tokens": 20_000, "tokens_per_second": 150, "recipe": {"lane": "direct"}}
PLACE = "const e = document.querySelector('[role=log]');"
BELOW = f"(() => {{ {PLACE} return e.scrollHeight - e.scrollTop - e.clientHeight }})()"
TOP = f"(() => {{ {PLACE} return e.scrollTop }})()"
HEIGHT = f"(() => {{ {PLACE} return e.scrollHeight }})()"


@pytest.fixture
def talking(studio: StudioServer, request: pytest.FixtureRequest) -> StudioServer:
    """The studio with a model that has much to say."""
    model = request.node.name.replace("_", "-")[:40]  # of its own: names are not used again
    studio.add(sim_recipe(model, **FAST))
    studio.load(model)
    return studio


@pytest.fixture
def reading(talking: StudioServer) -> Iterator[tuple[StudioServer, Page]]:
    """The chat in a low window."""
    studio = talking
    with window(studio, "light", "chat?of=new") as page:
        page.set_viewport_size({"width": 1280, "height": 520})
        yield studio, page


def ask(page: Page, text: str) -> None:
    """Say it, and wait until the answer is longer than the window is high."""
    box = page.get_by_role("textbox", name="Message")
    box.fill(text)
    box.press("Enter")
    expect(page.get_by_text(words(8), exact=False)).to_be_visible()
    eventually(lambda: page.evaluate(TOP) > 200, within=60, what="it is longer than the window")


def test_who_goes_up_a_little_while_an_answer_comes_is_left_there(
    reading: tuple[StudioServer, Page],
) -> None:
    """As with a touchpad, by a few pixels; and is taken along again from the end on."""
    _, page = reading
    ask(page, "What is long?")
    page.locator("[role=log]").hover()
    for _ in range(4):
        page.mouse.wheel(0, -6)
        page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.get_by_role("button", name="To the newest")).to_be_visible()
    at, high = page.evaluate(TOP), page.evaluate(HEIGHT)
    eventually(lambda: page.evaluate(HEIGHT) > high + 200, within=60, what="it goes on")
    assert page.evaluate(TOP) == at, "what is read stays where it is"
    page.get_by_role("button", name="To the newest").click()
    high = page.evaluate(HEIGHT)
    eventually(lambda: page.evaluate(HEIGHT) > high + 200, within=60, what="it goes on")
    eventually(lambda: page.evaluate(BELOW) < 100, within=20, what="its end is in sight")
    page.keyboard.press("Escape")
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()


def test_escape_is_for_what_lies_over_the_page_first(reading: tuple[StudioServer, Page]) -> None:
    """A dialog or a search ends by it, and the answer that comes meanwhile goes on."""
    studio, page = reading
    ask(page, "What goes on?")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    search = page.get_by_role("navigation", name="Conversations").get_by_role("searchbox")
    search.fill("anything")
    search.press("Escape")
    expect(search).to_have_value("")
    which = page.url.partition("of=")[2]
    assert len(studio.get(f"/api/conversations/{which}/replies")["replies"]) == 1
    page.get_by_role("textbox", name="Message").press("Escape")
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()


def test_a_question_that_nobody_answered_can_be_answered(
    reading: tuple[StudioServer, Page],
) -> None:
    """As after an import, or when no model could be asked."""
    studio, page = reading
    said = {"messages": [{"role": "user", "content": "Is anybody there?"}]}
    body = {"text": json.dumps(said)}
    [which] = studio.post("/api/conversations/import", body)["imported"]
    page.goto(f"{studio.url}/chat?of={which}")
    page.get_by_role("button", name="Get an answer").click()
    expect(page.get_by_text(words(8), exact=False)).to_be_visible()
    expect(page.get_by_role("button", name="Get an answer")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()


def test_what_is_found_in_a_long_conversation_is_brought_into_sight(
    reading: tuple[StudioServer, Page],
) -> None:
    """Far from its end, which is where it opens."""
    studio, page = reading
    roles = ("user", "assistant")
    line = "Much is said here, and most of it is never looked for again. " * 6
    said = [{"role": roles[n % 2], "content": f"Message {n}. {line}"} for n in range(240)]
    said[31]["content"] = "Here the quartzite was named. " + line
    body = {"text": json.dumps({"title": "Of stones", "messages": said})}
    [which] = studio.post("/api/conversations/import", body)["imported"]
    listed = page.get_by_role("navigation", name="Conversations")
    listed.get_by_role("searchbox").fill("stones")
    expect(listed.get_by_role("link", name="Of stones")).to_be_visible()
    listed.get_by_role("searchbox").fill("quartzite named")
    found = listed.get_by_role("link", name="quartzite")
    expect(found).to_be_visible()
    found.click()
    expect(page).to_have_url(f"{studio.url}/chat?of={which}")
    named = page.get_by_role("log").get_by_text("Here the quartzite was named.")
    expect(named).to_be_in_viewport()


def test_all_conversations_go_into_one_file_that_brings_them_back(studio: StudioServer) -> None:
    """As another program's export comes in, with its branches."""
    before = len(studio.get("/api/conversations")["conversations"])
    nodes = {
        "q": {"parent": None, "message": said_by("user", "Who is Ahab?")},
        "a": {"parent": "q", "message": said_by("assistant", "A captain.")},
        "b": {"parent": "q", "message": said_by("assistant", "A king.")},
    }
    export = [{"title": "Whales", "mapping": nodes, "current_node": "a"}]
    studio.post("/api/conversations/import", {"text": json.dumps(export)})
    with window(studio, "dark", "chat?of=new") as page:
        page.get_by_role("link", name="Whales").click()
        log = page.get_by_role("log")
        expect(log.get_by_text("A captain.")).to_be_visible()
        expect(log.get_by_text("1/2")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Back up all").click()
        text = download.value.path().read_text()
    assert "Whales" in [one.get("title") for one in json.loads(text)]
    imported = studio.post("/api/conversations/import", {"text": text})["imported"]
    assert len(imported) == len(json.loads(text)) <= before + 1


def said_by(role: str, text: str) -> dict[str, Any]:
    """A message in ChatGPT's form."""
    content = {"content_type": "text", "parts": [text]}
    return {"author": {"role": role}, "content": content}


def test_what_is_written_outlasts_its_window(talking: StudioServer) -> None:
    """In a new conversation and in one that is there; what was sent is written no more."""
    studio = talking
    started = studio.post("/api/conversations", {"title": "Of letters"})["conversation_id"]
    with window(studio, "light", "chat?of=new") as page:
        page.get_by_role("textbox", name="Message").fill("Dear reader,")
        page.get_by_role("link", name="Of letters").click()
        expect(page.get_by_role("textbox", name="Message")).to_have_value("")
        page.get_by_role("textbox", name="Message").fill("and furthermore")
        eventually(
            lambda: unsent(studio) == {"": "Dear reader,", started: "and furthermore"},
            within=20,
            what="both are kept",
        )
    with window(studio, "light", f"chat?of={started}") as page:
        expect(page.get_by_role("textbox", name="Message")).to_have_value("and furthermore")
        page.goto(f"{studio.url}/chat?of=new")
        expect(page.get_by_role("textbox", name="Message")).to_have_value("Dear reader,")
        page.get_by_role("textbox", name="Message").press("Enter")
        expect(page.get_by_text(words(8), exact=False)).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("link", name="New chat").click()
        expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    eventually(
        lambda: unsent(studio) == {started: "and furthermore"},
        within=20,
        what="only what was not sent is left",
    )


def test_what_is_written_stands_after_a_look_at_the_past(talking: StudioServer) -> None:
    """Also where it was written a moment before, in a conversation that is not there yet."""
    then = talking.head - 1
    with window(talking, "light", "chat?of=new") as page:
        page.get_by_role("link", name="Timeline").click()
        expect(page.get_by_role("slider")).to_be_visible()
        page.get_by_role("link", name="Chat", exact=True).click()
        box = page.get_by_role("textbox", name="Message")
        box.fill("Dear past,")
        page.get_by_role("link", name="Timeline").click()
        go_to(page, then)
        expect(page.get_by_role("contentinfo")).to_contain_text("the past")
        page.get_by_role("link", name="Chat", exact=True).click()
        expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()
        expect(box).to_have_count(0)
        page.keyboard.press("Escape")
        expect(box).to_have_value("Dear past,")
        eventually(lambda: unsent(talking).get("") == "Dear past,", within=20, what="it is kept")
        box.fill("")
        eventually(lambda: "" not in unsent(talking), within=20, what="it is taken back")


def unsent(studio: StudioServer) -> dict[str, str]:
    """What the studio keeps of what is written, by its conversation; a new one has no id."""
    kept: dict[str, str] = studio.get("/api/conversations/unsent")["unsent"]
    return kept
