"""The inspector, presets, titles and comparing, in the window over the real app."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_pages_of_management import demand_accessible, window
from tests.e2e.test_setup_of_conversations import title
from tests.harness.browser import demand_no_wider
from tests.harness.scripted_model import ScriptedModel
from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

DIRECT: dict[str, Any] = {"lane": "direct"}


def inspector(page: Page) -> Locator:
    """What stands beside the thread."""
    return page.get_by_role("complementary", name="Inspector")


def set_up(page: Page, name: str) -> None:
    """Choose a parameter to be set."""
    inspector(page).get_by_role("button", name="Set a parameter").click()
    page.get_by_role("menuitem", name=name).click()


def say(page: Page, text: str) -> None:
    """Send a message."""
    box = page.get_by_role("textbox", name="Message")
    box.fill(text)
    box.press("Enter")


def chats_seen(studio: StudioServer, recipe: str) -> list[dict[str, Any]]:
    """The chat completions that an engine was asked for, titles not among them."""
    seen = answers_seen_by(studio.engines()[recipe]["port"])
    asked = [one["body"] for one in seen if one["path"] == "/v1/chat/completions"]
    return [body for body in asked if body.get("max_tokens") != 32]


def demand_kept(studio: StudioServer, page: Page, **parameters: object) -> None:
    """The studio keeps these with the conversation: it does, a moment after the last change."""
    path = f"/api/conversations/{page.url.rpartition('of=')[2]}"
    eventually(
        lambda: parameters.items() <= studio.get(path)["setup"].get("parameters", {}).items(),
        within=20,
        what=f"{parameters} are kept",
    )


def test_what_is_set_up_is_kept_sent_and_taken_back(studio: StudioServer) -> None:
    """A wrong number is told at its field and not sent; the meter tells what is too long."""
    studio.add(sim_recipe("inspected", tokens=6, max_model_len=128, recipe=DIRECT))
    studio.load("inspected")
    with window(studio, "dark", "chat?of=new") as page:
        choose(page, "inspected")
        inspector(page).get_by_role("textbox", name="System prompt").fill("Be a heron.")
        set_up(page, "Temperature")
        number = inspector(page).get_by_role("textbox", name="Temperature")
        number.fill("7")
        expect(inspector(page).get_by_text("0 to 2")).to_be_visible()
        number.fill("0.3")
        expect(inspector(page).get_by_text("usually 1")).to_be_visible()
        say(page, "Who are you?")
        expect(page.get_by_text(words(6))).to_be_visible()
        [body] = chats_seen(studio, "inspected")
        assert body["temperature"] == 0.3
        assert body["messages"][0] == {"role": "system", "content": "Be a heron."}

        expect(inspector(page).get_by_text("Counted by the engine.")).to_be_visible()
        expect(inspector(page).get_by_text("of 128")).to_be_visible()
        set_up(page, "Longest answer")
        inspector(page).get_by_role("textbox", name="Longest answer").fill("500")
        expect(page.get_by_text("tokens too many for inspected")).to_be_visible()
        expect(page.get_by_text("keep less for the answer")).to_be_visible()
        demand_accessible(page)
        inspector(page).get_by_role("button", name="Reset all").click()
        expect(inspector(page).get_by_text("Everything is as the model has it.")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(inspector(page).get_by_role("textbox", name="Longest answer")).to_have_value("500")
        demand_kept(studio, page, temperature=0.3, max_tokens=500)
        page.reload()
        expect(inspector(page).get_by_role("textbox", name="Temperature")).to_have_value("0.3")
        prompt = inspector(page).get_by_role("textbox", name="System prompt")
        expect(prompt).to_have_value("Be a heron.")


def choose(page: Page, name: str) -> None:
    """Choose a model by its name."""
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name=name).click()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_preset_is_saved_from_the_inspector_and_begun_with(
    studio: StudioServer, theme: str
) -> None:
    """From the quick switch; removed, it can be taken back."""
    name, recipe = f"Heron {theme}", f"presets-{theme}"
    studio.add(sim_recipe(recipe, tokens=5, recipe=DIRECT))
    studio.load(recipe)
    with window(studio, theme, "chat?of=new") as page:
        choose(page, recipe)
        inspector(page).get_by_role("textbox", name="System prompt").fill(f"Fish, {theme}.")
        inspector(page).get_by_role("button", name="What can be done with presets").click()
        page.get_by_role("menuitem", name="Save as a preset").click()
        page.get_by_role("dialog").get_by_role("textbox", name="Name").fill(name)
        demand_accessible(page)
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(inspector(page).get_by_role("combobox", name="Preset")).to_have_value(name)
        say(page, "Hello")
        expect(page.get_by_role("log").get_by_text(words(5))).to_be_visible()

        page.keyboard.press("Control+k")
        page.get_by_role("dialog").get_by_role("combobox").fill(name)
        expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("log").get_by_text(words(5))).to_have_count(0)  # another begins
        prompt = inspector(page).get_by_role("textbox", name="System prompt")
        expect(prompt).to_have_value(f"Fish, {theme}.")
        prompt.fill("Swim.")
        expect(inspector(page).get_by_text(f"{name}, changed")).to_be_attached()
        say(page, "Hello again")
        expect(page.get_by_role("log").get_by_text(words(5))).to_be_visible()
        first, second = chats_seen(studio, recipe)
        assert first["messages"][0]["content"] == f"Fish, {theme}."
        assert second["messages"][0]["content"] == "Swim."

        inspector(page).get_by_role("button", name="What can be done with presets").click()
        page.get_by_role("menuitem", name="Presets").click()
        expect(page.get_by_role("dialog").get_by_text(name)).to_be_visible()
        demand_accessible(page)
        page.get_by_role("button", name=f"Remove {name}").click()
        expect(page.get_by_role("dialog").get_by_text(name)).to_have_count(0)
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Undo").click()
        eventually(
            lambda: [one for one in studio.get("/api/presets")["presets"] if one["name"] == name],
            within=20,
            what="it is back",
        )


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_two_models_answer_side_by_side(studio: StudioServer, theme: str) -> None:
    """Each loads for it; on a narrow window they are tabs; one of them is gone on with."""
    names = [f"beside-one-{theme}", f"beside-two-{theme}"]
    for at, name in enumerate(names):
        studio.add(sim_recipe(name, tokens=5 + at, load_seconds=0.5, recipe=DIRECT))
    with window(studio, theme, "chat?of=new") as page:
        choose(page, names[0])
        page.get_by_role("button", name="Compare with").click()
        page.get_by_role("dialog").get_by_role("checkbox", name=names[1]).check()
        demand_accessible(page)
        page.get_by_role("dialog").get_by_role("button", name="Compare").click()
        say(page, "Who?")
        beside = page.get_by_role("region", name="Answers side by side")
        for at, name in enumerate(names):
            column = beside.get_by_role("region", name=name)
            expect(column.get_by_text(words(5 + at), exact=True)).to_be_visible()
            expect(column.get_by_text("first token")).to_be_visible()
        demand_accessible(page)

        page.set_viewport_size({"width": 390, "height": 844})
        tabs = beside.get_by_role("tab")
        expect(tabs).to_have_count(2)
        expect(beside.get_by_text(words(5), exact=True)).to_be_visible()
        tabs.first.focus()
        page.keyboard.press("ArrowRight")
        expect(beside.get_by_text(words(6), exact=True)).to_be_visible()
        demand_no_wider(page)
        demand_accessible(page)

        page.set_viewport_size({"width": 1280, "height": 800})
        column = beside.get_by_role("region", name=names[1])
        column.get_by_role("button", name="Go on with this one").click()
        expect(beside).to_have_count(0)
        expect(page.get_by_role("log").get_by_text(words(6), exact=True)).to_be_visible()
        expect(page.get_by_text("2/2")).to_be_visible()
        page.get_by_role("button", name="Side by side").click()
        expect(beside.get_by_text(words(5), exact=True)).to_be_visible()


def test_the_list_shows_the_title_that_the_model_found(studio: StudioServer) -> None:
    """What was said first stands there until then."""
    with ScriptedModel(title) as model:
        studio.add(model.recipe("names-it"))
        studio.load("names-it")
        with window(studio, "dark", "chat?of=new") as page:
            choose(page, "names-it")
            say(page, "what do herons do all day")
            listed = page.get_by_role("navigation", name="Conversations")
            expect(page.get_by_text("They fish at dawn.")).to_be_visible()
            expect(listed.get_by_role("link", name="Herons of Halifax")).to_be_visible()


def test_on_a_narrow_window_the_inspector_is_called_and_goes(studio: StudioServer) -> None:
    """By a key or its button; Escape closes it, and nothing scrolls sideways."""
    studio.add(sim_recipe("narrow", tokens=5, recipe=DIRECT))
    with window(studio, "light", "chat?of=new") as page:
        page.set_viewport_size({"width": 390, "height": 844})
        expect(inspector(page)).to_have_count(0)
        page.get_by_role("button", name="Show the inspector").click()
        expect(inspector(page)).to_be_visible()
        demand_accessible(page)
        demand_no_wider(page)
        page.keyboard.press("Escape")
        expect(inspector(page)).to_have_count(0)
        page.set_viewport_size({"width": 1280, "height": 800})
        expect(inspector(page)).to_be_visible()
        page.get_by_role("heading", name="Chat").click()
        page.keyboard.press("i")
        expect(inspector(page)).to_have_count(0)
        page.keyboard.press("i")
        expect(inspector(page)).to_be_visible()
