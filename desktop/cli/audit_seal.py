"""`audit segments`, `audit seal`, `audit prune`: months of requests that are over."""

from collections.abc import Mapping
from typing import Any

import click

from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time, size

PATIENCE_S = 4 * 3600.0  # a million requests take minutes
HEAD = ("month", "state", "requests", "size", "sealed", "erased")


@click.command("segments", cls=StudioCommand)
@pass_terminal
def segments(terminal: Terminal) -> None:
    """List the months of requests: live, sealed, or erased but for their sums."""
    answer = terminal.client().get("/api/audit/segments")
    terminal.answer(answer, lambda: in_words(answer))


@click.command("seal", cls=StudioCommand)
@click.argument("month", required=False)
@pass_terminal
def seal(terminal: Terminal, month: str | None) -> None:
    """Seal MONTH, such as 2026-11, or every month that is over.

    Nothing that can be asked changes; it takes a tenth of the room, and can be proved whole.
    """
    answer = terminal.client().post("/api/audit/seal", {"month": month}, timeout_s=PATIENCE_S)
    terminal.answer(answer, lambda: in_words(answer))


@click.command("prune", cls=StudioCommand)
@click.option("--before", required=True, metavar="MONTH", help="The first month to keep.")
@click.option("--reason", default="owner", show_default=True, help="Why; it is recorded.")
@click.option(
    "--aside", is_flag=True, help="Erase what `audit recover` moved aside of these months too."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def prune(terminal: Terminal, before: str, reason: str, aside: bool, yes: bool) -> None:
    """Erase the single requests of every month before MONTH, for ever.

    What they add up to stays, and so does the proof of what was there. Files that `audit recover`
    moved aside hold requests too; they stay, and are named, unless --aside is given.
    """
    client = terminal.client()
    if not yes:
        if not terminal.interactive:
            raise click.UsageError("nothing is erased without being asked: add --yes")
        too = ", and what a recovery moved aside of it," if aside else ""
        click.confirm(f"Erase every single request from before {before}{too} for ever?", abort=True)
    body = {"before": before, "reason": reason, "aside": aside}
    answer = client.post("/api/audit/prune", body, timeout_s=PATIENCE_S)
    terminal.answer(answer, lambda: pruned_in_words(answer, before))


def pruned_in_words(answer: Mapping[str, Any], before: str) -> str:
    """The months, then what a recovery had moved aside of them: gone, or still there."""
    left, erased = answer["aside_left"], answer["aside_erased"]
    parts = [in_words(answer, none="" if erased else "There was nothing to erase.")]
    if erased:
        parts.append("Erased of what a recovery had moved aside:")
        parts += [f"  {path}" for path in erased]
    if left:
        parts.append("Still there, with single requests that a recovery moved aside:")
        parts += [f"  {path}" for path in left]
        parts.append(f"Erase them too: vllm-studio audit prune --before {before} --aside")
    return "\n".join(part for part in parts if part)


def in_words(answer: Mapping[str, Any], none: str = "There is no such month.") -> str:
    """A line for each month."""
    rows = [_cells(month) for month in answer["months"]]
    return columns(HEAD, rows) if rows else none


def _cells(month: Mapping[str, Any]) -> tuple[str, ...]:
    requests, sealed, pruned = month["requests"], month["sealed_at"], month["pruned_at"]
    return (
        month["month"],
        month["state"],
        "–" if requests is None else f"{requests:,}",
        size(month["bytes"]),
        day_and_time(sealed) if sealed else "–",
        f"{day_and_time(pruned)} by {month['pruned_by']}: {month['pruned_why']}" if pruned else "–",
    )
