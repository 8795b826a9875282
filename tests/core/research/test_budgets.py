"""What a run may use it does not exceed, and it says what was used up."""

import pytest

from core.research.process_manager import FindGaps
from core.research.state import Budget
from tests.core.research.house import House


async def test_a_budget_of_sources_is_kept_and_said(house: House) -> None:
    """More was found than may be read."""
    view = await house.done(await house.begin(budget=Budget(sources=2)))
    assert view.spent.sources == 2
    assert len(house.web.read_urls) == 2
    assert view.spent.over == ("sources/reading",)
    assert "More pages were found than the budget of 2 allowed to read." in view.report


async def test_a_budget_of_tokens_ends_reading_and_then_the_model(house: House) -> None:
    """What is left is put together from the notes, and said to be."""
    view = await house.done(await house.begin(budget=Budget(sources=10, tokens=700)))
    assert "tokens/writing" in view.spent.over
    assert "without a model" in view.report
    assert view.spent.tokens <= 700


@pytest.mark.parametrize("tokens", [900, 3_000, 8_000, 20_000])
async def test_no_token_more_than_the_budget_is_spent(house: House, tokens: int) -> None:
    """Though every answer is as long as it may be, and several are under way at once."""
    house.model.greedy = True
    which = await house.begin(budget=Budget(sources=10, tokens=tokens))
    await house.until(which, "planned")
    await house.research.start(which, actor="window")
    view = await house.until(which, "done", "failed")
    assert 0 < view.spent.tokens <= tokens
    if tokens < 20_000:
        assert any(one.startswith("tokens/") for one in view.spent.over)
    if view.state == "failed":
        assert view.problem == "the budget of tokens was used up before anything was found"
        assert view.next_action == "ask again with a larger budget"


async def test_an_answer_that_a_pause_cuts_off_was_spent(house: House) -> None:
    """It counts, once, also after a restart."""
    house.model.holds = lambda name: name == "notes"
    which = await house.begun_and_held()
    before = (await house.research.read(which)).spent.tokens
    view = await house.research.pause(which, actor="window")
    assert view.spent.tokens > before + 100
    await house.again()
    assert (await house.research.read(which)).spent.tokens == view.spent.tokens
    house.model.holds = lambda name: False
    await house.research.resume(which, actor="window")
    await house.until(which, "done")
    facts = [one.event for one in house.store.read_stream(f"research-{which}")]
    lost = [getattr(one, "lost_tokens", 0) for one in facts]
    assert sum(lost) == view.spent.tokens - before


async def test_time_is_counted_only_while_it_works(house: House) -> None:
    """A pause costs nothing; when the time is over it writes with what it has."""
    house.model.holds = lambda name: name == "gaps"
    which = await house.begin(budget=Budget(minutes=10))
    await house.until(which, "planned")
    house.clock.seconds += 3_600
    await house.research.start(which, actor="window")
    await house.model.held.wait()
    house.clock.seconds += 8 * 60
    await house.research.pause(which, actor="window")
    house.clock.seconds += 3_600
    await house.research.resume(which, actor="window")
    view = await house.until(which, "done")
    assert 8 <= view.spent.minutes < 9
    assert "minutes/reading" in view.spent.over
    assert "The time for reading was used up" in view.report
    assert FindGaps.__name__ not in str(view.plan)
    assert len(view.plan) == 2, "no gap was looked for any more"
