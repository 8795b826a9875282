"""`autostart`: start at login, or not."""

import click

from desktop import autostart as login
from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal


@click.group(cls=StudioGroup)
def autostart() -> None:
    """Start vLLM Studio in the tray when you log in."""


@autostart.command()
@pass_terminal
def on(terminal: Terminal) -> None:
    """Start at login."""
    login.turn_on(login.start_command())
    terminal.answer({"autostart": True}, "vLLM Studio starts at login.")


@autostart.command()
@pass_terminal
def off(terminal: Terminal) -> None:
    """Do not start at login."""
    login.turn_off()
    terminal.answer({"autostart": False}, "vLLM Studio does not start at login.")


@autostart.command("status")
@pass_terminal
def show(terminal: Terminal) -> None:
    """Whether it starts at login."""
    state = login.is_on()
    terminal.answer({"autostart": state}, "on" if state else "off")
