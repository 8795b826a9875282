"""The real switchboard, admission and in-flight count through seeded schedules, in virtual time.

The pure scheduler is searched in test_schedules.py; here the parts around it are what runs. The
machine is made of timers, the log of a list. Nothing sleeps: the loop's clock jumps.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.admitting import ask_for_model
from core.errors import EngineFailure, StudioError
from core.gateway.admission import Admission
from core.gateway.inflight import InFlight
from core.gateway.routes import Route, Routes, RouteTable
from core.placement.placement import HOST, Placement, Share
from core.settings import Settings
from core.switching.commands import CancelChange, RequestEvict, RequestSwitch
from core.switching.effects import Gone
from core.switching.scheduling.order import wait_bound
from core.switching.scheduling.scene import Resident, Rules
from core.switching.switchboard import Switchboard
from events.facts import SwitchCancelled, SwitchCompleted, SwitchFailed, SwitchRequested
from events.facts.base import Fact
from tests.core.gateway.virtual_time import LoopClock, run

LOAD_S, STOP_S, DRAIN_S, SERVE_S = 8.0, 2.0, 6.0, 5.0
CHANGE_S = LOAD_S + STOP_S + DRAIN_S
ONE_DEVICE = Placement(shares=(Share(device=HOST),))


class Log:
    """The part of the store that the switchboard uses."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def read_stream(self, _stream: str) -> list[Any]:
        """Nothing happened before."""
        return []

    async def append(self, _stream: str, facts: Sequence[Fact], **_more: object) -> list[Any]:
        """As slow as a disk."""
        await asyncio.sleep(0.002)
        self.facts += facts
        return []


class Machine:
    """Engines that take their time. `Effects` for the switchboard."""

    def __init__(self, random: Random, clock: LoopClock, names: Sequence[str]) -> None:
        self.random, self.clock = random, clock
        self.names = names
        self.inflight, self.routes = InFlight(clock), Routes()
        self.engines: dict[str, float | None] = {}  # → ready since
        self.withdrawn: set[str] = set()
        self.fails = 0.1
        self.most = 0

    def residents(self) -> tuple[Resident, ...]:
        """Everything that holds memory."""
        return tuple(
            Resident(
                recipe_id=name,
                placement=ONE_DEVICE,
                in_flight=self.inflight.count(name),
                owed=self.inflight.owed(name),
                ready_at=since,
            )
            for name, since in self.engines.items()
        )

    def capacity(self) -> Mapping[str, int]:
        """Unknown."""
        return {}

    def ready(self) -> frozenset[str]:
        """What answers and is routed."""
        return frozenset(r.recipe_id for r in self.routes.current.all())

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """One way, after a look at the disk."""
        await asyncio.sleep(self.random.uniform(0, 0.05))
        return (ONE_DEVICE,)

    def withdraw(self, recipe_ids: Sequence[str]) -> None:
        """At once."""
        self.withdrawn |= set(recipe_ids)
        self._publish()

    def restore(self, recipe_ids: Sequence[str]) -> None:
        """At once."""
        self.withdrawn -= set(recipe_ids)
        self._publish()

    def in_flight(self, recipe_ids: Sequence[str]) -> int:
        """Of these."""
        return sum(map(self.inflight.count, recipe_ids))

    async def drained(self, recipe_ids: Sequence[str]) -> bool:
        """With a deadline."""
        return await self.inflight.drained(recipe_ids, timeout_s=DRAIN_S)

    def cut(self, recipe_ids: Sequence[str]) -> int:
        """End them."""
        return self.inflight.cut(recipe_ids)

    async def vacate(self, recipe_id: str, **more: Any) -> Gone:
        """Stop it."""
        await self.stop(recipe_id, reason="", actor="", correlation_id="")
        return "stopped"

    async def stop(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
    ) -> None:
        """It takes a while."""
        await self.inflight.drained([recipe_id], timeout_s=2)
        await asyncio.sleep(self.random.uniform(0.05, STOP_S))
        self.engines.pop(recipe_id, None)
        self._publish()

    async def start(
        self,
        recipe_id: str,
        placement: Placement | None,
        *,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
    ) -> None:
        """It takes a while, and may come to nothing."""
        assert recipe_id not in self.engines, f"{recipe_id} is started twice"
        self.engines[recipe_id] = None
        self.most = max(self.most, len(self.engines))
        await asyncio.sleep(self.random.uniform(0.1, LOAD_S))
        if self.random.random() < self.fails:
            del self.engines[recipe_id]
            raise EngineFailure("it did not start")
        self.engines[recipe_id] = self.clock.monotonic()
        self.restore([recipe_id])

    def _publish(self) -> None:
        self.routes.replace(
            RouteTable.of(
                Route(name=name, recipe_id=name, engine_id=name, port=1, upstream_model=name)
                for name, since in self.engines.items()
                if since is not None and name not in self.withdrawn
            )
        )


class Budget:
    """Nothing is left alone."""

    def check(self, _recipe_id: str) -> None:
        """Never."""


class Book:
    """Recipes without wishes of their own."""

    def priority_of(self, _recipe_id: str) -> int:
        """The same for all."""
        return 0


def _cancel(task: "asyncio.Task[Any]", _reason: str) -> None:
    task.cancel()


class Story:
    """One seeded schedule."""

    def __init__(self, seed: int) -> None:
        self.random, clock = Random(seed), LoopClock()
        self.names = "ABCD"[: self.random.randint(2, 4)]
        self.rules = Rules(
            max_resident=1,
            min_residence_s=self.random.choice((0.0, 2.0)),
            patience_s=self.random.choice((0.0, 20.0)),
        )
        self.log = Log()
        self.machine = Machine(self.random, clock, self.names)
        self.board = Switchboard(
            store=self.log,  # type: ignore[arg-type]  # the part of it that is used
            effects=self.machine,
            clock=clock,
            rules=lambda: self.rules,
        )
        self.machine.inflight.listen(self.board.look_again)
        self.admission = Admission(
            resolve=lambda name: name,
            ask=partial(ask_for_model, self.board, Budget(), Book()),  # type: ignore[arg-type]
            routes=self.machine.routes,
            clock=clock,
            settings=Settings(home=Path("/nowhere"), admission_timeout_s=10_000),
            inflight=self.machine.inflight,
        )
        self.by_hand = self.random.random() < 0.4
        self.hands = 0
        self.longest = 0.0
        self.answered = 0

    async def tell(self) -> None:
        """Everything that happens, and then nobody may be left."""
        board = asyncio.create_task(self.board.run())
        span = self.random.choice((20.0, 60.0))
        clients = [
            self._client(n, self.random.uniform(0, span)) for n in range(self.random.randint(5, 40))
        ]
        people = [self._person(self.random.uniform(0, span)) for _ in range(3 * self.by_hand)]
        async with asyncio.timeout(20 * wait_bound(4, self.rules, CHANGE_S)):
            await asyncio.gather(*clients, *people)
            while self.board.views():  # noqa: ASYNC110 - the clock jumps
                await asyncio.sleep(1)
        board.cancel()
        await asyncio.gather(board, return_exceptions=True)
        await self.admission.close()

    async def _client(self, number: int, comes: float) -> None:
        await asyncio.sleep(comes)
        leaves = self.random.uniform(0.1, 20) if self.random.random() < 0.25 else None
        began = self.machine.clock.monotonic()
        try:
            async with asyncio.timeout(leaves):
                await self._served(f"r{number}", self.random.choice(self.names), began)
        except (TimeoutError, StudioError, asyncio.CancelledError):
            pass
        self.answered += 1

    async def _served(self, request_id: str, name: str, began: float) -> None:
        inflight = self.machine.inflight
        while True:
            route = await self.admission.admit(name, actor="api", request_id=request_id)
            await asyncio.sleep(self.random.uniform(0, 0.01))
            if self.machine.routes.current.get(name) == route:
                break
        self.longest = max(self.longest, self.machine.clock.monotonic() - began)
        task = asyncio.current_task()
        assert task is not None
        ticket = inflight.enter(route, request_id, partial(_cancel, task))
        try:
            for _ in range(self.random.randint(1, 10)):
                assert name in self.machine.engines, f"{request_id} is served by nobody"
                await asyncio.sleep(SERVE_S / 10)
        finally:
            inflight.leave(ticket)

    async def _person(self, comes: float) -> None:
        await asyncio.sleep(comes)
        self.hands += 1
        name = self.random.choice(self.names)
        match self.random.choice(("switch", "switch", "evict", "cancel")):
            case "switch":
                self.board.request(RequestSwitch(target=name), actor="tray", correlation_id="c")
            case "evict":
                self.board.request(RequestEvict(target=name), actor="tray", correlation_id="c")
            case _:
                self.board.cancel(CancelChange(target=name))

    def check(self) -> None:
        """What must be true when everything has happened."""
        requested = [f.switch_id for f in self.log.facts if isinstance(f, SwitchRequested)]
        outcomes = (SwitchCompleted, SwitchFailed, SwitchCancelled)
        ended = [f.switch_id for f in self.log.facts if isinstance(f, outcomes)]
        assert sorted(requested) == sorted(ended), "an intent without its one outcome"
        assert self.machine.most <= 1, "two were resident"
        assert not self.machine.inflight.total
        bound = wait_bound(len(self.names) - 1, self.rules, CHANGE_S + 1, self.hands)
        assert self.longest <= bound


@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_no_schedule_strands_anybody(first: int) -> None:
    """Every request is answered, every change has one outcome, one model at a time."""
    for seed in range(first, first + 100):
        story: list[Story] = []

        async def scenario(seed: int = seed, story: list[Story] = story) -> None:
            story.append(Story(seed))
            await story[0].tell()

        try:
            run(scenario())
            story[0].check()
        except BaseException as problem:
            raise AssertionError(f"seed {seed}: {problem!r}") from problem
