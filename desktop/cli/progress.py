"""Progress that moves in a terminal and is plain lines elsewhere.

A person watching sees one bar; a log file gets a line per new phase, not one per percent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click

from desktop.cli.terminal import Terminal


class Progress(Protocol):
    """Told the phase, and the percent (0 to 100) where it is known."""

    def update(self, phase: str, percent: float | None = None) -> None:
        """Say where it stands now."""
        ...


class SilentProgress:
    """For `--json`: programs read the answer, or follow the events."""

    def update(self, phase: str, percent: float | None = None) -> None:
        """Nothing is said."""


class LineProgress:
    """A line whenever the phase changes or another tenth is done."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._last: tuple[str, int] | None = None

    def update(self, phase: str, percent: float | None = None) -> None:
        """Say it, unless that was said already."""
        mark = (phase, int((percent or 0) // 10))
        if mark == self._last:
            return
        self._last = mark
        done = "" if percent is None else f" {percent:.0f} %"
        click.echo(f"{self._title}: {phase}{done}", err=True)


class BarProgress:
    """One bar of rich; spins while the percent is unknown."""

    def __init__(self, title: str) -> None:
        from rich.console import Console  # only a watched command pays for this import
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[title]}"),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[percent]:>5}", table_column=Column(no_wrap=True, min_width=5)),
            TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
            TextColumn(  # what does not fit a narrow terminal is cut here, and not at the time
                "[dim]{task.fields[phase]}", table_column=Column(no_wrap=True, ratio=1)
            ),
            expand=True,
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self.bars.add_task("", total=None, title=title, percent="", phase="")

    def update(self, phase: str, percent: float | None = None) -> None:
        """Move the bar."""
        shown = "" if percent is None else f"{percent:.0f} %"
        total = None if percent is None else 100
        self.bars.update(
            self._task, total=total, completed=percent or 0, percent=shown, phase=phase
        )


@contextmanager
def progress(terminal: Terminal, title: str) -> Iterator[Progress]:
    """The kind of progress this terminal can show, for as long as the block lasts."""
    if terminal.as_json:
        yield SilentProgress()
    elif terminal.interactive:
        bar = BarProgress(title)
        with bar.bars:
            yield bar
    else:
        yield LineProgress(title)
