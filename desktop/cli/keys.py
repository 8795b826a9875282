"""`keys`: who may ask `/v1`, and how much of it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from desktop.cli.key_limits import (
    Given,
    limit_options,
    limits_in_words,
    used_in_words,
    wished_limits,
)
from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@click.group(cls=StudioGroup)
def keys() -> None:
    """List, issue, limit, revoke and reinstate keys to the endpoint."""


@keys.command("list")
@pass_terminal
def list_keys(terminal: Terminal) -> None:
    """Every key that was ever issued, whether it still opens the door, and its limits."""
    client = terminal.client()
    answer = client.get("/api/keys")
    keys, after = answer["keys"], answer["next"]
    while after is not None:
        page = client.get("/api/keys", after=after)
        keys, after = keys + page["keys"], page["next"]
    answer = {**answer, "keys": keys, "next": None}
    terminal.answer(answer, lambda: _in_words(answer))


@keys.command("show")
@click.argument("key")
@pass_terminal
def show_key(terminal: Terminal, key: str) -> None:
    """KEY (an id, or a name) with its limits and what it used of them."""
    answer = terminal.client().get(_path(key))
    terminal.answer(answer, lambda: _one_in_words(answer))


@keys.command("issue")
@click.argument("name")
@click.option("--expires", metavar="TIME", help="How long it works: 90d, 12h, 30m.")
@limit_options
@pass_terminal
def issue_key(terminal: Terminal, /, name: str, expires: str | None, **limits: Given) -> None:
    """Make a key called NAME. Its secret is shown once."""
    wish: dict[str, object] = {"name": name}
    if expires is not None:
        wish["expires_in_s"] = seconds_of(expires)
    if wished := wished_limits(limits):
        wish["limits"] = wished
    answer = terminal.client().post("/api/keys", wish)
    terminal.aside("Keep it now: the secret is not shown again.")
    terminal.answer(answer, answer["secret"])


@keys.command("limit")
@click.argument("key")
@limit_options
@click.option("--clear", multiple=True, metavar="LIMIT", help="Take a limit away: --clear rpm.")
@pass_terminal
def limit_key(terminal: Terminal, /, key: str, clear: tuple[str, ...], **limits: Given) -> None:
    """Set limits of KEY (an id, or a name); those that are not named stay as they are."""
    wish = wished_limits(limits, clear)
    if not wish:
        raise click.UsageError("name a limit, such as --rpm 60 or --clear rpm")
    answer = terminal.client().patch(_path(key), wish)
    terminal.answer(answer, lambda: _one_in_words(answer))


@keys.command("revoke")
@click.argument("key")
@pass_terminal
def revoke_key(terminal: Terminal, key: str) -> None:
    """Revoke KEY (an id, or a name), from this moment on."""
    answer = terminal.client().delete(_path(key))
    terminal.answer(answer, f"The key {answer['name']} was revoked.")


@keys.command("reinstate")
@click.argument("key_id")
@pass_terminal
def reinstate_key(terminal: Terminal, key_id: str) -> None:
    """Let the holder of a revoked key in again, by its id."""
    answer = terminal.client().post(f"{_path(key_id)}/reinstate", {})
    terminal.answer(answer, f"The key {answer['name']} opens the door again.")


def seconds_of(text: str) -> int:
    """`90d`, `12h`, `30m`, `45s`, `2w` in seconds; a usage error says what was expected."""
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", text.strip())
    if found is None:
        raise click.UsageError(f"--expires wants a number and a unit, such as 90d, not {text!r}")
    return int(found[1]) * _UNITS[found[2]]


def _path(key: str) -> str:
    return f"/api/keys/{quote(key, safe='')}"


def _in_words(answer: Mapping[str, Any]) -> str:
    rows = [
        (
            key["name"],
            key["key_id"],
            f"{key['prefix']}…",
            key["state"],
            _until(key),
            limits_in_words(key["limits"]),
        )
        for key in answer["keys"]
    ]
    if rows:
        text = columns(("name", "id", "secret", "state", "until", "limits"), rows)
    else:
        text = "No key was issued yet."
    demanded = "demanded" if answer["required"] else "not demanded"
    return f"{text}\n\nA key is {demanded} on this machine."


def _one_in_words(key: Mapping[str, Any]) -> str:
    until = f" until {_until(key)}" if key["state"] == "in force" and _until(key) else ""
    lines = [
        f"{key['name']}  {key['key_id']}  {key['prefix']}…",
        f"{key['state']}{until}",
        f"limits: {limits_in_words(key['limits']) or 'none'}",
    ]
    if key["used"]:
        lines += used_in_words(key["limits"], key["used"])
    return "\n".join(lines)


def _until(key: Mapping[str, Any]) -> str:
    moment = key["revoked_at"] or key["expires_at"]
    return day_and_time(moment) if moment else ""
