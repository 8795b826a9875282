"""`cache`: answers that are kept for the same question again."""

from collections.abc import Mapping
from typing import Any

import click

from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal

MIB = 1024 * 1024


@click.group(cls=StudioGroup)
def cache() -> None:
    """Show or clear the cache of answers."""


@cache.command("show")
@pass_terminal
def show_cache(terminal: Terminal) -> None:
    """How many answers are kept, and how often they were of use."""
    answer = terminal.client().get("/api/cache")
    terminal.answer(answer, lambda: in_words(answer))


@cache.command("clear")
@pass_terminal
def clear_cache(terminal: Terminal) -> None:
    """Forget every answer."""
    answer = terminal.client().delete("/api/cache")
    terminal.answer(answer, f"{_answers(answer['forgotten'])} forgotten.")


def in_words(counts: Mapping[str, Any]) -> str:
    """Two lines: what is there, and what it was good for."""
    size = counts["bytes"]
    place = "Redis" if counts["place"] == "redis" else "memory"
    room = "" if size is None else f", {size / MIB:.1f} MiB"
    return (
        f"{_answers(counts['entries'])} in {place}{room}.\n"
        f"Since the start: {counts['hits']} from the cache, {counts['misses']} not there, "
        f"{counts['joins']} shared while they came."
    )


def _answers(count: int) -> str:
    return f"{count} answer{'' if count == 1 else 's'}"
