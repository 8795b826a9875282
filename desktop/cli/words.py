"""How numbers, times and states read in a terminal."""

import time
from collections.abc import Iterable, Sequence

import click

_SIGNS = {
    "ready": ("●", "green"),
    "starting": ("◔", "yellow"),
    "loading": ("◔", "yellow"),
    "stopping": ("◑", "yellow"),
    "asleep": ("☾", "magenta"),
    "left-alone": ("◌", "yellow"),
    "stopped": ("○", None),
    "failed": ("◆", "red"),
}

_US = 1_000_000


def state_word(state: str) -> str:
    """Shape, word and colour together, so that none of them is needed alone."""
    sign, colour = _SIGNS.get(state, ("·", None))
    return click.style(f"{sign} {state}", fg=colour)


def clock_time(recorded_at: int) -> str:
    """Local wall time of a moment in µs since the epoch."""
    return time.strftime("%H:%M:%S", time.localtime(recorded_at / _US))


def day_and_time(recorded_at: int) -> str:
    """Local date and wall time of a moment in µs since the epoch."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(recorded_at / _US))


def for_how_long(since: int, now: int) -> str:
    """The time between two moments in µs, in its two largest units."""
    seconds = max(0, now - since) // _US
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


def size(count: float | None) -> str:
    """Bytes in binary units."""
    if count is None:
        return "–"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as wide as its content: nothing is cut, so it can be piped and searched."""
    table = [[*map(str, row)] for row in rows]
    widths = [
        max(len(head[i]), *(len(click.unstyle(row[i])) for row in table), 0)
        for i in range(len(head))
    ]
    lines = [click.style(_row(head, widths), dim=True)]
    lines += [_row(row, widths) for row in table]
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell + " " * (width - len(click.unstyle(cell)))
        for cell, width in zip(cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()
