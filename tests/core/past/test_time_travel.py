"""The studio's own task makes snapshots as the log grows, beside everything else."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from core.past import time_travel
from core.past.time_travel import TimeTravel
from events.facts import AppStopped
from events.snapshots import SPACING
from events.store import EventStore


async def test_snapshots_are_made_while_the_log_grows(
    store: EventStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of what comes while it works; and it ends when it is told to."""
    monkeypatch.setattr(time_travel, "REST_S", 0.0)
    monkeypatch.setattr(time_travel, "LOOK_EVERY_S", 0.001)
    past = TimeTravel(store, home)
    looked = asyncio.Event()
    step = past._step
    loop = asyncio.get_running_loop()

    def stepped() -> bool:
        more = step()
        loop.call_soon_threadsafe(looked.set)
        return more

    monkeypatch.setattr(past, "_step", stepped)
    work = asyncio.create_task(past.run())
    for wanted in (1, 3):
        while store.head < wanted * SPACING:
            await store.append("app", [AppStopped(reason="x")] * 250, actor="cli")
        while len(past.snapshots.positions) < wanted:
            looked.clear()
            await looked.wait()
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    assert past.snapshots.positions == (SPACING, 2 * SPACING, 3 * SPACING)
    assert past.state(2 * SPACING + 1).position == 2 * SPACING + 1
    assert not past.snapshots.step(), "nothing is written any more"
