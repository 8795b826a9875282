"""What a server wrote beside its protocol: bounded, masked, and gone with the studio.

The newest lines are kept. A server that writes faster than anybody reads loses lines, and it is
said how many.

Numbers go up by one. They begin with the moment at which the log does, in milliseconds: so many
lines a second nobody keeps, and who has seen some of an earlier run is told all of this one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Literal

from core.clock import Clock
from core.mcp.views import LogLine

KEPT = 2000  # lines
LONGEST = 2000  # characters of one
LOOKED_AT = 8 * LONGEST  # of a line; what is cut off here is far from what is kept
A_SECOND = 200  # lines that are kept of one second

Source = Literal["stderr", "stdout", "message", "studio"]


class ServerLog:
    """The lines of one server, over all its starts."""

    def __init__(self, *, clock: Clock, mask: Callable[[str], str]) -> None:
        self._clock = clock
        self._mask = mask
        self._lines: deque[LogLine] = deque(maxlen=KEPT)
        self._number = clock.now() // 1000
        self._begins = self._number
        self._more = asyncio.Event()  # replaced at each line
        self._is_over = False
        self._second = 0
        self._in_second = 0
        self._lost = 0

    def add(self, source: Source, text: str) -> None:
        """One line, or several."""
        for line in text.splitlines() or [""]:
            if line.strip():
                self._add(source, line.rstrip())

    def masked(self, text: str) -> str:
        """`text` without a secret, as a line of it would be."""
        return self._mask(text)

    def since(self, after: int) -> tuple[LogLine, ...]:
        """Those with a higher number, oldest first; a gap before them is told."""
        if after > self._number:  # the clock was put back in between
            after = 0
        found = tuple(line for line in self._lines if line.number > after)
        missed = found[0].number - after - 1 if found and after >= self._begins else 0
        return (_gap(found[0], missed), *found) if missed else found

    async def follow(self, after: int) -> AsyncGenerator[tuple[LogLine, ...]]:
        """The same, and then what comes as it comes; until the server is removed."""
        while True:
            more = self._more
            if lines := self.since(after):
                after = lines[-1].number
                yield lines
            elif self._is_over:
                return
            else:
                await more.wait()

    def end(self) -> None:
        """Nobody has to wait for more."""
        self._is_over = True
        self._more.set()

    def last(self, count: int) -> tuple[str, ...]:
        """The newest lines that the server itself wrote."""
        own = [line.text for line in self._lines if line.source == "stderr"]
        return tuple(own[-count:])

    def _add(self, source: Source, line: str) -> None:
        now = self._clock.now()
        if now // 1_000_000 != self._second:
            self._second, self._in_second = now // 1_000_000, 0
            if self._lost:
                self._keep(now, "studio", f"{self._lost} more lines came too fast to be kept")
                self._lost = 0
        self._in_second += 1
        if self._in_second > A_SECOND and source != "studio":
            self._lost += 1
            return
        # masked before it is cut: half a secret is not known as one
        self._keep(now, source, _shortened(self._mask(line[:LOOKED_AT])))

    def _keep(self, now: int, source: Source, text: str) -> None:
        self._number += 1
        self._lines.append(LogLine(number=self._number, at=now, source=source, text=text))
        more, self._more = self._more, asyncio.Event()
        more.set()


def _gap(line: LogLine, missed: int) -> LogLine:
    text = f"{missed} lines before this were not read in time, and are not kept"
    return LogLine(number=line.number - 1, at=line.at, source="studio", text=text)


def _shortened(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} …"
