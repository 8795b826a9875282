"""The task that changes what is resident, on a real log and a machine made of futures."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import EngineFailure, Refused, StudioError, Unavailable
from core.placement.placement import Placement, Share
from core.switching.commands import (
    CancelChange,
    Change,
    RequestEvict,
    RequestLoad,
    RequestSwitch,
)
from core.switching.effects import Gone
from core.switching.ledger import STREAM
from core.switching.pending import Pending
from core.switching.scheduling.scene import Resident, Rules
from core.switching.switchboard import Switchboard
from events.envelope import Recorded
from events.errors import LogUnavailable
from events.facts import SwitchRequested
from events.store import EventStore

ON_ONE_GPU = Placement(shares=(Share(device="gpu:0", bytes=1),))


@dataclass
class Machine:
    """Obeys at once, unless a test holds a door: `starts` and `drains` wait for their events."""

    there: dict[str, int] = field(default_factory=dict)  # recipe id → requests in flight
    deeds: list[str] = field(default_factory=list)
    starts: dict[str, asyncio.Event] = field(default_factory=dict)
    drains: asyncio.Event | None = None
    failing: dict[str, StudioError] = field(default_factory=dict)
    hopeless: dict[str, StudioError] = field(default_factory=dict)
    places: dict[str, Placement] = field(default_factory=dict)
    coming: set[str] = field(default_factory=set)
    noted: Callable[[], None] = lambda: None

    def residents(self) -> tuple[Resident, ...]:
        """All that is there."""
        return tuple(
            Resident(
                recipe_id=r,
                placement=self.places.get(r, ON_ONE_GPU),
                in_flight=n,
                ready_at=None if r in self.coming else 0.0,
            )
            for r, n in (self.there | dict.fromkeys(self.coming, 0)).items()
        )

    def capacity(self) -> Mapping[str, int]:
        """Room for a hundred."""
        return {"gpu:0": 100, "gpu:1": 100}

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """What would fail at once; otherwise one of them."""
        if recipe_id in self.hopeless:
            raise self.hopeless[recipe_id]
        return (self.places.get(recipe_id, ON_ONE_GPU),)

    def ready(self) -> frozenset[str]:
        """All that is there answers."""
        return frozenset(self.there)

    def withdraw(self, recipe_ids: Sequence[str]) -> None:
        """Note it."""
        self.deeds.append(f"withdraw {' '.join(recipe_ids)}")

    def restore(self, recipe_ids: Sequence[str]) -> None:
        """Note it."""
        if recipe_ids:
            self.deeds.append(f"restore {' '.join(recipe_ids)}")

    def in_flight(self, recipe_ids: Sequence[str]) -> int:
        """Of these."""
        return sum(self.there.get(r, 0) for r in recipe_ids)

    async def drained(self, recipe_ids: Sequence[str]) -> bool:
        """Wait for the test's event, if it holds one."""
        self.deeds.append(f"drain {' '.join(recipe_ids)}")
        if self.drains is not None:
            await self.drains.wait()
        for recipe_id in recipe_ids:
            self.there[recipe_id] = 0
        return True

    def cut(self, recipe_ids: Sequence[str]) -> int:
        """All of these end."""
        self.deeds.append(f"cut {' '.join(recipe_ids)}")
        return self.in_flight(recipe_ids)

    async def stop(self, recipe_id: str, *, reason: str, actor: str, correlation_id: str) -> None:
        """It is gone."""
        self.deeds.append(f"stop {recipe_id}: {reason}")
        self.there.pop(recipe_id, None)

    async def vacate(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        newcomer: Placement | None,
        may_sleep: bool,
    ) -> Gone:
        """It is gone."""
        await self.stop(recipe_id, reason=reason, actor=actor, correlation_id=correlation_id)
        return "stopped"

    async def start(
        self, recipe_id: str, placement: Placement | None, *, actor: str, correlation_id: str
    ) -> None:
        """It is there, when the test lets it."""
        self.deeds.append(f"start {recipe_id}")
        self.coming.add(recipe_id)
        self.noted()
        try:
            if recipe_id in self.starts:
                await self.starts[recipe_id].wait()
            if recipe_id in self.failing:
                raise self.failing[recipe_id]
        finally:
            self.coming.discard(recipe_id)
        self.there[recipe_id] = 0


class Board(Switchboard):
    """With the machine and the log at hand."""

    machine: Machine
    store: EventStore

    def ask(self, change: Change, *, manual: bool = True) -> Pending:
        """A wish by the tray, or by a request that names a model."""
        actor = "tray" if manual else "api"
        return self.request(change, actor=actor, correlation_id="c", manual=manual)

    def story(self) -> list[str]:
        """The types of what was recorded."""
        return [r.type for r in self.store.read_stream(STREAM)]


@asynccontextmanager
async def running(path: Path, machine: Machine, *, room: int = 1) -> AsyncIterator[Board]:
    """A switchboard at work on the log at `path`."""
    store = EventStore.open(path / "main.db")
    board = Board(
        store=store,
        effects=machine,
        clock=SystemClock(),
        rules=lambda: Rules(max_resident=room),
    )
    board.machine, board.store = machine, store
    task = asyncio.create_task(board.run())
    try:
        yield board
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        store.close()


async def begun(pending: Pending) -> SwitchRequested | None:
    """Wait for the beginning."""
    return await asyncio.shield(pending.begun)


async def until(board: Board, condition: Callable[[], bool]) -> None:
    """Look again after every change of the view."""
    changed = asyncio.Event()
    board.listen(changed.set)
    board.machine.noted = changed.set
    while not condition():
        await changed.wait()
        changed.clear()


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


async def test_two_interruptions_leave_log_and_state_alike(tmp_path: Path) -> None:
    """Two quick clicks while a fact is being written: what the log has is what is believed."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        first = board.ask(RequestLoad(target="a"))
        await asyncio.sleep(0)
        board.cancel(CancelChange())
        board.cancel(CancelChange())
        with pytest.raises(Refused):
            await first.done
        await board.ask(RequestLoad(target="b")).done
        told = board.story()
        assert told.count("switch-requested") == (
            told.count("switch-completed") + told.count("switch-cancelled")
        )


async def test_an_outcome_that_can_not_be_written_strands_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the middle of a switch: the asker hears it, and the task lives on."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine, room=3) as board:
        pending = board.ask(RequestLoad(target="a"))
        await until(board, lambda: "start a" in machine.deeds)
        append = board.store.append

        async def full(*_: object, **__: object) -> list[Recorded]:
            raise LogUnavailable("the disk is full")

        monkeypatch.setattr(board.store, "append", full)
        machine.starts["a"].set()
        with pytest.raises(StudioError, match="disk is full"):
            await pending.done
        monkeypatch.setattr(board.store, "append", append)
        await board.ask(RequestLoad(target="b")).done
        assert "b" in machine.there


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
