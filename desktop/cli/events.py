"""`events`: what happened, in plain sentences, with who asked."""

from collections.abc import Iterator, Mapping
from typing import Any

import click
import msgspec

from desktop.cli.following import facts_after
from desktop.cli.recorded import recorded_log, timeline_entry
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import day_and_time
from desktop.client import Client
from desktop.problems import NotRunning

PAGE = 500


@click.command(cls=StudioCommand)
@click.option("-f", "--follow", is_flag=True, help="Stay and show what happens next.")
@click.option("--after", type=int, metavar="N", help="Start after event N.")
@click.option("-n", "--last", default=30, show_default=True, help="So many of the latest.")
@pass_terminal
def events(terminal: Terminal, follow: bool, after: int | None, last: int) -> None:
    """Tell the story so far, oldest first; also when vLLM Studio is not running."""
    position = after or 0
    for entry in _story(terminal, after, last):
        position = entry["position"]
        terminal.line(entry, in_words(entry))
    if follow:
        _follow(terminal, position)


def in_words(entry: Mapping[str, Any]) -> str:
    """One event on one line."""
    number = click.style(f"#{entry['position']:<5}", dim=True)
    when = day_and_time(entry["recorded_at"])
    return f"{number} {when}  {entry['actor']:<8} {entry['sentence']}"


def _story(terminal: Terminal, after: int | None, last: int) -> Iterator[Mapping[str, Any]]:
    if client := terminal.client_if_running():
        try:
            yield from _told(client, after, last)
            return
        except NotRunning:
            pass  # it ended a moment ago, or its file is a leftover: the log is still there
    with recorded_log(terminal.settings) as store:
        if after is None:
            page = store.read_all(limit=last, newest_first=True)[::-1]
            yield from map(timeline_entry, page)
            return
        while page := store.read_all(after=after, limit=PAGE):
            yield from map(timeline_entry, page)
            after = page[-1].position


def _told(client: Client, after: int | None, last: int) -> Iterator[Mapping[str, Any]]:
    """The app's timeline answers newest first, a page at a time; here it is read forwards."""
    if after is None:
        yield from reversed(client.get("/api/timeline", limit=last)["entries"])
        return
    pages: list[list[Mapping[str, Any]]] = []
    before: int | None = None
    while True:
        entries = client.get("/api/timeline", after=after, before=before, limit=PAGE)["entries"]
        pages.append(entries)
        if len(entries) < PAGE:
            break
        before = entries[-1]["position"]
    for page in reversed(pages):
        yield from reversed(page)


def _follow(terminal: Terminal, after: int) -> None:
    """Until Ctrl-C, which is the ordinary way to leave."""
    client = terminal.client()
    try:
        for fact in facts_after(client, after):
            terminal.line(fact, in_words(fact))
    except KeyboardInterrupt:
        return
    except msgspec.DecodeError as error:
        raise NotRunning(f"the app sent something unreadable: {error}") from error
