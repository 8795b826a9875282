"""`doctor`: what could keep vLLM Studio from working here."""

import click

from desktop.cli.terminal import FAILED, StudioCommand, Terminal, pass_terminal

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@click.command(cls=StudioCommand)
@pass_terminal
def doctor(terminal: Terminal) -> None:
    """Check this machine, with a next step for whatever is amiss."""
    from desktop.check import Check
    from desktop.doctor import examine  # looks at GPUs and buses: not every command's cost

    checks: list[Check] = []
    for check in examine(terminal.settings):
        checks.append(check)
        sign, colour = _MARKS[check.verdict]
        terminal.say(f"{click.style(sign, fg=colour)} {check.name:<13} {check.message}")
        if check.next_action:
            terminal.say(f"  {'':<13} → {check.next_action}")
    failed = [check for check in checks if check.verdict == "fail"]
    if terminal.as_json:
        terminal.answer({"ok": not failed, "checks": checks})
    if failed:
        click.get_current_context().exit(FAILED)
