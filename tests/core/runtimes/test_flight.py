"""Shared work: begun once, joined by all, ended when nobody waits any more."""

import asyncio

import pytest

from core.errors import Refused
from core.runtimes.flight import Flight


class Work:
    """Work that goes on until it is let go, and notes how it ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.cleaned_up = False

    async def __call__(self) -> str:
        """Work until let go."""
        self.begun.set()
        try:
            await self.let_go.wait()
        finally:
            self.cleaned_up = True
        return "done"


async def test_all_callers_get_the_result() -> None:
    """Two callers share one piece of work."""
    work = Work()
    flight = Flight(work(), name="it")
    callers = [asyncio.create_task(flight.join()) for _ in range(2)]
    await work.begun.wait()
    work.let_go.set()
    assert await asyncio.gather(*callers) == ["done", "done"]


async def test_a_caller_who_leaves_is_forgotten() -> None:
    """The others still get their result."""
    work = Work()
    flight = Flight(work(), name="it")
    leaving, staying = (asyncio.create_task(flight.join()) for _ in range(2))
    await work.begun.wait()
    leaving.cancel()
    await asyncio.wait((leaving,))
    assert not work.cleaned_up
    work.let_go.set()
    assert await staying == "done"


async def test_when_the_last_caller_leaves_the_work_ends() -> None:
    """Cancelling the only caller returns after the work has cleaned up."""
    work = Work()
    flight = Flight(work(), name="it")
    caller = asyncio.create_task(flight.join())
    await work.begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert work.cleaned_up


async def test_cancelled_work_is_a_refusal_for_those_who_wait() -> None:
    """Someone else pressed Cancel: the callers are told, not cancelled themselves."""
    work = Work()
    flight = Flight(work(), name="the installation of x")
    caller = asyncio.create_task(flight.join())
    await work.begun.wait()
    await flight.cancel()
    with pytest.raises(Refused, match="the installation of x was cancelled"):
        await caller


async def test_a_failure_reaches_every_caller() -> None:
    """Each caller sees the error itself."""

    async def failing() -> None:
        raise ValueError("no")

    flight = Flight(failing(), name="it")
    results = await asyncio.gather(flight.join(), flight.join(), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]
