"""`events`: what happened, in plain sentences, with who asked; all of it, or what is wanted."""

import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import click
import msgspec

from core.past.moments import moment
from desktop.cli import past
from desktop.cli.following import facts_after
from desktop.cli.recorded import recorded_log
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import day_and_time
from desktop.client import Client
from desktop.problems import NotRunning

PAGE = 500


@click.command(cls=StudioCommand)
@click.option("-f", "--follow", is_flag=True, help="Stay and show what happens next.")
@click.option("--after", type=click.IntRange(0), metavar="N", help="Start after event N.")
@click.option(
    *("-n", "--last"),
    type=click.IntRange(1, sys.maxsize),
    metavar="N",
    default=30,
    show_default=True,
    help="So many of the latest.",
)
@click.option("--actor", help="Who asked: window, cli, key:<id>; `key`: any key.")
@click.option("--kind", help="A type such as engine-crashed, or its beginning such as engine.")
@click.option("--model", help="What is about a model, starts it or evicts it.")
@click.option("--correlation", metavar="ID", help="What came of one wish, such as a request's id.")
@click.option("--text", help="What stands in the sentence.")
@click.option("--since", metavar="TIME", help="14:02, 'yesterday 14:02', -2h, 2026-11-30.")
@click.option("--until", metavar="TIME", help="Before that time.")
@pass_terminal
def events(
    terminal: Terminal, /, follow: bool, after: int | None, last: int, **given: str | None
) -> None:
    """Tell the story so far, oldest first; also when vLLM Studio is not running."""
    wanted = _wanted(given)
    if follow and wanted:
        raise click.UsageError("--follow shows everything that happens: it goes with no filter")
    position, found = after or 0, False
    for entry in _story(terminal, after, last, wanted):
        position, found = entry["position"], True
        terminal.line(entry, in_words(entry))
    if wanted and not found:
        click.echo("No event was found.", err=True)
    if follow:
        _follow(terminal, position)


def in_words(entry: Mapping[str, Any]) -> str:
    """One event on one line."""
    number = click.style(f"#{entry['position']:<5}", dim=True)
    when = day_and_time(entry["recorded_at"])
    return f"{number} {when}  {entry['actor']:<8} {entry['sentence']}"


def _wanted(given: Mapping[str, str | None]) -> dict[str, Any]:
    """The filters that are set; times as µs since the epoch."""
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name in ("since", "until"):
        if name in wanted:
            wanted[name] = moment(wanted[name], past.now(), name).at
            if wanted[name] is None:
                raise click.UsageError(f"--{name} is a time; --after takes an event's number")
    return wanted


def _story(
    terminal: Terminal, after: int | None, last: int, wanted: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    if client := terminal.client_if_running():
        try:
            yield from _in_order(_asked_of(client, wanted), after, last, wanted)
            return
        except NotRunning:
            pass  # it ended a moment ago, or its file is a leftover: the log is still there
    with recorded_log(terminal.settings) as store:

        def ask(query: Mapping[str, Any], newest_first: bool, limit: int) -> Mapping[str, Any]:
            return past.recorded_page(
                store, {**wanted, **query}, newest_first=newest_first, limit=limit
            )

        yield from _in_order(ask, after, last, wanted)


def _asked_of(client: Client, wanted: Mapping[str, Any]) -> "past.Ask":
    def ask(query: Mapping[str, Any], newest_first: bool, limit: int) -> Mapping[str, Any]:
        order = "newest" if newest_first else "oldest"
        page: Mapping[str, Any] = client.get(
            "/api/timeline", order=order, limit=limit, **wanted, **query
        )
        return page

    return ask


def _in_order(
    ask: "past.Ask", after: int | None, last: int, wanted: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Oldest first: the latest of all, or everything after one."""
    since, until = wanted.get("since"), wanted.get("until")
    if after is None:
        newest = past.pages(ask, newest_first=True, limit=min(last, PAGE), until=since)
        yield from reversed(list(islice(newest, last)))
    else:
        yield from past.pages(ask, newest_first=False, limit=PAGE, after=after, until=until)


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
