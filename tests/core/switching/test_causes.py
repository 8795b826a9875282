"""What led to what stands in the log: each step of a change names the one before it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.switching.commands import RequestLoad, RequestSwitch
from core.switching.ledger import STREAM
from tests.core.switching.board import Machine, begun, running, until

REQUEST = "0193a1b2-0000-7000-8000-000000000000"


@dataclass
class Witness(Machine):
    """Remembers in the course of what it was asked."""

    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    async def vacate(self, recipe_id: str, **more: Any) -> Any:
        """Go, and say why."""
        self.asked.append(("vacate", more["correlation_id"], more["causation_id"]))
        return await super().vacate(recipe_id, **more)

    async def start(self, recipe_id: str, placement: Any, **more: Any) -> None:
        """Come, and say why."""
        self.asked.append(("start", more["correlation_id"], more["causation_id"]))
        await super().start(recipe_id, placement, **more)


async def test_every_step_names_the_one_before_it(tmp_path: Path) -> None:
    """From the request on, in one thread that begins at what asked for it."""
    machine = Witness(there={"old": 1})
    async with running(tmp_path, machine) as board:
        pending = board.request(
            RequestSwitch(target="new"),
            actor="key:k",
            correlation_id=REQUEST,
            manual=False,
            causation_id="before",
        )
        await pending.done
        told = board.store.read_stream(STREAM)
    assert [one.type for one in told] == [
        "switch-requested",
        "switch-draining-started",
        "switch-drained",
        "switch-eviction-finished",
        "switch-completed",
    ]
    assert {(one.actor, one.correlation_id) for one in told} == {("key:k", REQUEST)}
    assert [one.causation_id for one in told] == ["before", *(one.id for one in told[:-1])]
    drained, gone = told[2].id, told[3].id
    assert machine.asked == [("vacate", REQUEST, drained), ("start", REQUEST, gone)]


async def test_what_a_crash_left_half_done_goes_on_in_its_thread(tmp_path: Path) -> None:
    """Whose request it was is still told after a restart."""
    machine = Witness(there={}, starts={"new": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        pending = board.request(RequestLoad(target="new"), actor="key:k", correlation_id=REQUEST)
        await begun(pending)
        await until(board, lambda: "start new" in machine.deeds)
    machine.starts["new"].set()
    machine.coming.clear()
    async with running(tmp_path, machine) as board:
        await until(board, lambda: "switch-completed" in board.story())
        first, *_, last = board.store.read_stream(STREAM)
    assert (last.type, last.correlation_id, last.causation_id) == (
        "switch-completed",
        REQUEST,
        first.id,
    )
