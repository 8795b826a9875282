"""The lifecycle from the window: sleep, wake, cancel, mend, and why something waits."""

import json

import pytest
from playwright.sync_api import expect

from tests.webui.conftest import Backend, Open

pytestmark = pytest.mark.real


def test_two_changes_at_once_are_both_shown_and_each_can_be_given_up(
    backend: Backend, open_page: Open
) -> None:
    """A line each with how far it is and what remains; cancelling names one of them."""
    backend.scene("two-changes")
    page = open_page("/")
    under_way = page.locator("section", has=page.get_by_role("heading", name="Under way"))
    lines = under_way.get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("Loading 62%")
    expect(lines.first).to_contain_text("~30 s left")
    expect(lines.last).to_contain_text("taking longer")
    under_way.get_by_role("button", name="Cancel the change: Mistral").click()
    expect(page.get_by_role("heading", name="Under way")).to_have_count(0)
    assert backend.asked("/api/cancel")[-1]["target"] == "mistral"


def test_who_waits_is_told_why_and_a_waiting_request_is_given_up_at_once(
    backend: Backend, open_page: Open
) -> None:
    """The reason in the studio's words, and each request with the id that cancels it."""
    backend.scene("two-changes")
    page = open_page("/")
    expect(page.get_by_text("2 requests wait for Qwen3-32B-AWQ")).to_be_visible()
    expect(page.get_by_text("gemma3 has been here for less than 30 s")).to_be_visible()
    page.get_by_role("button", name="Cancel the request req-b3").click()
    expect(page.get_by_text("1 request waits for Qwen3-32B-AWQ")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the request req-b3")).to_have_count(0)
    assert backend.asked("/api/cancel")[-1]["request_id"] == "req-b3"


def test_a_running_request_is_cancelled_only_after_a_question(
    backend: Backend, open_page: Open
) -> None:
    """It is cut in the middle of an answer, so that is confirmed first."""
    backend.scene("busy")
    page = open_page("/")
    before = len(backend.asked("/api/cancel"))
    page.get_by_role("button", name="Cancel the request req-0").click()
    dialog = page.get_by_role("dialog", name="Cancel a running request to qwen3-32b?")
    expect(dialog).to_be_visible()
    assert len(backend.asked("/api/cancel")) == before
    dialog.get_by_role("button", name="Cancel the request").click()
    expect(page.get_by_role("button", name="Cancel the request req-0")).to_have_count(0)
    expect(page.get_by_role("heading", name="Requests 5 running")).to_be_visible()


def test_a_model_is_put_to_sleep_and_woken(backend: Backend, open_page: Open) -> None:
    """Sleep is offered where it is possible; asleep, the next step is to wake it."""
    backend.scene("busy")
    page = open_page("/")
    actions = page.locator(".hero .actions")
    actions.get_by_role("button", name="Sleep").click()
    row = page.get_by_role("row", name="Qwen3-32B-AWQ")
    expect(row.get_by_text("Asleep")).to_be_visible()
    expect(row.get_by_text("level 1")).to_be_visible()
    assert backend.asked("/api/sleep")[-1]["target"] == "qwen3-32b"
    backend.hold("loading weights 7/14")
    row.focus()
    page.keyboard.press("z")
    expect(row.get_by_text("Loading 46%")).to_be_visible()
    backend.hold("")
    expect(row.get_by_text("Ready")).to_be_visible()
    assert backend.asked("/api/switch")[-1]["target"] == "qwen3-32b"
    page.goto(backend.url + "/timeline")
    expect(page.get_by_text("qwen3-32b fell asleep at level 1 after 2.1 s.")).to_be_visible()


def test_rows_have_keys_for_what_can_be_done(backend: Backend, open_page: Open) -> None:
    """Shift Enter loads beside what is there, Delete evicts."""
    backend.scene("busy")
    page = open_page("/")
    page.get_by_role("row", name="Mistral-Small").focus()
    with page.expect_request("**/api/load") as asked:
        page.keyboard.press("Shift+Enter")
    assert json.loads(asked.value.post_data or "")["target"] == "mistral"
    page.get_by_role("row", name="Qwen3-32B-AWQ").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("row", name="Qwen3-32B-AWQ").get_by_text("Stopped")).to_be_visible()
    assert backend.asked("/api/evict")[-1]["target"] == "qwen3-32b"


def test_the_quick_switch_sleeps_wakes_and_tells_what_a_load_takes(
    backend: Backend, open_page: Open
) -> None:
    """Each model with its expected time and its memory; sleeping is a word away."""
    backend.scene("busy")
    page = open_page("/")
    expect(page.get_by_role("heading", name="Qwen3-32B-AWQ")).to_be_visible()
    page.keyboard.press("Control+k")
    mistral = page.get_by_role("option", name="Mistral-Small")
    expect(mistral.get_by_text("loads in ~22 s")).to_be_visible()
    expect(mistral.get_by_role("img", name="weights 13.4")).to_be_visible()
    expect(page.get_by_role("option").get_by_text("Loading 62% · ~30 s left")).to_be_visible()
    page.keyboard.type("sleep")
    expect(page.get_by_role("dialog").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Qwen3-32B-AWQ").get_by_text("Asleep")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("wake")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("Wake")
    with page.expect_request("**/api/switch"):
        page.keyboard.press("Enter")


def test_a_failure_is_mended_and_tried_again_in_one_click(
    backend: Backend, open_page: Open
) -> None:
    """What will change is shown; the recipe is written, then switched to; it can be taken back."""
    backend.scene("failed")
    page = open_page("/")
    failure = page.get_by_role("group", name="Failed")
    expect(failure.get_by_text("40,960")).to_be_visible()
    expect(failure.get_by_text("24,576", exact=True)).to_be_visible()
    with page.expect_request("**/api/recipes/ds-r1?expected_revision=3") as saved:
        failure.get_by_role("button", name="Apply and try again").click()
    written = json.loads(saved.value.post_data or "")
    assert (written["context_length"], written["tensor_parallel"]) == (24576, 2)
    expect(page.get_by_role("row", name="DeepSeek").get_by_text("Ready")).to_be_visible()
    assert backend.asked("/api/switch")[-1]["target"] == "ds-r1"
    with page.expect_request("**/api/recipes/ds-r1?expected_revision=4") as undone:
        page.get_by_role("button", name="Undo").click()
    assert json.loads(undone.value.post_data or "")["context_length"] == 40960


def test_what_does_not_fit_is_mended_in_the_editor(backend: Backend, open_page: Open) -> None:
    """The verdict, by how much, and what would fit; a click puts it into the form, unsaved."""
    backend.scene("will-not-fit")
    page = open_page("/")
    page.get_by_role("row", name="Llama").get_by_role("link", name="needs 30.0 of 22.1").click()
    memory = page.get_by_role("region", name="Memory")
    expect(memory.get_by_text("It does not fit: of GPU 0")).to_be_visible()
    expect(memory.get_by_text("7.9 GiB short").first).to_be_visible()
    memory.get_by_role("button", name="Lower context_length to 24576").click()
    expect(memory.get_by_text("It fits.")).to_be_visible()
    expect(page.get_by_label("Context length", exact=True)).to_have_value("24576")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Revert").click()
    expect(memory.get_by_text("It does not fit")).to_be_visible()


def test_a_remedy_of_a_field_that_was_not_shown_is_saved_too(
    backend: Backend, open_page: Open
) -> None:
    """It is shown now; it stands in the file beside the form and is saved."""
    backend.scene("will-not-fit")
    page = open_page("/recipes?of=llama-70b")
    offer = {"patch": {"cpu_offload_gib": 12.0}, "sentence": "Set cpu_offload_gib to 12."}
    report = page.request.get(f"{backend.url}/api/recipes/llama-70b/fit").json()
    report["remedies"] = [offer | {"needs": 1, "allowed": 2}]
    page.route("**/api/recipes/llama-70b/fit", lambda route: route.fulfill(json=report))
    page.reload()
    page.get_by_role("button", name="Set cpu_offload_gib").click()
    expect(page.get_by_label("Offload to memory", exact=True)).to_have_value("12")
    page.get_by_role("button", name="As a file").click()
    expect(page.locator("pre").get_by_text("cpu_offload_gib = 12")).to_be_visible()
    with page.expect_request("**/api/recipes/llama-70b?expected_revision=3") as saved:
        page.get_by_role("button", name="Save", exact=True).click()
    assert json.loads(saved.value.post_data or "")["cpu_offload_gib"] == 12


def test_an_estimate_never_stands_in_the_way_of_saving(backend: Backend, open_page: Open) -> None:
    """While the answer is out, the recipe can be saved."""
    backend.scene("busy")
    page = open_page("/recipes?of=mistral")
    memory = page.get_by_role("region", name="Memory")
    expect(memory.get_by_text("It fits.")).to_be_visible()
    page.route("**/api/recipes/fit", lambda route: None)  # asked, and never answered
    page.get_by_label("Name", exact=True).fill("Another")
    expect(memory.get_by_text("estimating …")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("revision 4")).to_be_visible()
    expect(memory.get_by_text("from earlier runs")).to_be_visible()


def test_what_runs_otherwise_than_its_recipe_is_started_anew(
    backend: Backend, open_page: Open
) -> None:
    """The note says so, and its button switches to the model that is already resident."""
    backend.scene("changed")
    page = open_page("/")
    note = page.get_by_role("note").filter(has_text="It runs as its recipe was before.")
    with page.expect_request("**/api/switch") as asked:
        note.get_by_role("button", name="Start anew").click()
    assert json.loads(asked.value.post_data or "")["target"] == "qwen3-32b"
    expect(note).to_have_count(0)


def test_what_failed_too_often_says_until_when_and_can_be_tried_by_hand(
    backend: Backend, open_page: Open
) -> None:
    """Requests are refused for a while; a person is always obeyed."""
    backend.scene("blocked")
    page = open_page("/")
    expect(page.get_by_text("requests for it are refused until")).to_be_visible()
    expect(page.get_by_text("By hand it can be started at any time.")).to_be_visible()
    expect(page.get_by_role("row", name="DeepSeek").get_by_text("left alone until")).to_be_visible()
    with page.expect_request("**/api/switch"):
        page.get_by_role("button", name="Try again", exact=True).click()


def test_what_is_left_alone_can_be_evicted(backend: Backend, open_page: Open) -> None:
    """It runs and is not used: why, and the way to be rid of it."""
    backend.scene("left-alone")
    page = open_page("/")
    expect(page.get_by_text("It was started with other settings")).to_be_visible()
    page.locator(".hero .actions").get_by_role("button", name="Evict").click()
    expect(page.get_by_role("row", name="Qwen3-32B-AWQ").get_by_text("Stopped")).to_be_visible()
    assert backend.asked("/api/evict")[-1]["target"] == "qwen3-32b"
