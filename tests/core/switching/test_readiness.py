"""A scheduler that hangs is found, whether or not anybody waits for it (C08)."""

import asyncio
from pathlib import Path

from core.clock import SystemClock
from core.switching.commands import RequestSwitch
from core.switching.scheduling.scene import Rules
from core.switching.switchboard import Switchboard
from events.store import EventStore
from tests.core.switching.board import Machine, begun, running


async def test_a_scheduler_at_work_answers_at_once(tmp_path: Path) -> None:
    """Idle, and while a load takes its time: a long load is no fault."""
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine) as board:
        assert await board.answers(within_s=60) == "ok"
        load = board.ask(RequestSwitch(target="a"))
        await begun(load)
        assert await board.answers(within_s=60) == "ok"
        machine.starts["a"].set()
        await load.done


async def test_two_may_ask_at_once(tmp_path: Path) -> None:
    """Neither takes the other's answer away."""
    async with running(tmp_path, Machine()) as board:
        both = await asyncio.gather(*(board.answers(within_s=60) for _ in range(2)))
        assert both == ["ok", "ok"]


async def test_a_scheduler_that_hangs_is_found_within_the_limit(store: EventStore) -> None:
    """Its task was held up inside; nobody wishes for anything, and it is known all the same."""
    held = asyncio.Event()

    class Held(Switchboard):
        async def _wait(self, seconds: float | None) -> None:
            await held.wait()
            await super()._wait(seconds)

    board = Held(
        store=store, effects=Machine(), clock=SystemClock(), rules=lambda: Rules(max_resident=1)
    )
    task = asyncio.create_task(board.run())
    await asyncio.sleep(0)
    assert await board.answers(within_s=0.05) == "the scheduler did not answer within 0 s"
    held.set()
    assert await board.answers(within_s=60) == "ok"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
