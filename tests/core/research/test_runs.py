"""Runs that rest stay in memory for the last few alone; the others read the same out of the log."""

import contextlib
import gc
from collections.abc import AsyncGenerator

import pytest

from core.research import runs
from core.research.live import Live
from tests.core.research.house import House


def in_hand(house: House) -> list[str]:
    """The runs that are in memory."""
    gc.collect()
    return [one.run.research_id for one in _runs(house).all()]


def _runs(house: House) -> runs.Runs:
    return house.research._runs


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of those that rest."""
    monkeypatch.setattr(runs, "MOST_RESTING", 2)


async def test_one_that_was_dropped_reads_the_same(house: House) -> None:
    """On its page, in the list, in its export, and a source of it."""
    research, first = house.research, await house.begin()
    before = await house.done(first)
    told = (
        await research.export(first, "json"),
        await research.source(first, before.sources[0].n),
        (await research.list())[0],
    )
    others = [await house.begin(), await house.begin()]
    for other in others:
        await house.done(other)
    assert in_hand(house) == others
    listed = {one.research_id: one for one in await research.list()}
    assert listed[first] == told[2]
    assert in_hand(house) == others, "a list reads none of them"
    assert await research.read(first) == before
    assert await research.export(first, "json") == told[0]
    assert await research.source(first, before.sources[0].n) == told[1]
    assert in_hand(house) == [others[1], first]


async def test_why_one_rests_is_listed_also_of_those_that_were_dropped(house: House) -> None:
    """Paused with a reason, failed with one, and paused by a person without."""
    house.model.fails = [(404, "no such model")]
    paused = await house.begin()
    await house.until(paused, "paused")
    asked = await house.begin()
    await house.until(asked, "planned")
    await house.research.pause(asked, actor="window")
    before = {one.research_id: one for one in await house.research.list()}
    assert "no such model" in before[paused].problem
    for _ in range(2):
        await house.done(await house.begin())
    assert not {paused, asked} & set(in_hand(house))
    after = {one.research_id: one for one in await house.research.list()}
    assert {which: after[which] for which in before} == before
    view = await house.research.resume(paused, actor="window")
    assert view.problem == ""
    await house.done(paused)


async def test_one_that_works_or_is_followed_is_never_there_twice(house: House) -> None:
    """However many others are looked at meanwhile: who follows it hears what becomes of it."""
    which = await house.begin()
    await house.until(which, "planned")
    followed: Live = await _runs(house).one(which)
    heard = [state async for state in _states(house, followed)]
    assert heard[-1] == "done"
    assert heard[0] == "planned"


async def _states(house: House, live: Live) -> AsyncGenerator[str, None]:
    which = live.run.research_id
    async with contextlib.aclosing(live.follow(-1, pace=house.at_once)) as views:
        async for _, view in views:
            yield view.state
            if view.state == "planned":
                for _ in range(3):
                    await house.done(await house.begin())
                assert await _runs(house).one(which) is live
                await house.research.start(which, actor="window")
