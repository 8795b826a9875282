"""Providers that are not there are known before a model has thought for nothing."""

import asyncio
from collections.abc import Sequence

import pytest

from core.research.lookout import Lookout
from core.research.web.providers import Unreached
from tests.core.research.house import House

GONE = "There is no host called en.wikipedia.org, or the name can not be looked up"


def missing(name: str) -> Unreached:
    """One that nobody reaches."""
    return Unreached(name=name, code="unknown-host", problem=GONE, next_action="Check.")


async def test_a_run_rests_at_once_where_no_provider_can_be_reached(house: House) -> None:
    """The model that plans is let go of; the reason is recorded and outlives a restart."""
    house.model.holds = lambda kind: kind == "plan"
    house.missed = (missing("wikipedia"), missing("duckduckgo"))
    which = await house.begin()
    view = await house.until(which, "paused")
    assert view.problem == f"no search provider can be reached; the first: {GONE}"
    assert "a folder" in view.next_action
    assert [one.name for one in view.unreached] == ["wikipedia", "duckduckgo"]
    assert house.web.searched == []
    await house.again()
    assert (await house.research.read(which)).problem == view.problem


async def test_who_resumes_it_wants_it_anyway(house: House) -> None:
    """It is told who is missing, and goes on; where they are back nobody is missing."""
    house.missed = (missing("wikipedia"), missing("duckduckgo"))
    which = await house.begin()
    await house.until(which, "paused")
    await house.research.resume(which, actor="window")
    view = await house.until(which, "planned")
    assert len(view.unreached) == 2
    house.missed = ()
    await house.done(which)
    assert (await house.research.read(which)).unreached == ()


async def test_where_some_are_there_it_goes_on_with_them(house: House) -> None:
    """And says who is not."""
    house.missed = (missing("wikipedia"),)
    which = await house.begin()
    view = await house.until(which, "planned")
    assert view.unreached == house.missed
    done = await house.done(which)
    assert done.report
    assert done.unreached == (), "it is over: that says nothing any more"


@pytest.mark.parametrize("moment", ["stopped", "searched"])
async def test_what_is_known_too_late_changes_nothing(house: House, moment: str) -> None:
    """A run that was stopped meanwhile, or has searched, does not rest for it."""
    gate = asyncio.Event()

    async def at_last(names: Sequence[str]) -> tuple[Unreached, ...]:
        await gate.wait()
        return tuple(map(missing, names))

    which = await house.begin()
    await house.until(which, "planned")
    lookout, live = Lookout(at_last), await house.research._runs.one(which)
    lookout.look(live, rests=True)
    if moment == "stopped":
        await house.research.stop(which, actor="window")
    else:
        house.model.holds = lambda kind: kind == "notes"
        await house.research.start(which, actor="window")
        await house.model.held.wait()
        assert house.web.searched
    (look,) = lookout._looks
    gate.set()
    await look
    view = await house.research.read(which)
    assert view.state == ("stopped" if moment == "stopped" else "reading")
    assert view.problem == ""
    assert len(view.unreached) == (0 if moment == "stopped" else 2)
