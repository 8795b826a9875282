"""What is sent while an answer comes waits for its end, in sight, over the real app."""

import threading
from collections.abc import Iterable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_reading_in_the_window import unsent
from tests.harness.scripted_model import Hold, Question, Say, ScriptedModel, Text
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually


class Patient:
    """Answers the first question only when it is let."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def script(self, question: Question) -> Iterable[Say]:
        """It says back what it was asked."""
        if question.asked == "first":
            yield Text("I think about first")
            yield Hold(self.may_end)
        yield Text(f" · you said {question.asked}.")


@pytest.fixture
def patient(studio: StudioServer, request: pytest.FixtureRequest) -> Iterator[Patient]:
    """A model that takes its time, behind the studio."""
    made = Patient()
    name = request.node.name.replace("_", "-")[:40]
    with ScriptedModel(made.script) as model:
        studio.add(model.recipe(name))
        studio.load(name)
        yield made
        made.may_end.set()


def begun(page: Page) -> None:
    """An answer is under way, and two messages wait for its end."""
    box = page.get_by_role("textbox", name="Message")
    box.fill("first")
    box.press("Enter")
    expect(page.get_by_text("I think about first")).to_be_visible()
    for text in ("second", "third"):
        box.fill(text)
        box.press("Enter")
        expect(box).to_have_value("")
    expect(waiting(page)).to_have_count(2)


def waiting(page: Page) -> Locator:
    """What waits to be sent."""
    return page.get_by_role("list", name="Waiting to be sent").get_by_role("listitem")


def test_what_waits_is_sent_in_its_turn(studio: StudioServer, patient: Patient) -> None:
    """One of two is taken back, and stands where it was written; the other follows the answer."""
    with window(studio, "dark", "chat?of=new") as page:
        begun(page)
        demand_accessible(page)
        page.get_by_role("button", name="Take back: second").click()
        box = page.get_by_role("textbox", name="Message")
        expect(box).to_have_value("second")
        expect(waiting(page)).to_have_count(1)
        page.get_by_role("button", name="Send after this answer").click()
        eventually(
            lambda: "third\n\nsecond" in unsent(studio).values(),
            within=20,
            what="what waits is kept for the next window",
        )
        patient.may_end.set()
        log = page.get_by_role("log")
        expect(log.get_by_text("· you said third.")).to_be_visible()
        expect(log.get_by_text("· you said second.")).to_be_visible()
        expect(waiting(page)).to_have_count(0)
        expect(box).to_have_value("")
        eventually(lambda: unsent(studio) == {}, within=20, what="nothing is unsent")


def test_what_waits_for_an_answer_that_is_stopped_is_given_back(
    studio: StudioServer, patient: Patient
) -> None:
    """It may not fit any more: nothing is sent, nothing is lost. So does a reload."""
    with window(studio, "light", "chat?of=new") as page:
        begun(page)
        page.keyboard.press("Escape")
        expect(page.get_by_text("stopped", exact=True)).to_be_visible()
        box = page.get_by_role("textbox", name="Message")
        expect(box).to_have_value("second\n\nthird")
        expect(waiting(page)).to_have_count(0)
        page.reload()
        expect(box).to_have_value("second\n\nthird")
        box.fill("")
        eventually(lambda: unsent(studio) == {}, within=20, what="nothing is unsent")


def test_what_waits_is_sent_while_another_conversation_is_looked_at(
    studio: StudioServer, patient: Patient
) -> None:
    """It stays with its own; the other's box is empty."""
    with window(studio, "dark", "chat?of=new") as page:
        begun(page)
        which = page.url.partition("of=")[2]
        page.get_by_role("link", name="New chat").click()
        expect(waiting(page)).to_have_count(0)
        expect(page.get_by_role("textbox", name="Message")).to_have_value("")
        patient.may_end.set()
        eventually(
            lambda: len(studio.get(f"/api/conversations/{which}")["messages"]) == 6,
            within=60,
            what="all three are answered",
        )
        page.go_back()
        log = page.get_by_role("log")
        expect(log.get_by_text("· you said second.")).to_be_visible()
        expect(log.get_by_text("· you said third.")).to_be_visible()
        expect(waiting(page)).to_have_count(0)
        expect(page.get_by_role("textbox", name="Message")).to_have_value("")


def test_what_waits_for_an_answer_made_again_is_given_back_beside_the_former_one(
    studio: StudioServer, patient: Patient
) -> None:
    """Who has turned back to that when the new one ends finds the text in the box, and sends it."""
    patient.may_end.set()
    with window(studio, "light", "chat?of=new") as page:
        box, log = page.get_by_role("textbox", name="Message"), page.get_by_role("log")
        box.fill("first")
        box.press("Enter")
        expect(log.get_by_text("· you said first.")).to_be_visible()
        patient.may_end.clear()
        log.get_by_role("button", name="Regenerate").click()
        expect(log.get_by_text("2/2")).to_be_visible()
        expect(log.get_by_text("I think about first")).to_be_visible()
        box.fill("and then?")
        box.press("Enter")
        expect(waiting(page)).to_have_count(1)
        log.get_by_role("button", name="The one before").click()
        expect(log.get_by_text("1/2")).to_be_visible()
        patient.may_end.set()
        expect(box).to_have_value("and then?")
        expect(waiting(page)).to_have_count(0)
        expect(log.get_by_text("· you said and then?")).to_have_count(0)
        box.press("Enter")
        expect(log.get_by_text("· you said and then?")).to_be_visible()
