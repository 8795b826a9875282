"""Research as it was at an earlier position of the log: what may be read today, as of then."""

import pytest

from core.errors import Invalid, NotFound, Refused
from core.past.time_travel import TimeTravel
from core.research.items import stream_of
from events.facts import ResearchPageRead
from tests.core.research.house import QUESTION, House


async def test_every_moment_of_a_run_is_what_its_facts_say(house: House) -> None:
    """In the list and on its page: from the wish to the report, never more than was there."""
    which = await house.begin()
    done = await house.done(which)
    past = TimeTravel(house.store, house.home)
    seen = []
    for fact in house.store.read_stream(stream_of(which)):
        view = await house.research.read(which, at=fact.position)
        (line,) = await house.research.list(past.research(fact.position))
        assert (view.question, line.question) == (QUESTION, QUESTION)
        assert line.last_at <= fact.recorded_at
        assert (line.sources, line.notes) == (view.spent.sources, len(view.notes))
        assert view.doing == (), "what went on is no fact"
        assert view.position == fact.version
        seen.append((line.state, view.state))
    past.close()
    assert seen[0] == ("planning", "planning")
    assert seen[-1] == ("done", "done")
    assert ("planned", "planned") in seen
    last = await house.research.read(which, at=house.store.head)
    assert (last.report, last.notes, last.sources) == (done.report, done.notes, done.sources)


async def test_a_source_and_an_export_are_of_then_too(house: House) -> None:
    """Before a passage was noted it is not marked; a report that was not there is not taken out."""
    which = await house.begin()
    await house.done(which)
    told = house.store.read_stream(stream_of(which))
    read = next(one for one in told if one.type == "research-page-read")
    assert isinstance(read.event, ResearchPageRead)
    n = read.event.source
    then = await house.research.source(which, n, at=read.position)
    now = await house.research.source(which, n)
    assert then.text == now.text
    assert then.passages == ()
    assert now.passages
    with pytest.raises(NotFound):
        await house.research.source(which, n, at=told[0].position)
    with pytest.raises(Refused):
        await house.research.export(which, "markdown", at=read.position)
    whole = await house.research.export(which, "markdown")
    assert (await house.research.export(which, "markdown", at=house.store.head)) == whole


async def test_what_was_erased_is_gone_at_every_position(house: House) -> None:
    """That it was there is still told."""
    which = await house.begin()
    await house.done(which)
    head = house.store.head
    await house.research.erase(which, actor="window")
    past = TimeTravel(house.store, house.home)
    for position in (house.store.read_stream(stream_of(which))[0].position, head):
        (line,) = await house.research.list(past.research(position))
        assert (line.standing, line.question) == ("erased", None)
        with pytest.raises(Refused, match="erased"):
            await house.research.read(which, at=position)
    past.close()


async def test_before_it_was_asked_for_there_is_none(house: House) -> None:
    """And a position that the log does not have is no moment."""
    before = house.store.head
    which = await house.begin()
    past = TimeTravel(house.store, house.home)
    assert await house.research.list(past.research(before)) == ()
    with pytest.raises(NotFound):
        await house.research.read(which, at=before)
    for wrong in (-1, house.store.head + 1):
        with pytest.raises(Invalid):
            past.research(wrong)
    past.close()
