"""The task that changes what is resident: who is served, when, and what everybody hears."""

import asyncio
from pathlib import Path

import pytest

from core.errors import EngineFailure, Refused, Unavailable
from core.placement.placement import Placement, Share
from core.switching.commands import CancelChange, RequestEvict, RequestLoad, RequestSwitch
from tests.core.switching.board import Machine, begun, running, until


async def test_a_switch_drains_evicts_and_starts(tmp_path: Path) -> None:
    """The whole walk, recorded step by step."""
    machine = Machine(there={"a": 2})
    async with running(tmp_path, machine) as board:
        await board.ask(RequestSwitch(target="b")).done
        assert machine.deeds == [
            "withdraw a",
            "drain a",
            "withdraw a",
            "stop a: it makes room for b",
            "start b",
        ]
        assert board.story() == [
            "switch-requested",
            "switch-draining-started",
            "switch-drained",
            "switch-eviction-finished",
            "switch-completed",
        ]


async def test_two_equal_wishes_share_one_change(tmp_path: Path) -> None:
    """Fifty requests for one model are one load."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        wishes = [board.ask(RequestSwitch(target="a"), manual=False) for _ in range(50)]
        machine.starts["a"].set()
        await asyncio.gather(*(w.done for w in wishes))
        assert machine.deeds == ["start a"]


async def test_what_is_there_already_is_silence(tmp_path: Path) -> None:
    """No fact, no deed, and the asker hears that it is done."""
    machine = Machine(there={"a": 1})
    async with running(tmp_path, machine) as board:
        await board.ask(RequestSwitch(target="a")).done
        assert (machine.deeds, board.story()) == ([], [])


async def test_the_latest_manual_switch_wins(tmp_path: Path) -> None:
    """Two clicks in a row: the first is given up, even while it loads, the second is done."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        first = board.ask(RequestSwitch(target="a"))
        await begun(first)
        second = board.ask(RequestSwitch(target="b"))
        with pytest.raises(Refused, match="cancelled"):
            await first.done
        await second.done
        assert machine.there == {"b": 0}
        assert board.story().count("switch-cancelled") == 1


async def test_a_request_never_replaces_a_persons_switch(tmp_path: Path) -> None:
    """The gateway's wish waits its turn behind the one under way."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        first = board.ask(RequestSwitch(target="a"))
        await begun(first)
        second = board.ask(RequestSwitch(target="b"), manual=False)
        machine.starts["a"].set()
        await first.done
        await second.done
        assert machine.there == {"b": 0}


async def test_a_person_comes_before_the_gateway(tmp_path: Path) -> None:
    """A request's load gives way to a person's switch, and is then carried out all the same."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        from_gateway = board.ask(RequestSwitch(target="a"), manual=False)
        await begun(from_gateway)
        await board.ask(RequestSwitch(target="c")).done
        assert machine.there == {"c": 0}
        machine.starts["a"].set()
        await from_gateway.done
        assert machine.there == {"a": 0}


async def test_changes_that_do_not_touch_run_side_by_side(tmp_path: Path) -> None:
    """Two GPUs, two models: neither waits for the other."""
    places = {"b": Placement(shares=(Share(device="gpu:1", bytes=1),))}
    doors = {"a": asyncio.Event(), "b": asyncio.Event()}
    machine = Machine(starts=doors, places=places)
    async with running(tmp_path, machine, room=0) as board:
        both = [board.ask(RequestSwitch(target=t), manual=False) for t in ("a", "b")]
        await until(board, lambda: {"start a", "start b"} <= set(machine.deeds))
        assert {v.target for v in board.views()} == {"a", "b"}
        for door in doors.values():
            door.set()
        await asyncio.gather(*(p.done for p in both))


async def test_what_drains_for_nobody_is_offered_again(tmp_path: Path) -> None:
    """The drained model serves on as if nothing had been asked."""
    machine = Machine(there={"a": 1}, drains=asyncio.Event())
    async with running(tmp_path, machine) as board:
        left = board.ask(RequestSwitch(target="b"), manual=False)
        await until(board, lambda: "drain a" in machine.deeds)
        board.forget(left)
        await until(board, lambda: "restore a" in machine.deeds)
        assert not any(deed.startswith("stop") for deed in machine.deeds)


async def test_a_load_refuses_to_push_anybody_out(tmp_path: Path) -> None:
    """ "Load" means beside what is there; the refusal says what would work."""
    async with running(tmp_path, Machine(there={"a": 0})) as board:
        with pytest.raises(Refused, match="beside a"):
            await board.ask(RequestLoad(target="b")).done


async def test_a_failed_start_is_told_to_whoever_asked_and_the_next_wish_goes_on(
    tmp_path: Path,
) -> None:
    """One failure is one answer, not the end of switching."""
    machine = Machine(failing={"a": EngineFailure("out of memory", code="cuda-oom")})
    async with running(tmp_path, machine) as board:
        with pytest.raises(EngineFailure, match="out of memory"):
            await board.ask(RequestSwitch(target="a")).done
        await board.ask(RequestSwitch(target="b")).done
        assert board.story() == [
            "switch-requested",
            "switch-failed",
            "switch-requested",
            "switch-completed",
        ]


async def test_an_eviction_ends_the_load_of_what_it_evicts(tmp_path: Path) -> None:
    """Waiters of a load hear at once that it was evicted; nobody waits for a load nobody wants."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        load = board.ask(RequestSwitch(target="a"), manual=False)
        await begun(load)
        evict = board.ask(RequestEvict(target="a"))
        with pytest.raises(Refused):
            await load.done
        await evict.done
        assert machine.there == {}


async def test_a_wish_nobody_waits_for_is_forgotten_before_it_begins(tmp_path: Path) -> None:
    """A caller who hangs up in the queue starts and evicts nothing."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        first = board.ask(RequestSwitch(target="a"), manual=False)
        await begun(first)
        left = board.ask(RequestSwitch(target="b"), manual=False)
        board.forget(left)
        machine.starts["a"].set()
        await first.done
        assert machine.there == {"a": 0}


async def test_cancelling_a_load_stops_what_it_started(tmp_path: Path) -> None:
    """Nothing half loaded is left behind."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        load = board.ask(RequestLoad(target="a"))
        await begun(load)
        assert board.cancel(CancelChange(target="a")) == 1
        with pytest.raises(Refused, match="cancelled"):
            await load.done
        assert machine.deeds[-1] == "stop a: its load was cancelled"
        assert board.story()[-1] == "switch-cancelled"


async def test_force_cuts_instead_of_waiting(tmp_path: Path) -> None:
    """A person may say that running requests do not matter."""
    machine = Machine(there={"a": 3}, drains=asyncio.Event())
    async with running(tmp_path, machine) as board:
        await board.ask(RequestSwitch(target="b", force=True)).done
        assert "cut a" in machine.deeds
        assert "drain a" not in machine.deeds


async def test_a_half_done_switch_is_finished_by_the_next_start(tmp_path: Path) -> None:
    """A crash between two steps: the same code goes on from what is recorded."""
    machine = Machine(there={"a": 0}, starts={"b": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        await begun(board.ask(RequestSwitch(target="b")))
        await until(board, lambda: "start b" in machine.deeds)
    again = Machine()
    async with running(tmp_path, again) as board:
        await until(board, lambda: board.story()[-1] == "switch-completed")
        assert again.deeds == ["start b"]


async def test_a_hopeless_model_evicts_nobody(tmp_path: Path) -> None:
    """What can be known beforehand is looked at before a working model goes."""
    missing = EngineFailure("the program is not there", code="not-executable")
    machine = Machine(there={"a": 1}, hopeless={"b": missing})
    async with running(tmp_path, machine) as board:
        with pytest.raises(EngineFailure, match="not there"):
            await board.ask(RequestSwitch(target="b")).done
        assert (machine.there, machine.deeds, board.story()) == ({"a": 1}, [], [])


async def test_a_switch_that_only_drains_is_dropped_when_its_last_waiter_leaves(
    tmp_path: Path,
) -> None:
    """A client that gave up costs nobody their model."""
    machine = Machine(there={"a": 1}, drains=asyncio.Event())
    async with running(tmp_path, machine) as board:
        left = board.ask(RequestSwitch(target="b"), manual=False)
        await until(board, lambda: "switch-draining-started" in board.story())
        board.forget(left)
        with pytest.raises(Refused):
            await left.done
        await until(board, lambda: board.story()[-1] == "switch-cancelled")
        assert machine.there == {"a": 1}


async def test_a_stopping_studio_begins_nothing(tmp_path: Path) -> None:
    """Nothing is started behind the back of who stops everything."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        first = board.ask(RequestSwitch(target="a"), manual=False)
        second = board.ask(RequestSwitch(target="b"), manual=False)
        await until(board, lambda: "start a" in machine.deeds)
        board.close()
        for pending in (first, second):
            with pytest.raises(Refused):
                await pending.done
        with pytest.raises(Unavailable, match="stopping"):
            board.ask(RequestLoad(target="c"))
        assert "start b" not in machine.deeds


@pytest.mark.parametrize("room_later", [100, 0])
async def test_what_seems_too_large_is_looked_at_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_later: int
) -> None:
    """A driver gives memory back late: nobody is refused for what is free a moment later."""
    monkeypatch.setattr("core.switching.switchboard.LOOK_TWICE_S", 0.0)
    machine = Machine(room=0, room_later=room_later)
    async with running(tmp_path, machine) as board:
        asked = board.ask(RequestSwitch(target="a"), manual=False).done
        if room_later:
            await asked
            assert machine.there == {"a": 0}
        else:
            with pytest.raises(Refused, match="does not fit"):
                await asked
        assert machine.looks == 2
