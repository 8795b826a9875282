"""Files in the window: chosen, dropped and pasted; seen before they are sent, and after."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.core.attachments.made import pdf, picture
from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.harness.browser import demand_no_wider
from tests.harness.scripted_model import Question, ScriptedModel, Text
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

HANDED = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))
  const handed = new DataTransfer()
  handed.items.add(new File([bytes], name, { type }))
  return handed
}"""

PASTED = """(box, clipboardData) => box.dispatchEvent(
  new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))"""


def says(question: Question) -> Iterator[Any]:
    """A model that answers with what it was shown."""
    content = question.messages[-1]["content"]
    shown = content if isinstance(content, list) else [content]
    yield Text(f"I was shown {len(shown)} parts.")


def handed(page: Page, name: str, mime: str, data: bytes) -> Any:
    """A file as it is dropped or pasted."""
    return page.evaluate_handle(HANDED, [name, mime, base64.b64encode(data).decode()])


def chip(page: Page, name: str) -> Locator:
    """A file that waits for its message."""
    return (
        page.get_by_role("list", name="Attached files")
        .get_by_role("listitem")
        .filter(has_text=name)
    )


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_files_are_chosen_dropped_pasted_and_sent(studio: StudioServer, theme: str) -> None:
    """What each takes is said before; the question shows them after; an edit keeps them."""
    with ScriptedModel(says) as model:
        studio.add(model.recipe(f"sees-{theme}"))
        studio.load(f"sees-{theme}")
        with window(studio, theme, "chat") as page:
            paper: FilePayload = {
                "name": "paper.pdf",
                "mimeType": "application/pdf",
                "buffer": pdf("A page of words", "", "and another"),
            }
            page.get_by_label("Attach files").and_(page.locator("input")).set_input_files([paper])
            expect(chip(page, "paper.pdf")).to_contain_text("3 pages · ≈")
            expect(chip(page, "paper.pdf")).to_contain_text("1 page has no text")
            box = page.get_by_role("textbox", name="Message")
            shot = handed(page, "shot.png", "image/png", picture("PNG", (2000, 1000)))
            middle = {"clientX": 700, "clientY": 300}
            page.dispatch_event("body", "dragenter", {"dataTransfer": shot, **middle})
            expect(page.get_by_text("Drop to attach")).to_be_visible()
            page.dispatch_event("body", "dragover", {"dataTransfer": shot, **middle})
            page.dispatch_event("body", "drop", {"dataTransfer": shot, **middle})
            expect(page.get_by_text("Drop to attach")).to_be_hidden()
            expect(chip(page, "shot.png")).to_contain_text("from 2000 × 1000 to 1536 × 768")
            pasted = handed(page, "notes.py", "text/x-python", b"print('canary')\n" * 30)
            box.evaluate(PASTED, pasted)
            expect(chip(page, "notes.py")).to_contain_text("tokens")
            expect(
                page.get_by_text(f"Whether sees-{theme} sees pictures is not known.")
            ).to_be_visible()
            demand_accessible(page)
            box.fill("What do you see?")
            box.press("Enter")
            expect(page.get_by_text("I was shown 4 parts.")).to_be_visible()
            [block, part, code, asked] = _in_order(model.asked[0].messages[-1]["content"])
            assert "[page 3 of 3]\nand another" in block
            assert part.startswith("data:image/png;base64,")
            assert code.startswith('<file name="notes.py">\nprint')
            assert asked == "What do you see?"

            question = page.get_by_role("article", name="You")
            expect(question.get_by_role("img")).to_have_count(0)  # said by its button
            expect(question.locator("img")).to_be_visible()
            demand_accessible(page)
            question.get_by_role("button", name="Open shot.png").click()
            large = page.get_by_role("dialog", name="shot.png")
            expect(large.get_by_role("img", name="shot.png")).to_be_visible()
            width = "image => image.naturalWidth"  # nothing before it has come
            eventually(
                lambda: large.get_by_role("img").evaluate(width) == 1536,
                within=30,
                what="all of it is there",
            )
            demand_accessible(page)
            page.keyboard.press("Escape")
            question.get_by_role("button", name="paper.pdf").click()
            told = page.get_by_role("dialog", name="paper.pdf")
            expect(told.get_by_text("[page 2 of 3]")).to_be_visible()
            demand_accessible(page)
            page.keyboard.press("Escape")

            question.hover()
            question.get_by_role("button", name="Edit").click()
            question.get_by_role("textbox").fill("")
            question.get_by_role("button", name="Send again").click()
            expect(page.get_by_text("I was shown 3 parts.")).to_be_visible()
            expect(question.get_by_text("2/2")).to_be_visible()
            expect(question.get_by_role("button", name="paper.pdf")).to_be_visible()
            page.reload()
            expect(question.locator("img")).to_be_visible()
            expect(page.get_by_text("I was shown 3 parts.")).to_be_visible()
            page.set_viewport_size({"width": 390, "height": 800})
            demand_no_wider(page)
            title = page.evaluate("document.title")
            assert title


def test_what_is_refused_is_said_at_its_place(studio: StudioServer) -> None:
    """The message waits until it is taken away; drafts and files stay while one looks elsewhere."""
    with ScriptedModel(says) as model:
        studio.add(model.recipe("refuses"))
        studio.load("refuses")
        with window(studio, "dark", "chat") as page:
            chooser = page.get_by_label("Attach files").and_(page.locator("input"))
            files: list[FilePayload] = [
                {"name": "all.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04" * 9},
                {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"some words"},
            ]
            chooser.set_input_files(files)
            expect(chip(page, "all.zip")).to_contain_text("this is an archive, not a text")
            expect(chip(page, "all.zip")).to_contain_text("unpack it")
            expect(chip(page, "notes.txt")).to_contain_text("tokens")
            demand_accessible(page)
            box = page.get_by_role("textbox", name="Message")
            box.fill("Read it")
            send = page.get_by_role("button", name="Send")
            expect(send).to_be_disabled()
            page.set_viewport_size({"width": 390, "height": 800})
            demand_no_wider(page)
            page.set_viewport_size({"width": 1280, "height": 800})
            page.get_by_role("link", name="Dashboard").first.click()
            page.get_by_role("link", name="Chat").first.click()
            expect(box).to_have_value("Read it")
            remove = page.get_by_role("button", name="Remove all.zip")
            remove.focus()
            page.keyboard.press("Enter")
            expect(chip(page, "all.zip")).to_have_count(0)
            expect(page.get_by_role("button", name="Remove notes.txt")).to_be_focused()
            send.click()
            eventually(lambda: model.asked, within=30, what="the question")
            expect(page.get_by_role("button", name="notes.txt")).to_be_visible()
            listed = page.get_by_role("navigation", name="Conversations")
            expect(listed.get_by_text("Read it")).to_be_visible()


def _in_order(content: list[dict[str, Any]]) -> list[str]:
    return [one.get("text") or one["image_url"]["url"] for one in content]
