"""`mirror`: whether usage, keys and requests reach the PostgreSQL database."""

from collections.abc import Mapping
from typing import Any

import click

from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import day_and_time

OFF = "No PostgreSQL database is set: usage stays in the log alone (see DATABASE_URL)."


@click.command(cls=StudioCommand)
@pass_terminal
def mirror(terminal: Terminal) -> None:
    """How far the PostgreSQL database is that DATABASE_URL names."""
    answer = terminal.client().get("/api/mirror")
    terminal.answer(answer, lambda: in_words(answer))


def in_words(answer: Mapping[str, Any]) -> str:
    """A few lines for a person."""
    if answer["state"] == "off":
        return OFF
    lines = [f"{answer['state']}: {answer['where'] or 'DATABASE_URL'}"]
    if answer["behind"] is not None:
        lines.append(f"{answer['behind']} events are not there yet")
    if answer["last_written_at"]:
        lines.append(
            f"{answer['mirrored']} written since the start, the last at "
            f"{day_and_time(answer['last_written_at'])}"
        )
    if answer["problem"]:
        lines += [answer["problem"], f"→ {answer['next_action']}"]
    return "\n".join(lines)
