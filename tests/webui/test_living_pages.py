"""What the window does: switching, chatting, writing recipes, following, and losing the studio."""

import json
import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import copied
from tests.harness.toasts import undo
from tests.webui.conftest import Backend, Open

pytestmark = pytest.mark.real


def test_the_token_leaves_the_address_and_says_who_asks(backend: Backend, open_page: Open) -> None:
    """`/#owner=TOKEN` becomes headers; the address and the history keep nothing."""
    backend.scene("busy")
    page = open_page("/#owner=t0ken")
    expect(page.get_by_role("heading", name="Qwen3-32B-AWQ")).to_be_visible()
    assert page.url == backend.url + "/"
    with page.expect_request("**/api/switch") as caught:
        page.get_by_role("row", name="Mistral-Small").click()
    headers = caught.value.headers
    assert (headers["x-studio-owner"], headers["x-studio-actor"]) == ("t0ken", "window")


def test_enter_on_a_row_switches_and_the_page_follows(backend: Backend, open_page: Open) -> None:
    """Focus, Enter; the load is shown step by step and the model becomes the resident one."""
    backend.scene("busy")
    backend.hold("loading weights 7/14")
    page = open_page("/")
    page.get_by_role("row", name="Mistral-Small").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("loading weights 7/14").first).to_be_visible()
    expect(page.get_by_text("Loading 46%").first).to_be_visible()
    backend.hold("")
    expect(page.get_by_role("heading", name="Mistral-Small-3.2-24B")).to_be_visible()
    expect(page.locator("footer").get_by_text("Mistral-Small-3.2-24B")).to_be_visible()
    assert backend.asked("/api/switch")[-1]["force"] is False


def test_the_quick_switch_finds_and_switches(backend: Backend, open_page: Open) -> None:
    """Ctrl K, a few letters, Enter; what is already resident is not what stands first."""
    backend.scene("busy")
    page = open_page("/timeline")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("24b mis")
    first = page.get_by_role("dialog").get_by_role("option").first
    expect(first).to_contain_text("Mistral-Small")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("mistral answers after 12.0 s.")).to_be_visible()
    assert backend.asked("/api/switch")[-1]["target"] == "mistral"


def test_cutting_running_requests_asks_first(backend: Backend, open_page: Open) -> None:
    """A change that drains offers to cut; nothing is sent before it is confirmed."""
    backend.scene("draining")
    page = open_page("/")
    page.get_by_role("button", name="Cut now").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Cut 6 running requests?")).to_be_visible()
    before = len(backend.asked("/api/switch"))
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert len(backend.asked("/api/switch")) == before
    page.get_by_role("button", name="Cut now").click()
    with page.expect_request("**/api/switch") as caught:
        dialog.get_by_role("button", name="Cut and go on").click()
    assert json.loads(caught.value.post_data or "") == {
        "target": "mistral",
        "force": True,
        "wait": False,
    }


def test_a_failure_says_why_and_what_to_do(backend: Backend, open_page: Open) -> None:
    """The reason, the decisive line of the log and the next action, also on a page opened later."""
    backend.scene("failed")
    failure = open_page("/").get_by_role("group", name="Failed")
    expect(failure.get_by_text("CUDA ran out of memory while making room")).to_be_visible()
    expect(failure.get_by_text("torch.OutOfMemoryError")).to_be_visible()
    expect(failure.get_by_text("Next: set the context length to 24,576")).to_be_visible()


def test_a_dash_stands_where_nothing_was_measured(backend: Backend, open_page: Open) -> None:
    """An engine that reports nothing has six dashes, not six zeros."""
    backend.scene("cpu")
    cells = open_page("/").get_by_role("region", name="Measurements").locator("b")
    expect(cells).to_have_text(["–"] * 6)


def test_the_demo_is_one_button_and_shows_its_progress(backend: Backend, open_page: Open) -> None:
    """The first run: a press, then the runtime's installation step by step."""
    backend.scene("empty")
    backend.hold("downloading transformers")
    page = open_page("/")
    page.get_by_role("button", name="Set up the demo").click()
    expect(page.get_by_text("downloading transformers")).to_be_visible()
    expect(page.get_by_text("Installing 52%")).to_be_visible()
    backend.hold("")
    expect(page.get_by_text("compiling bytecode")).to_be_visible()
    assert backend.asked("/api/demo")[-1]["action"] == "setup"


def test_an_answer_streams_with_code_table_and_formula(backend: Backend, open_page: Open) -> None:
    """Reasoning is folded, code is coloured, formulas are drawn, and it says what it took."""
    backend.scene("busy")
    page = open_page("/chat")
    ask(page, "How does a switch work?")
    answer = page.get_by_role("article", name="Answer of Qwen3-32B-AWQ")
    expect(answer.get_by_text("gateway lane")).to_be_visible()
    expect(answer.get_by_text("tok/s")).to_be_visible()
    expect(answer.locator(".hljs-keyword").first).to_be_visible()
    expect(answer.locator("math")).to_have_count(1)
    expect(answer.locator("table")).to_have_count(1)
    expect(answer.get_by_text("The user wants to know")).to_have_count(0)
    answer.get_by_role("button", name="Thought").click()
    expect(answer.get_by_text("The user wants to know")).to_be_visible()
    answer.get_by_role("button", name="Copy the code").click()
    assert copied(page, "from openai").startswith("from openai import")


def test_an_answer_can_be_stopped_and_asked_again(backend: Backend, open_page: Open) -> None:
    """Escape ends it and keeps what came; regenerate asks the same again."""
    backend.scene("busy")
    page = open_page("/chat")
    ask(page, "Count for me")
    expect(page.get_by_text("1 2 3 4 5 6 7 8", exact=False)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    before = len(backend.asked("replies"))
    page.get_by_role("button", name="Regenerate").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.keyboard.press("Escape")
    asked = backend.asked("replies")
    assert len(asked) == before + 1
    assert asked[-1]["to"] == asked[-2]["to"], "the same question"
    expect(page.get_by_text("2/2")).to_be_visible()
    page.get_by_role("button", name="The one before").click()
    expect(page.get_by_text("1/2")).to_be_visible()


def test_naming_a_model_that_is_not_resident_shows_the_wait(
    backend: Backend, open_page: Open
) -> None:
    """The picker names another model; the message waits, and says for what."""
    backend.scene("busy")
    page = open_page("/chat")
    backend.hold("loading weights 11/14")
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="Mistral-Small").click()
    ask(page, "Hello")
    waiting = page.get_by_role("article").get_by_role("status")
    expect(waiting.get_by_text("Mistral-Small-3.2-24B is loading")).to_be_visible()
    expect(waiting.get_by_text("loading weights 11/14")).to_be_visible()
    backend.hold("")
    expect(page.get_by_text("I answer from this machine.")).to_be_visible()
    expect(page.get_by_text("with the wait for the model")).to_be_visible()


def test_a_refused_chat_says_why(backend: Backend, open_page: Open) -> None:
    """The studio's own sentence stands where the answer would."""
    backend.scene("busy")
    page = open_page("/chat")
    ask(page, "Refuse me")
    expect(page.get_by_role("alert").get_by_text("qwen3-32b could not be started")).to_be_visible()


def test_a_reply_goes_on_without_the_page_and_is_erased_for_ever(
    backend: Backend, open_page: Open
) -> None:
    """A reload in the middle of it loses nothing; erasing asks first."""
    backend.scene("busy")
    page = open_page("/chat", forgive=("net::",))
    ask(page, "Count for me")
    expect(page.get_by_text("1 2 3 4 5 6 7 8", exact=False)).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 2 3 4 5 6 7 8", exact=False)).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    page.get_by_role("button", name="Erase the conversation").click()
    page.get_by_role("dialog").get_by_role("button", name="Erase for ever").click()
    expect(page.get_by_text("1 2 3 4 5 6 7 8", exact=False)).to_have_count(0)


def test_a_question_is_changed_beside_the_former_one(backend: Backend, open_page: Open) -> None:
    """E changes the last question; both ways stay, and the brackets turn between answers."""
    backend.scene("busy")
    page = open_page("/chat")
    ask(page, "Hello there")
    expect(page.get_by_text("gateway lane")).to_be_visible()
    page.get_by_role("article", name="You").click()
    page.keyboard.press("e")
    box = page.get_by_role("textbox", name="Edit")
    expect(box).to_have_value("Hello there")
    box.fill("Hello again")
    box.press("Enter")
    expect(page.get_by_text("Hello again", exact=True).last).to_be_visible()
    expect(page.get_by_text("Hello there", exact=True)).to_have_count(1)  # its title in the list
    question = page.get_by_role("article", name="You")
    expect(question.get_by_text("2/2")).to_be_visible()
    question.get_by_role("button", name="The one before").click()
    expect(question.get_by_text("Hello there")).to_be_visible()


def test_the_server_s_word_on_a_field_stands_at_the_field(
    backend: Backend, open_page: Open
) -> None:
    """A refused save names the field, focuses it and keeps what was typed; a good one is saved."""
    backend.scene("busy")
    page = open_page("/recipes?of=qwen3-32b", forgive=("400",))
    field = page.get_by_label("Memory fraction", exact=True)
    field.fill("1.5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("memory_fraction should be more than 0").first).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("0.85")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("It runs as its recipe was before.")).to_be_visible()
    expect(page.get_by_text("revision 4")).to_be_visible()
    extra = page.get_by_label("Extra arguments", exact=True)
    assert extra.input_value() == "--enable-chunked-prefill"


def test_a_recipe_is_made_cloned_archived_and_brought_back(
    backend: Backend, open_page: Open
) -> None:
    """The whole life of a recipe, with undo where something goes away."""
    backend.scene("busy")
    page = open_page("/recipes")
    page.get_by_role("link", name="New recipe").click()
    page.get_by_label("Id", exact=True).fill("phi-4")
    page.get_by_label("Model", exact=True).fill("microsoft/phi-4")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="phi-4")).to_be_visible()
    expect(page).to_have_url(f"{backend.url}/recipes?of=phi-4")
    page.get_by_role("button", name="Clone").click()
    page.get_by_role("dialog").get_by_role("button", name="Make the copy").click()
    expect(page.get_by_role("heading", name="phi-4-2")).to_be_visible()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_text("phi-4-2 was archived.")).to_be_visible()
    undo(page, "phi-4-2 was archived.")
    expect(page.get_by_text("phi-4-2 is back.")).to_be_visible()


def test_unsaved_work_is_not_lost_by_a_stray_click(backend: Backend, open_page: Open) -> None:
    """Leaving asks; staying keeps what was typed."""
    backend.scene("busy")
    page = open_page("/recipes?of=qwen3-32b")
    page.get_by_label("Name", exact=True).fill("Another name")
    page.get_by_role("link", name="Logs").click()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Another name")
    page.get_by_role("link", name="Logs").click()
    dialog.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Logs")).to_be_visible()


def test_logs_follow_until_one_scrolls_up(backend: Backend, open_page: Open) -> None:
    """New lines come by themselves; scrolled up, they are counted instead; a filter narrows."""
    backend.scene("busy")
    page = open_page("/logs?of=qwen3-32b")
    log = page.get_by_role("log")
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    expect(page.get_by_text(re.compile(r"2[6-9]\d lines"))).to_be_visible()  # more by the second
    rows = log.locator(".line")
    assert rows.count() < 100, "only the lines in sight exist"
    log.hover()
    page.mouse.wheel(0, -600)
    expect(page.get_by_role("button", name="new")).to_be_visible()
    page.get_by_label("Filter, as a regular expression").fill("^ERROR|ValueError")
    expect(rows).to_have_count(2)
    page.get_by_label("Filter, as a regular expression").fill("(")
    expect(page.get_by_text("Not a regular expression")).to_be_visible()


def test_a_log_that_does_not_exist_yet_is_said_so(backend: Backend, open_page: Open) -> None:
    """With the command that follows it, once there is one."""
    backend.scene("busy")
    page = open_page("/logs?of=mistral", forgive=("404",))
    expect(page.get_by_text("There is no log of Mistral-Small-3.2-24B yet")).to_be_visible()
    expect(page.get_by_text("vllm-studio logs -f mistral")).to_be_visible()


def test_the_timeline_is_live_and_goes_back_to_the_beginning(
    backend: Backend, open_page: Open
) -> None:
    """Facts appear as they happen, older ones on request, each once, down to the first."""
    backend.scene("busy")
    page = open_page("/timeline")
    entries = page.get_by_role("main").locator("li")
    newest = page.locator("main li .position").first.inner_text()
    older = page.get_by_role("button", name="Load older")
    older.dispatch_event("click")  # who scrolls to it sees it go: older ones come by that, too
    expect(page.get_by_text("This is where the log begins.")).to_be_attached()
    assert seen_by_scrolling(page) == [str(n) for n in range(int(newest), 0, -1)]
    httpx.post(f"{backend.url}/api/evict", json={"target": None}, timeout=60).raise_for_status()
    expect(entries.first).to_contain_text("a client")


def test_keys_lead_everywhere(backend: Backend, open_page: Open) -> None:
    """G and a letter go to a page, J and K walk its rows, ? shows them all."""
    backend.scene("busy")
    page = open_page("/")
    expect(page.get_by_role("heading", name="Qwen3-32B-AWQ")).to_be_visible()
    for key, title in (("r", "Recipes"), ("l", "Logs"), ("t", "Timeline"), ("d", "Dashboard")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.locator("main h1")).to_have_text(title)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("row", name="gemma-3-27b-it")).to_be_focused()
    page.keyboard.press("k")
    expect(page.get_by_role("row", name="Qwen3-32B-AWQ")).to_be_focused()


def test_a_lost_studio_is_said_and_the_page_stays(backend: Backend, open_page: Open) -> None:
    """A thin bar with a countdown; the last picture stays; on return it goes on by itself."""
    backend.scene("busy")
    page = open_page("/", forgive=("ERR_CONNECTION", "net::", "ERR_INCOMPLETE"))
    expect(page.get_by_role("heading", name="Qwen3-32B-AWQ")).to_be_visible()
    backend.stop()
    expect(page.get_by_text("vLLM Studio does not answer.")).to_be_visible()
    expect(page.get_by_role("heading", name="Qwen3-32B-AWQ")).to_be_visible()
    expect(page.locator("footer").get_by_text("not connected")).to_be_visible()
    backend.start("cpu")
    came = page.get_by_role("heading", name="Studio demo")  # by itself just now, it may be
    page.get_by_role("button", name="Retry now").or_(came).first.wait_for()
    page.get_by_role("button", name="Retry now").evaluate_all("all => all.forEach(e => e.click())")
    expect(came).to_be_visible()
    expect(page.get_by_text("vLLM Studio does not answer.")).to_have_count(0)


def seen_by_scrolling(page: Page) -> list[str]:
    """The positions that a reader comes by, newest first; what is far is not drawn."""
    script = """async () => {
        const list = document.querySelector('[data-list]'), seen = []
        for (let at = 0; at <= list.scrollHeight; at += 200) {
            list.scrollTop = at
            for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame)
            for (const one of list.querySelectorAll('li .position'))
                if (!seen.includes(one.textContent)) seen.push(one.textContent)
        }
        list.scrollTop = 0
        return seen.map((one) => one.replace(/\\D/g, ''))
    }"""
    seen: list[str] = page.evaluate(script)
    return seen


def ask(page: Page, text: str) -> None:
    """Write into the chat and send."""
    box = page.get_by_role("textbox", name="Message")
    box.fill(text)
    box.press("Enter")
