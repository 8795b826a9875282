"""A research from the question to the report, over a hot path that a test can foresee."""

import asyncio
import json
import re

import pytest

from core.errors import Invalid, NotFound, Refused
from core.research.research import PlanStep
from core.research.state import Budget
from core.research.views import NewResearch
from core.research.web.views import WebProblem
from events.facts import ResearchProvidersChosen
from tests.core.research.house import PAGES, QUESTION, House
from tests.core.research.researcher import GAP, INVENTED, STEPS, UNBORNE


async def test_a_question_becomes_a_report_whose_citations_are_passages(house: House) -> None:
    """Plan, searches, pages, notes, a gap, sections, checks."""
    view = await house.done(await house.begin())
    assert [one.question for one in view.plan] == [*STEPS, GAP]
    assert [one.round for one in view.plan] == [1, 1, 2]
    assert {one.state for one in view.sources} == {"read"}
    for note in view.notes:
        told = await house.research.source(view.research_id, note.source)
        assert told.text[note.start : note.end] == note.quote
    assert view.dropped > 0, "quotes that are not in a page are dropped"
    assert INVENTED not in view.report
    assert re.search(r"4,812 metres high \[\d\]", view.report)
    unborne = re.escape(UNBORNE[:-1])
    assert re.search(rf"{unborne} \[\d\]\. \*\(not supported by the sources\)\*", view.report)
    assert "It has three peaks. *(not supported by the sources)*" in view.report
    assert "**The sources disagree** (the height)" in view.report
    assert view.spent.tokens > 0
    assert view.doing == ()


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("How high is Mount Ada?", "English"),
        ("Wie hoch ist der Berg Ada?", "German"),
        ("Quelle est la hauteur du mont Ada et qui l'a gravi ?", "French"),
        ("¿Cuál es la altura del monte Ada y quién lo subió?", "Spanish"),
        ("艾达山有多高？", "Chinese"),
        ("エイダ山の高さは？", "Japanese"),
        ("Какова высота горы Ада?", "Russian"),
        ("Mount Ada height", "the language of the question"),
    ],
)
async def test_a_report_is_written_in_the_language_of_its_question(
    house: House, question: str, language: str
) -> None:
    """Also where the studio itself does not speak it."""
    house.model.says["queries"] = json.dumps({"queries": ["mount ada"]})
    await house.done(await house.begin(question=question))
    asked = [one["messages"][1]["content"] for one in house.model.asked]
    assert any(f"Write in {language}." in one for one in asked)


async def test_it_asks_back_and_waits(house: House) -> None:
    """Nothing is done until it is answered, or left open."""
    house.model.researcher.asks_back = ("Which Ada?",)
    which = await house.begin(clarify=True)
    view = await house.until(which, "clarifying")
    follow = await house.research.follow(which, -1, pace=house.at_once)
    async for _, view in follow:
        if view.questions:
            break
    await follow.aclose()
    assert view.questions == ("Which Ada?",)
    assert house.model.kinds() == {"ask-back": 1}
    await house.research.answer(which, "Mount Ada on Norland", actor="window")
    await house.until(which, "planned")
    plan = next(one for one in house.model.asked if "[plan]" in one["messages"][0]["content"])
    assert "Answer: Mount Ada on Norland" in plan["messages"][1]["content"]


async def test_an_edited_plan_is_the_one_that_is_followed(house: House) -> None:
    """Who was there keeps its id; what is new gets one."""
    which = await house.begin()
    view = await house.until(which, "planned")
    wanted = (
        PlanStep(step_id="s2", question=STEPS[1]),
        PlanStep(question="How long is the railway?"),
    )
    view = await house.research.edit_plan(which, wanted, actor="window")
    assert [(one.step_id, one.question) for one in view.plan] == [
        ("s2", STEPS[1]),
        ("s3", "How long is the railway?"),
    ]
    view = await house.done(which)
    assert [one.step_id for one in view.plan][:2] == ["s2", "s3"]
    with pytest.raises(Refused):
        await house.research.edit_plan(which, wanted, actor="window")
    for bad in ((), (PlanStep(step_id="s9", question="x"),), (PlanStep(question=" "),)):
        with pytest.raises((Invalid, Refused)):
            await house.research.edit_plan(which, bad, actor="window")


async def test_a_gap_step_has_an_id_of_its_own(house: House) -> None:
    """Also when the plan was edited to ids that are not in a row."""
    which = await house.begin()
    await house.until(which, "planned")
    wanted = (PlanStep(question="A height?"), PlanStep(question="Another height?"))
    await house.research.edit_plan(which, wanted, actor="window")
    view = await house.done(which)
    ids = [one.step_id for one in view.plan]
    assert len(ids) == len(set(ids))


async def test_a_paused_run_does_nothing_and_goes_on_where_it_was(house: House) -> None:
    """What was recorded is not asked again; what was under way is."""
    house.model.holds = lambda name: name == "notes"
    which = await house.begun_and_held()
    view = await house.research.pause(which, actor="window")
    assert view.state == "paused"
    before = house.model.kinds()
    recorded = [one.url for one in view.sources if one.state == "read"]
    assert recorded
    house.model.holds = lambda name: False
    house.model.go_on.set()
    await asyncio.sleep(0)
    assert house.model.kinds() == before
    await house.research.resume(which, actor="window")
    await house.until(which, "done")
    assert house.model.kinds()["plan"] == 1
    assert [one for one in recorded if house.web.read_urls.count(one) != 1] == []


async def test_where_it_searches_can_be_changed_while_it_rests(house: House) -> None:
    """As a fact: what was found stays, the others are asked, and what they bring is written."""
    house.model.holds = lambda name: name == "write"
    which = await house.begin(providers=("wikipedia",))
    await house.until(which, "planned")
    await house.research.start(which, actor="window")
    await house.model.held.wait()
    with pytest.raises(Refused, match="pause it first"):
        await house.research.choose_providers(which, ("duckduckgo",), actor="window")
    before = await house.research.pause(which, actor="window")
    with pytest.raises(Invalid, match="altavista"):
        await house.research.choose_providers(which, ("altavista",), actor="window")
    with pytest.raises(Invalid):
        await house.research.choose_providers(which, (), actor="window")
    view = await house.research.choose_providers(which, ("duckduckgo",), actor="window")
    assert (view.state, view.providers) == ("paused", ("duckduckgo",))
    new = "https://late.example/ada"
    house.web.pages[new] = "Mount Ada is high, and was climbed first by Ines Varga in snow."
    house.model.holds = lambda name: False
    await house.again()
    await house.research.resume(which, actor="window")
    view = await house.until(which, "done")
    asked = {one.provider for step in view.plan for one in step.searches}
    assert asked == {"wikipedia", "duckduckgo"}
    assert [one.url for one in view.sources][: len(before.sources)] == [
        one.url for one in before.sources
    ]
    assert new in {one.url for one in view.sources if one.cited}
    facts = [one.event for one in house.store.read_stream(f"research-{which}")]
    (chosen,) = [one for one in facts if isinstance(one, ResearchProvidersChosen)]
    assert chosen.providers == ("duckduckgo",)


async def test_a_restart_goes_on_by_itself_and_repeats_nothing(house: House) -> None:
    """As a crash does, since nothing is recorded at a stop."""
    house.model.holds = lambda name: name == "write"
    which = await house.begun_and_held()
    before = house.model.kinds()
    reads, searches = list(house.web.read_urls), list(house.web.searched)
    house.model.holds = lambda name: False
    await house.again()
    view = await house.until(which, "done")
    assert view.report
    assert (house.web.read_urls, house.web.searched) == (reads, searches)
    after = house.model.kinds()
    for kind in ("plan", "queries", "notes", "gaps"):
        assert after[kind] == before[kind], kind


async def test_an_answer_that_is_no_json_is_asked_for_once_more(house: House) -> None:
    """Then the run goes on without: the plan is the question itself, sections are the notes."""
    house.model.says = dict.fromkeys(("plan", "write", "summary"), "I would rather not.")
    view = await house.done(await house.begin())
    assert house.model.kinds()["plan"] == 2
    assert view.plan[0].question == QUESTION
    assert re.search(r"- Mount Ada is 4,812 metres high \[\d\]\.", view.report)
    assert "not supported" not in view.report


async def test_a_model_that_chatters_is_understood(house: House) -> None:
    """JSON in a fence, with words about it."""
    house.model.researcher.chatters = True
    view = await house.done(await house.begin())
    assert [one.question for one in view.plan] == [*STEPS, GAP]
    assert house.model.kinds()["plan"] == 1


async def test_what_may_pass_is_tried_again(house: House) -> None:
    """A crash, a crowd: a few times, with growing rests."""
    house.model.fails = [(502, "the engine is gone"), (503, "too many")]
    await house.until(await house.begin(), "planned")
    assert house.waits == [1.0, 5.0]


async def test_a_model_that_can_not_be_had_pauses_the_run_and_says_so(house: House) -> None:
    """It is resumed with the same, or with another."""
    house.model.fails = [(404, "there is no model qwen")]
    which = await house.begin()
    view = await house.until(which, "paused")
    assert (view.problem, view.next_action) == ("there is no model qwen", "mend it")
    assert [one.problem for one in await house.research.list()] == ["there is no model qwen"]
    await house.research.resume(which, model="other", actor="window")
    view = await house.until(which, "planned")
    assert (view.model, view.problem) == ("other", "")
    assert house.model.asked[-1]["model"] == "other"


async def test_an_engine_without_schemas_is_asked_without(house: House) -> None:
    """Once it has refused one, it is never sent one again."""
    house.model.fails = [(400, "response_format is not supported")]
    await house.done(await house.begin())
    assert "response_format" in house.model.asked[0]
    assert not any("response_format" in one for one in house.model.asked[1:])


async def test_a_small_context_is_asked_smaller_questions(house: House) -> None:
    """Half of it, then half of that."""
    house.web.pages["https://long.example/ada"] = "Mount Ada is high. " * 2_000
    refusal = "This model's maximum context length is 2048 tokens."
    await house.until(await house.begin(), "planned")
    house.model.fails = [(400, refusal), (400, refusal)]
    which = (await house.research.list())[0].research_id
    await house.research.start(which, actor="window")
    await house.until(which, "done")
    sizes = [one["max_tokens"] for one in house.model.asked if "[queries]" in str(one)]
    assert min(sizes) < max(sizes)


async def test_pages_that_can_not_be_read_are_told_and_others_take_their_place(
    house: House,
) -> None:
    """Each with the reason."""
    dead = "https://atlas.example/ada"
    house.web.problems[dead] = WebProblem("there is no such page", code="dead")
    view = await house.done(await house.begin())
    (source,) = [one for one in view.sources if one.url == dead]
    assert (source.state, source.problem, source.notes) == ("failed", "there is no such page", 0)
    assert "4,900 metres high" in view.report


async def test_a_run_that_finds_nothing_fails_and_says_why(house: House) -> None:
    """And can be tried again when the reason has passed."""
    down = WebProblem("the search is down", code="unreachable", next_action="look at it")
    house.web.problems["search"] = down
    which = await house.begin()
    await house.until(which, "planned")
    await house.research.start(which, actor="window")
    view = await house.until(which, "failed")
    assert "the search is down" in view.problem
    assert view.next_action == "look at it"
    assert view.plan[0].searches[0].problem == "the search is down"
    house.web.problems.clear()
    await house.research.resume(which, actor="window")
    assert (await house.until(which, "done")).report


async def test_an_erased_run_is_gone_with_its_pages(house: House) -> None:
    """Its key is destroyed, its captured pages removed, its report taken out nowhere."""
    which = await house.begin()
    await house.done(which)
    assert house.blobs.subjects() == (f"research-{which}",)
    await house.research.erase(which, actor="window")
    await house.research.erase(which, actor="window")
    assert house.blobs.subjects() == ()
    assert house.keys.living() == frozenset()
    with pytest.raises(Refused):
        await house.research.read(which)
    (line,) = await house.research.list()
    assert (line.standing, line.question) == ("erased", None)
    facts = [one.type for one in house.store.read_stream(f"research-{which}")]
    assert facts[-2:] == ["research-erasure-requested", "research-erased"]


async def test_a_run_at_work_can_be_erased(house: House) -> None:
    """What goes on is ended first."""
    house.model.holds = lambda name: name == "notes"
    which = await house.begun_and_held()
    await house.research.erase(which, actor="window")
    assert house.blobs.subjects() == ()
    assert (await house.research.list())[0].standing == "erased"


async def test_one_can_talk_about_it(house: House) -> None:
    """A conversation begins with the question and the report."""
    which = await house.begin()
    with pytest.raises(Refused):
        await house.research.converse(which, actor="window")
    await house.done(which)
    talk = await house.conversations.read(await house.research.converse(which, actor="window"))
    assert [one.role for one in talk.messages] == ["user", "assistant"]
    assert talk.conversation.title == QUESTION
    assert "## Sources" in (talk.messages[1].text or "")


async def test_who_follows_sees_it_through_to_its_end(house: House) -> None:
    """Positions only grow; who comes back with the last one is told the end all the same."""
    which = await house.begin()
    await house.until(which, "planned")
    await house.research.start(which, actor="window")
    seen = [number async for number, _ in await house.research.follow(which, 0, pace=house.at_once)]
    assert seen == sorted(seen)
    view = await house.research.read(which)
    assert seen[-1] == view.position
    again = [
        one async for one in await house.research.follow(which, view.position, pace=house.at_once)
    ]
    assert [one.state for _, one in again] in ([], ["done"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"question": "  "}, "question"),
        ({"question": "x" * 5_000}, "question"),
        ({"question": "\ud800 is half"}, "question"),
        ({"model": ""}, "model"),
        ({"budget": Budget(sources=0)}, "budget.sources"),
        ({"budget": Budget(tokens=10**9)}, "budget.tokens"),
        ({"budget": Budget(minutes=0)}, "budget.minutes"),
        ({"providers": ("altavista",)}, "providers"),
    ],
)
async def test_what_can_not_be_asked_is_refused(
    house: House, more: dict[str, object], field: str
) -> None:
    """With the field, and nothing is begun."""
    wish = NewResearch(**{"question": "Why?", "model": "qwen", **more})  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        await house.research.begin(wish, actor="window")
    assert refused.value.field == field
    assert await house.research.list() == ()


async def test_who_is_not_there_is_not_found(house: House) -> None:
    """Neither a run nor a source of one."""
    with pytest.raises(NotFound):
        await house.research.read("nobody")
    which = await house.begin()
    await house.done(which)
    with pytest.raises(NotFound):
        await house.research.source(which, 99)
    with pytest.raises(Invalid):
        await house.research.export(which, "docx")
    assert len(PAGES) == 4
