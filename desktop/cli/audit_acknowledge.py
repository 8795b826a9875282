"""`audit acknowledge`: that a month's log took another's place is known, and why."""

from collections.abc import Mapping
from typing import Any

import click

from core.errors import NotFound, Refused
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import day_and_time


@click.command("acknowledge", cls=StudioCommand)
@click.argument("log", required=False)
@click.option("--reason", help="Why the log was replaced; it is recorded.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def acknowledge(terminal: Terminal, log: str | None, reason: str | None, yes: bool) -> None:
    """Record that LOG, such as usage-2026-11, took the place of another, and why.

    After `audit recover --log LOG` every verification fails, for the old log was signed for and is
    not there. With your word it is told as what you know instead. Without LOG: what there is to
    acknowledge.
    """
    client = terminal.client()
    found = client.get("/api/audit/replaced")["replaced"]
    if log is None:
        none = "Nothing: every log is the one that was signed for, or its replacement is known."
        terminal.answer(
            {"replaced": found}, lambda: "\n\n".join(map(replacement_in_words, found)) or none
        )
        return
    one = next((one for one in found if one["log"] == log), None)
    if one is None:
        raise NotFound(
            f"nothing about {log} is to be acknowledged",
            code="nothing-to-acknowledge",
            next_action="`vllm-studio audit acknowledge` lists what there is",
        )
    if reason is None or not reason.strip():
        raise click.UsageError("say why it was replaced: add --reason TEXT")
    if not yes:
        _confirm(terminal, one)
    body = {"log": log, "log_id": one["log_id"], "reason": reason}
    answer = client.post("/api/audit/acknowledge", body)
    terminal.answer(answer, lambda: f"It is recorded that {log} was replaced, and why: {reason}")


def replacement_in_words(one: Mapping[str, Any]) -> str:
    """What stands there, and in whose place."""
    lines = [
        f"{one['log']}  {one['log_id']}, {one['size']:,} events,"
        f" begun {day_and_time(one['replaced_at'])}",
        *(
            f"  in place of {former['log_id']}, signed for up to {former['size']:,} events"
            for former in one["former"]
        ),
    ]
    known = {former["log_id"] for former in one["former"]}
    if one["follows"] is None:
        lines.append("  It does not say how it came there: find out before you acknowledge it.")
    elif one["follows"] in known:
        lines.append(f"  It says that it goes on from there: {one['why']}.")
    else:
        lines.append(f"  It says that it goes on from another one, {one['follows']}: {one['why']}.")
    return "\n".join(lines)


def _confirm(terminal: Terminal, one: Mapping[str, Any]) -> None:
    terminal.say(replacement_in_words(one))
    if not terminal.interactive:
        raise Refused(
            "nothing was recorded: this stands in the log for ever",
            code="not-confirmed",
            next_action="say `--yes` when it is what you know to be so",
        )
    if not click.confirm("Record that you know of this?"):
        raise Refused("nothing was recorded", code="not-confirmed")
