"""What is asked for at an awkward moment, and what must hold all the same."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import Refused
from core.placement.placement import Placement, Share
from core.switching.commands import CancelChange, RequestEvict, RequestSwitch
from core.switching.pending import Pending
from events.errors import EventError
from events.facts.base import Fact
from tests.core.switching.board import ON_ONE_GPU, Machine, begun, running, until

ON_ANOTHER = Placement(shares=(Share(device="gpu:1", bytes=1),))


class SlowLook(Machine):
    """Looking up how a model may run takes a while, as it does on a real machine."""

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """After a few turns of the loop."""
        for _ in range(5):
            await asyncio.sleep(0)
        return await super().options(recipe_id, force=force)


async def test_an_exclusive_switch_to_what_answers_is_not_refused(tmp_path: Path) -> None:
    """Before it is known how it may run, nothing is known about who has to go."""
    machine = SlowLook(there={"a": 0, "b": 0})
    async with running(tmp_path, machine, room=0) as board:
        await board.ask(RequestSwitch(target="a", exclusive=True)).done
        assert set(machine.there) == {"a"}


async def test_what_was_resumed_and_gave_way_does_not_stay_for_ever(tmp_path: Path) -> None:
    """A person took its place; who asks for that model later gets it."""
    machine = Machine(starts={"b": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        await begun(board.ask(RequestSwitch(target="b"), manual=False))
        await until(board, lambda: "start b" in machine.deeds)
    machine = Machine(starts={"b": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        await until(board, lambda: "start b" in machine.deeds)
        await board.ask(RequestSwitch(target="c")).done
        assert board.queue_position("b") is None
        machine.starts["b"].set()
        async with asyncio.timeout(60):
            await board.ask(RequestSwitch(target="b")).done
        assert set(machine.there) == {"b"}


async def test_who_joined_what_was_resumed_waits_on_when_it_gives_way(tmp_path: Path) -> None:
    """Somebody waits for it by then: it comes after what the person asked for."""
    machine = Machine(starts={"b": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        await begun(board.ask(RequestSwitch(target="b"), manual=False))
        await until(board, lambda: "start b" in machine.deeds)
    machine = Machine(starts={"b": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        await until(board, lambda: "start b" in machine.deeds)
        request = board.ask(RequestSwitch(target="b"), manual=False)
        await board.ask(RequestSwitch(target="c")).done
        machine.starts["b"].set()
        async with asyncio.timeout(60):
            await request.done
        assert set(machine.there) == {"b"}


async def test_a_fault_in_looking_up_what_is_resumed_ends_nothing(tmp_path: Path) -> None:
    """Its own start tells what is wrong."""

    class Broken(Machine):
        async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
            if recipe_id == "b":
                raise ValueError("a file of weights that is none")
            return await super().options(recipe_id, force=force)

    machine = Machine(starts={"b": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        await begun(board.ask(RequestSwitch(target="b"), manual=False))
    async with running(tmp_path, Broken()) as board, asyncio.timeout(60):
        await board.ask(RequestSwitch(target="c")).done


async def test_a_click_on_what_requests_wait_for_is_the_newest(tmp_path: Path) -> None:
    """It joins their wish, and counts from now."""
    machine = Machine(there={"z": 1}, drains=asyncio.Event())
    async with running(tmp_path, machine) as board:
        await begun(board.ask(RequestSwitch(target="y")))
        requests = board.ask(RequestSwitch(target="a"), manual=False)
        board.ask(RequestSwitch(target="b"))
        assert board.ask(RequestSwitch(target="a")) is requests
        assert machine.drains is not None
        machine.drains.set()
        async with asyncio.timeout(60):
            await requests.done
        assert set(machine.there) == {"a"}


async def test_a_change_that_ends_offers_nothing_that_another_drains(tmp_path: Path) -> None:
    """What it evicted came back meanwhile, and is on its way out again."""
    machine = Machine(
        there={"x": 0},
        starts={"t": asyncio.Event()},
        places={"x": ON_ONE_GPU, "t": ON_ONE_GPU},
    )
    async with running(tmp_path, machine) as board:
        first = board.ask(RequestSwitch(target="t"))
        await until(board, lambda: "start t" in machine.deeds)
        machine.there["x"] = 1  # it came back, and is busy
        machine.drains = asyncio.Event()
        evicted = board.ask(RequestEvict(target="x"))
        await until(board, lambda: machine.deeds[-1] == "drain x")
        machine.starts["t"].set()
        await first.done
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert "restore x" not in machine.deeds
        machine.drains.set()
        await evicted.done


async def test_what_has_just_begun_can_be_cancelled(tmp_path: Path) -> None:
    """Between the plan and the first step of the work, too."""
    machine = Machine()
    async with running(tmp_path, machine) as board:
        wish = board.ask(RequestSwitch(target="a"))
        for _ in range(20):
            if board._works:
                break
            await asyncio.sleep(0)
        assert board.cancel(CancelChange()) == 1
        with pytest.raises(Refused, match="cancelled"):
            await wish.done
        assert machine.there == {}


async def test_an_eviction_that_can_not_be_recorded_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is full in the middle: that is the reason, not an internal error."""
    machine = Machine(there={"a": 0})
    async with running(tmp_path, machine) as board:
        record = board._ledger.record

        async def full(fact: Fact, pending: Pending) -> None:
            if type(fact).__name__ == "SwitchEvictionFinished":
                raise EventError("the disk is full")
            await record(fact, pending)

        monkeypatch.setattr(board._ledger, "record", full)
        with pytest.raises(Exception, match="the disk is full"):
            await board.ask(RequestSwitch(target="b")).done


async def test_force_ends_a_drain_that_is_under_way(tmp_path: Path) -> None:
    """Who is tired of waiting says so, and does not wait for the rest of the drain."""

    class Patient(Machine):
        def cut(self, recipe_ids: Sequence[str]) -> int:
            cut = super().cut(recipe_ids)
            assert self.drains is not None
            self.drains.set()
            return cut

    for impatient in (
        RequestSwitch(target="b", force=True),
        RequestEvict(target="a", force=True),
    ):
        machine = Patient(there={"a": 3}, drains=asyncio.Event())
        home = tmp_path / str(impatient.target)
        home.mkdir()
        async with running(home, machine) as board, asyncio.timeout(60):
            first = board.ask(RequestSwitch(target="b"))
            await until(board, lambda m=machine: "drain a" in m.deeds)  # type: ignore[misc]
            await board.ask(impatient).done
            await first.done
            assert "cut a" in machine.deeds


async def test_the_last_word_is_to_unload(tmp_path: Path) -> None:
    """Unload, switch, unload again, while it drains: it is not loaded again."""
    machine = Machine(there={"a": 1}, drains=asyncio.Event())
    async with running(tmp_path, machine) as board, asyncio.timeout(60):
        first = board.ask(RequestEvict(target="a"))
        await until(board, lambda: "drain a" in machine.deeds)
        switch = board.ask(RequestSwitch(target="a"))
        last = board.ask(RequestEvict(target="a"))
        with pytest.raises(Refused, match="evicted"):
            await switch.done
        assert machine.drains is not None
        machine.drains.set()
        await asyncio.gather(first.done, last.done)
        assert machine.there == {}
