"""What a websocket does while it is open: whether it keeps its model, and what it used."""

import asyncio
from collections.abc import Callable

from core.gateway.answer import OpaqueAnswer
from core.gateway.request_record import Call
from core.gateway.usage import Tokens, UsageFinder


class Talk(OpaqueAnswer):
    """Adds up the token counts that the engine tells, answer by answer."""

    def __init__(self) -> None:
        self.tokens = Tokens()

    def saw(self, message: str | bytes) -> None:
        """A message on its way to the client."""
        if isinstance(message, str) and '"usage"' in message:
            finder = UsageFinder()
            finder.feed(message.encode())
            told, sum_ = finder.tokens, self.tokens
            self.tokens = Tokens(
                prompt=_added(sum_.prompt, told.prompt),
                completion=_added(sum_.completion, told.completion),
                cached=_added(sum_.cached, told.cached),
            )


class Presence:
    """Counts a websocket in while messages move, and out when it has been silent for `idle_s`."""

    def __init__(
        self, call: Call, enter: Callable[[], None], leave: Callable[[], None], idle_s: float
    ) -> None:
        """`idle_s` 0: it counts for as long as it is open."""
        self._call = call
        self._enter = enter
        self._leave = leave
        self._idle_s = idle_s
        self._moved = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """It is open, and counted in."""
        if self._idle_s:
            self._wait()

    def moved(self) -> None:
        """A message goes by. Raises when its model may not be used any more."""
        self._moved = True
        if self._call.ticket is None:
            self._enter()
            self.begin()

    def close(self) -> None:
        """It is over."""
        if self._timer is not None:
            self._timer.cancel()
        self._leave()

    def _wait(self) -> None:
        self._moved = False
        self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._look)

    def _look(self) -> None:
        """Silent since the last look: at most twice the time, without a timer for each message."""
        if self._moved:
            self._wait()
        else:
            self._leave()


def _added(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)
