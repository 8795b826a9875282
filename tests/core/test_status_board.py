"""When a picture is made: progress waits its turn, another state of an engine does not."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from core import status_board
from core.status import EngineView, Status
from core.status_board import StatusBoard
from tests.desktop.pictures import engine, machine


class Parts:
    """Stands for everything that a board listens to; one engine."""

    def __init__(self) -> None:
        self.state = "starting"
        self.listeners: list[Callable[[], None]] = []

    def listen(self, callback: Callable[[], None]) -> None:
        """The first to listen is the fleet's."""
        self.listeners.append(callback)

    def views(self) -> tuple[EngineView, ...]:
        """Its one engine."""
        return (engine("a", self.state),)


class Board(StatusBoard):
    """A board whose picture holds nothing but engines."""

    def __init__(self, parts: Parts) -> None:
        every: Any = dict.fromkeys(
            ("store", "book", "gateway", "switchboard", "budget", "admission", "inflight"), parts
        )
        super().__init__(fleet=cast(Any, parts), requests_today=dict, endpoint="", **every)

    def build(self) -> Status:
        """Of the fleet alone."""
        return msgspec.structs.replace(machine(), engines=self._fleet.views())


async def test_another_state_does_not_wait_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn is an hour long here, and two pictures are told all the same."""
    monkeypatch.setattr(status_board, "INTERVAL_S", 3600.0)
    parts, told, came = Parts(), list[Status](), asyncio.Event()
    board = Board(parts)
    changed = parts.listeners[0]

    def hear(status: Status) -> None:
        told.append(status)
        came.set()

    board.listen(hear)
    running = asyncio.create_task(board.run())
    try:
        changed()
        await asyncio.wait_for(came.wait(), 20)
        came.clear()
        changed()  # it is still in the same state
        parts.state = "ready"
        changed()
        await asyncio.wait_for(came.wait(), 20)
    finally:
        running.cancel()
    assert [picture.engines[0].state for picture in told] == ["starting", "ready"]
