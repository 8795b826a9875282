"""A switchboard on a real log and a machine made of futures."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import SystemClock
from core.errors import StudioError
from core.placement.placement import Placement, Share
from core.switching.commands import (
    Change,
)
from core.switching.effects import Gone
from core.switching.ledger import STREAM
from core.switching.pending import Pending
from core.switching.scheduling.scene import Resident, Rules
from core.switching.switchboard import Switchboard
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
    room: int = 100
    room_later: int = 0  # from the second look on
    looks: int = 0
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
        """Room for a hundred, unless the test says otherwise."""
        return {"gpu:0": self.room, "gpu:1": self.room}

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """What would fail at once; otherwise one of them."""
        self.looks += 1
        if self.looks > 1:
            self.room = max(self.room, self.room_later)
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

    async def stop(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
    ) -> None:
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
        causation_id: str | None = None,
        newcomer: Placement | None,
        may_sleep: bool,
    ) -> Gone:
        """It is gone."""
        await self.stop(recipe_id, reason=reason, actor=actor, correlation_id=correlation_id)
        return "stopped"

    async def start(
        self,
        recipe_id: str,
        placement: Placement | None,
        *,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
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
