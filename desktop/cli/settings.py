"""`settings`: what is in force and where it comes from."""

import click
import msgspec

from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal
from desktop.cli.words import columns
from desktop.client import Json


@click.group(cls=StudioGroup)
def settings() -> None:
    """Show or change settings."""


@settings.command("list")
@pass_terminal
def list_settings(terminal: Terminal) -> None:
    """Every setting, its value and where it comes from."""
    answer = terminal.client().get("/api/settings")
    meaning = {told["key"]: told["help"] for told in answer.get("described", ())}
    rows = [
        (name, _shown(value), answer["from"].get(name, ""), meaning.get(name, ""))
        for name, value in answer["settings"].items()
    ]
    terminal.answer(answer, lambda: columns(("setting", "value", "from", "meaning"), rows))


@settings.command("set")
@click.argument("name")
@click.argument("value")
@pass_terminal
def set_setting(terminal: Terminal, name: str, value: str) -> None:
    """Set NAME to VALUE (JSON where it is JSON, else text)."""
    answer = terminal.client().patch("/api/settings", {name: value_of(value)})
    later = name in answer.get("takes_effect_after_restart", ())
    when = " after the next start" if later else ""
    terminal.answer(answer, f"{name} is {value}{when}.")


def value_of(text: str) -> Json:
    """What was typed, as JSON when it is JSON: `4`, `true`, `null`, `["a"]`; otherwise the text."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
