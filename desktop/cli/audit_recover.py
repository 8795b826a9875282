"""`audit recover`: go on with what is good of a damaged log."""

from typing import TYPE_CHECKING

import click

from core.errors import Refused
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal

if TYPE_CHECKING:
    from core.auditing.recovering import Looked


@click.command(cls=StudioCommand)
@click.option("--log", default="main", show_default=True, help='Which log: "usage-2026-11".')
@click.option(
    "--carry/--no-carry",
    default=True,
    show_default=True,
    help="Tell the new log of the recipes, keys, settings and conversations of the old one.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def recover(terminal: Terminal, log: str, carry: bool, yes: bool) -> None:
    """Go on with what is good of a damaged log; vLLM Studio must have ended.

    The good events are exported, the damaged files are moved aside and never deleted, and a new
    log is begun that names the old one.
    """
    from core.auditing.recovering import look  # reads whole logs: not every command's cost
    from core.auditing.recovering import recover as carry_out
    from core.clock import SystemClock
    from core.secrets import Secrets

    if terminal.client_if_running() is not None:
        raise Refused(
            "vLLM Studio runs, and its log can not be taken from under it",
            code="running",
            next_action="end it with `vllm-studio quit`",
        )
    settings = terminal.settings
    looked = look(settings, Secrets(settings.paths.secrets), log)
    terminal.say(_found(looked))
    if not yes:
        _demand_yes(terminal)
    done = carry_out(looked, settings, SystemClock(), carry=carry)
    carried = ", ".join(f"{count} {what}" for what, count in done.carried.items()) or "nothing"
    lines = [
        f"A new log was begun: {done.new_log_id}.",
        f"carried   {carried}",
        f"exported  {done.exported}",
        *(f"aside     {path}" for path in done.aside),
    ]
    if log != "main":
        lines += [
            "`vllm-studio audit verify` fails for it if the old log was signed for, until you say",
            f'why, with vLLM Studio running: vllm-studio audit acknowledge {log} --reason "…"',
        ]
    terminal.answer(done, "\n".join(lines))


def _found(looked: "Looked") -> str:
    bad = ""
    if looked.bad:
        shown = ", ".join(map(str, looked.bad[:10])) + (" …" if len(looked.bad) > 10 else "")
        bad = f"\nNot good: {shown}."
    return (
        f"What is wrong: {looked.reason}.\n"
        f"{looked.good} of {looked.last} events are good, the first {looked.until} without a gap."
        f"{bad}"
    )


def _demand_yes(terminal: Terminal) -> None:
    if not terminal.interactive:
        raise Refused(
            "nothing was done: this begins a new log",
            code="not-confirmed",
            next_action="say `--yes` when that is what you want",
        )
    if not click.confirm("Move the damaged files aside and begin a new log?"):
        raise Refused("nothing was done", code="not-confirmed")
