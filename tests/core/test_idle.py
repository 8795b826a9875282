"""How long a client's connection may be idle."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.http_server import KEEP_ALIVE_S
from tests.core.test_http_bounds import WHOLE, House, serving

END = b"k\r\n0\r\n\r\n"


class HeldLoop:
    """A connection's loop, in which time passes when it is told to."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers: list[tuple[float, asyncio.TimerHandle, Callable[..., object]]] = []
        self._now = 0.0

    def __getattr__(self, name: str) -> Any:
        """The rest is as it was."""
        return getattr(self._loop, name)

    def time(self) -> float:
        """Seconds of the test."""
        return self._now

    def call_later(self, delay: float, callback: Callable[..., object]) -> asyncio.TimerHandle:
        """Not before the test says that it is later."""
        handle = self._loop.call_later(3600.0, callback)
        self._timers.append((self._now + delay, handle, callback))
        return handle

    def passes(self, seconds: float) -> None:
        """Now it is later."""
        self._now += seconds
        due = [timer for timer in self._timers if timer[0] <= self._now]
        self._timers = [timer for timer in self._timers if timer not in due]
        for _, handle, callback in due:
            if not handle.cancelled():
                handle.cancel()
                callback()


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(tmp_path: Path) -> None:
    """The time counts from the newest answer, and does not count while one is being made."""
    async with serving(House(), tmp_path) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        connection: Any = await house.connection()
        connection.loop = time = HeldLoop()
        for _ in range(4):
            writer.write(WHOLE)
            await reader.readuntil(END)
            time.passes(0.6 * KEEP_ALIVE_S)  # longer together than it may be idle
            assert not connection.transport.is_closing()
        house.may_answer.clear()
        writer.write(WHOLE)
        await reader.readuntil(b"o\r\n")
        time.passes(3 * KEEP_ALIVE_S)
        assert not connection.transport.is_closing()
        house.may_answer.set()
        await reader.readuntil(END)
        time.passes(0.9 * KEEP_ALIVE_S)
        assert not connection.transport.is_closing()
        time.passes(0.2 * KEEP_ALIVE_S)
        assert await reader.read() == b""
        writer.close()
