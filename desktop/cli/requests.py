"""`requests`: what was asked and how it ended, what runs now, and ending that."""

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import click

from core.errors import NotFound
from desktop.cli.harmless import on_one_line
from desktop.cli.terminal import StudioGroup, Terminal, answered, json_option, pass_terminal
from desktop.cli.usage import TIMES, erased, moment
from desktop.cli.words import columns, day_and_time, for_how_long
from desktop.client import Client

FOLLOW_S = 1.0
PAGE = 1000
HEAD = ("ended", "id", "model", "who", "lane", "outcome", "in", "out", "ttft ms", "took ms")
WIDTHS = (19, 36, 20, 10, 7, 11, 6, 6, 7, 8)  # of lines that are told one by one


@click.group(cls=StudioGroup, invoke_without_command=True, params=[json_option()])
@click.option("--running", is_flag=True, help="Those that wait or run now.")
@click.option("-f", "--follow", is_flag=True, help="Stay and show those that end from now on.")
@click.option("--since", metavar="TIME", help=f"{TIMES}.")
@click.option("--key", help="One key, by name or id.")
@click.option("--model", help="One model, as it was asked for.")
@click.option("--recipe", help="One recipe.")
@click.option("--outcome", help="ok, error, rejected, cancelled, client_gone, timeout.")
@click.option("--error-code", "error_code", help="Why it was refused or failed.")
@click.option("--cache", help="hit or joined: answered without an engine call of its own.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=20, show_default=True)
@click.pass_context
def requests(
    context: click.Context,
    /,
    running: bool,
    follow: bool,
    since: str | None,
    limit: int,
    **wanted: str | None,
) -> None:
    """List requests, oldest first; never what was asked or answered."""
    if context.invoked_subcommand is not None:
        return
    terminal = context.ensure_object(Terminal)

    def run() -> None:
        if running:
            answer = terminal.client().get("/api/requests/running")
            terminal.answer(answer, lambda: running_in_words(answer))
            return
        query: dict[str, Any] = {**wanted, "since": moment(since) if since else None}
        if follow:
            for entry in _followed(terminal.client(), limit, query):
                terminal.line(entry, _line(_cells(entry)))
            return
        answer = terminal.client().get("/api/requests", limit=limit, **query)
        terminal.answer(answer, lambda: in_words(answer))

    answered(context, run)


@requests.command("cancel")
@click.argument("request_id")
@pass_terminal
def cancel_request(terminal: Terminal, request_id: str) -> None:
    """End the request REQUEST_ID, waiting or running; its client is told so."""
    answer = terminal.client().post("/api/cancel", {"request_id": request_id})
    terminal.answer(answer, f"The request {request_id} was ended.")


@requests.command("show")
@click.argument("request_id")
@click.option("--bodies", is_flag=True, help="What was asked and answered, where it was captured.")
@pass_terminal
def show_request(terminal: Terminal, request_id: str, bodies: bool) -> None:
    """All that is known of the request REQUEST_ID, once it has ended."""
    client = terminal.client()
    if bodies:
        captured = client.get(f"/api/requests/{quote(request_id, safe='')}/body")
        terminal.answer(captured, lambda: bodies_in_words(captured))
        return
    found = client.get("/api/requests", request_id=request_id)["requests"]
    if not found:
        raise NotFound(
            f"no request {request_id} has ended",
            next_action="`vllm-studio requests --running` shows those that run",
        )
    terminal.answer(found[0], lambda: one_in_words(found[0]))


def one_in_words(entry: Mapping[str, Any]) -> str:
    """A line for each thing that is known."""
    known = {name: value for name, value in entry.items() if value not in (None, "")}
    known["finished_at"] = day_and_time(entry["finished_at"])
    return "\n".join(f"{name:<18} {_value(value)}" for name, value in known.items())


def bodies_in_words(captured: Mapping[str, Any]) -> str:
    """The request, and under it the answer; what is no text is named by its size."""
    return "\n\n".join(
        f"{click.style(part, dim=True)}{'' if body['whole'] else ' (the beginning)'}\n"
        + (body["data"] if body["encoding"] == "text" else f"{body['size']} bytes, no text")
        for part, body in (("request", captured["request"]), ("answer", captured["answer"]))
    )


def _value(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else on_one_line(value)


def in_words(answer: Mapping[str, Any]) -> str:
    """A table, the newest at the end."""
    rows = [_cells(entry) for entry in reversed(answer["requests"])]
    if not rows:
        return "No request was found." + erased(answer)
    older = "\n\nThere are older ones: see --limit." if answer["next"] else ""
    return columns(HEAD, rows) + older + erased(answer)


def running_in_words(answer: Mapping[str, Any]) -> str:
    """What waits or runs, oldest first."""
    now = time.time_ns() // 1000
    rows = [
        (
            entry["request_id"],
            entry["state"],
            on_one_line(entry["model"] or "–"),
            _who(entry),
            entry["lane"],
            for_how_long(entry["since"], now),
        )
        for entry in answer["requests"]
    ]
    return columns(("id", "state", "model", "who", "lane", "for"), rows) if rows else "None runs."


def _followed(client: Client, limit: int, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The newest, and then each as it ends, until Ctrl-C."""
    try:
        seen: set[str] = set()
        page = client.get("/api/requests", limit=limit, **query)["requests"]
        oldest = page[-1]["finished_at"] if page else 0  # what ended before it was not wanted
        while True:
            for entry in reversed(page):
                if entry["request_id"] not in seen and entry["finished_at"] >= oldest:
                    yield entry
            if page:
                seen = {entry["request_id"] for entry in page}
                query = {**query, "since": page[0]["finished_at"] - 1_000_000}
            time.sleep(FOLLOW_S)
            page = _all_of(client, query)
    except KeyboardInterrupt:
        return


def _all_of(client: Client, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of a moment ago, the newest first, however many pages that is."""
    found: list[Mapping[str, Any]] = []
    before = None
    while True:
        page = client.get("/api/requests", limit=PAGE, before=before, **query)
        found += page["requests"]
        before = page["next"]
        if before is None:
            return found


def _cells(entry: Mapping[str, Any]) -> tuple[str, ...]:
    outcome = on_one_line(entry["cache"] or entry["error_code"] or entry["outcome"])
    return (
        day_and_time(entry["finished_at"]),
        entry["request_id"],
        on_one_line(entry["model"] or "–"),
        _who(entry),
        entry["lane"],
        click.style(outcome, fg=None if entry["status"] < 400 else "red"),
        _number(entry["prompt_tokens"]),
        _number(entry["completion_tokens"]),
        _number(entry["ttft_ms"]),
        _number(entry["duration_ms"]),
    )


def _who(entry: Mapping[str, Any]) -> str:
    return on_one_line(entry.get("key_name") or entry["actor"])


def _line(cells: tuple[str, ...]) -> str:
    padded = (c + " " * (w - len(click.unstyle(c))) for c, w in zip(cells, WIDTHS, strict=True))
    return "  ".join(padded).rstrip()


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
