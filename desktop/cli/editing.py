"""Changing a recipe's fields by hand: `--set FIELD=VALUE` and the person's editor."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from core.recipes import exchange
from desktop.cli.settings import value_of

FORMATS = ("toml", "yaml", "json")


def changed(
    data: Mapping[str, Any], fields: Iterable[str], unset: Iterable[str] = ()
) -> dict[str, Any]:
    """A copy with fields set and unset; `env.NAME=VALUE` reaches inside a table.

    Raises UsageError for something that is not FIELD=VALUE.
    """
    new = {**data}
    for given in fields:
        name, equals, text = given.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set wants FIELD=VALUE, not {given!r}")
        _put(new, name, value_of(text))
    for name in unset:
        new.pop(name, None)
    return new


def _put(data: dict[str, Any], name: str, value: object) -> None:
    table, dot, key = name.partition(".")
    if not dot:
        data[name] = value
        return
    inner = data.get(table) or {}
    data[table] = {**inner, key: str(value) if table == "env" else value}


def edited(text: str) -> str | None:
    """What the person made of it in $EDITOR, or None when they left without saving."""
    return click.edit(text, extension=".toml")


def format_of(file: Path | None) -> str:
    """By the file's ending; TOML where there is none to tell. Raises Invalid for an unknown one."""
    return exchange.format_of(file.name) if file and file.suffix else "toml"
