"""The log under the switchboard: what is written, and what happens when nothing can be."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused, Unavailable
from core.switching.commands import CancelChange, RequestLoad, RequestSwitch
from events.envelope import Recorded
from events.errors import LogUnavailable
from tests.core.switching.board import Machine, running, until


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
        await pending.done
        monkeypatch.setattr(board.store, "append", append)
        await board.ask(RequestLoad(target="b")).done
        assert "b" in machine.there
        assert board.story().count("switch-completed") == 2  # the first as soon as it could be


async def test_an_outcome_that_waits_is_written_without_another_wish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every intent has its outcome once the log can be written again, whoever asks for what."""
    monkeypatch.setattr("core.switching.switchboard.LOOK_EVERY_S", 0.01)
    machine = Machine(starts={"a": asyncio.Event()})
    async with running(tmp_path, machine, room=3) as board:
        pending = board.ask(RequestLoad(target="a"))
        await until(board, lambda: "start a" in machine.deeds)
        append = board.store.append

        async def full(*_: object, **__: object) -> list[Recorded]:
            raise LogUnavailable("the disk is full")

        monkeypatch.setattr(board.store, "append", full)
        machine.starts["a"].set()
        await pending.done
        written = asyncio.Event()

        async def told(*args: Any, **more: Any) -> list[Recorded]:
            recorded = await append(*args, **more)
            written.set()
            return recorded

        monkeypatch.setattr(board.store, "append", told)
        await written.wait()
        assert board.story() == ["switch-requested", "switch-completed"]


async def test_a_change_that_can_not_be_recorded_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The asker hears that the log is the reason, and when to come back; nothing is touched."""
    machine = Machine(there={"a": 0})
    async with running(tmp_path, machine) as board:

        async def full(*_: object, **__: object) -> list[Recorded]:
            raise LogUnavailable("the disk is full")

        monkeypatch.setattr(board.store, "append", full)
        with pytest.raises(Unavailable, match="disk is full") as refusal:
            await board.ask(RequestSwitch(target="b")).done
        assert refusal.value.code == "log-unavailable"
        assert machine.there == {"a": 0}
