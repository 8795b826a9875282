"""`logs`: what an engine, the gateway or the app itself wrote."""

from urllib.parse import quote

import click
import msgspec

from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import size
from desktop.client import Client


@click.command(cls=StudioCommand)
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Stay and show what is written next.")
@click.option(
    *("-n", "--lines"),
    type=click.IntRange(1),
    metavar="N",
    default=200,
    show_default=True,
    help="So many of the latest lines.",
)
@pass_terminal
def logs(terminal: Terminal, name: str, follow: bool, lines: int) -> None:
    """Show the log of NAME: a recipe, an engine, `gateway` or `app`."""
    client = terminal.client()
    if follow:
        _follow(terminal, client, name, lines)
        return
    log = client.get(f"/api/logs/{quote(name, safe='')}", lines=lines)
    terminal.answer(log, "\n".join(log["lines"]))


def _follow(terminal: Terminal, client: Client, name: str, lines: int) -> None:
    """Until Ctrl-C, or until the app closes."""
    try:
        with client.stream(f"/api/logs/{quote(name, safe='')}/stream", lines=lines) as stream:
            for event in stream:
                if event.event == "line":
                    written = msgspec.json.decode(event.data)
                    terminal.line(written, str(written["line"]))
                elif event.event == "dropped":
                    missed = msgspec.json.decode(event.data)["bytes"]
                    terminal.aside(f"… {size(missed)} came faster than they could be shown …")
    except KeyboardInterrupt:
        return
