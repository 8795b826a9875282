"""`switch`, `load`, `evict`, `sleep`, `wake`: change what is resident, and wait for it."""

import time
from typing import Any

import click

from desktop.cli.following import as_progress, told_meanwhile
from desktop.cli.progress import progress
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.client import Client
from desktop.problems import AppRefused

force_option = click.option(
    "--force", is_flag=True, help="Cut running requests instead of waiting for them."
)
wait_option = click.option(
    "--wait/--no-wait", default=True, help="Wait until it is done.", show_default=True
)


@click.command(cls=StudioCommand)
@click.argument("recipe")
@force_option
@wait_option
@pass_terminal
def switch(terminal: Terminal, recipe: str, force: bool, wait: bool) -> None:
    """Make RECIPE the resident model; others leave as memory demands."""
    change(terminal, "switch", recipe, force=force, wait=wait)


@click.command(cls=StudioCommand)
@click.argument("recipe")
@force_option
@wait_option
@pass_terminal
def load(terminal: Terminal, recipe: str, force: bool, wait: bool) -> None:
    """Load RECIPE beside what already runs, when there is room."""
    change(terminal, "load", recipe, force=force, wait=wait)


@click.command(cls=StudioCommand)
@click.argument("recipe", required=False)
@force_option
@wait_option
@pass_terminal
def evict(terminal: Terminal, recipe: str | None, force: bool, wait: bool) -> None:
    """Stop RECIPE's engine, or every engine."""
    change(terminal, "evict", recipe, force=force, wait=wait)


@click.command(cls=StudioCommand)
@click.argument("recipe")
@force_option
@wait_option
@pass_terminal
def sleep(terminal: Terminal, recipe: str, force: bool, wait: bool) -> None:
    """Put RECIPE to sleep: its memory is free, and it is back sooner than from a start."""
    change(terminal, "sleep", recipe, force=force, wait=wait)


@click.command(cls=StudioCommand)
@click.argument("recipe")
@force_option
@wait_option
@pass_terminal
def wake(terminal: Terminal, recipe: str, force: bool, wait: bool) -> None:
    """Wake RECIPE; others leave as memory demands."""
    change(terminal, "switch", recipe, force=force, wait=wait)


def change(terminal: Terminal, kind: str, target: str | None, *, force: bool, wait: bool) -> None:
    """Ask for the change; unless told not to wait, show it happening and say how it ended."""
    client = terminal.client()
    if not wait:
        accepted = client.post(f"/api/{kind}", {"target": target, "force": force, "wait": False})
        terminal.answer(accepted, f"Asked: {kind} {target or 'everything'}.")
        return
    began = time.monotonic()
    done = {**watched(terminal, client, kind, target, force=force)}
    done["seconds"] = round(time.monotonic() - began, 2)
    nothing_to_do = kind == "evict" and done.get("switch_id") is None
    said = not_running(target) if nothing_to_do else outcome(kind, target, done["seconds"])
    terminal.answer(done, said)


def watched(
    terminal: Terminal, client: Client, kind: str, target: str | None, *, force: bool = False
) -> dict[str, Any]:
    """The change, done; progress is shown. Ctrl-C asks whether to cancel it.

    Asking again after "keep waiting" joins the change that is under way, so nothing starts twice.
    """
    wish = {"target": target, "force": force, "wait": True}
    while True:
        try:
            with (
                progress(terminal, f"{kind} {target or 'everything'}") as shown,
                told_meanwhile(client, as_progress(shown)),
            ):
                return client.post(f"/api/{kind}", wish, timeout_s=None) or {}
        except KeyboardInterrupt:
            if wants_to_cancel(terminal, kind):
                client.post("/api/cancel", {"target": target})
                raise AppRefused(
                    409, {"detail": f"the {kind} was cancelled", "code": "cancelled"}
                ) from None


def wants_to_cancel(terminal: Terminal, kind: str) -> bool:
    """Yes without asking when nobody can answer, or when Ctrl-C comes again."""
    if not terminal.interactive:
        return True
    try:
        return click.confirm(f"\nCancel the {kind}? (no: keep waiting)", default=False, err=True)
    except click.Abort:
        return True


def not_running(target: str | None) -> str:
    """An eviction that had nothing to do."""
    return f"{target} was not running." if target else "Nothing was running."


def outcome(kind: str, target: str | None, seconds: float) -> str:
    """How it ended, in a sentence."""
    if kind == "evict":
        return f"{target or 'Everything'} left memory after {seconds:.1f} s."
    if kind == "sleep":
        return f"{target} gave its memory back after {seconds:.1f} s."
    return f"{target} is ready after {seconds:.1f} s."
