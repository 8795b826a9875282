"""A key's limits in a terminal: as options, and in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from desktop.cli.words import day_and_time

F = TypeVar("F", bound=Callable[..., Any])
Given = str | int | float | None  # an option's value

# the option, the limit as /api/keys names it, its type (None: a list), its sentence
OPTIONS: Sequence[tuple[str, str, type[int] | type[float] | type[str] | None, str]] = (
    ("models", "models", None, "The models it may ask, by any of their names: qwen,llama."),
    ("rpm", "requests_per_minute", int, "Requests a minute."),
    ("tpm", "tokens_per_minute", int, "Tokens a minute, of prompts and answers."),
    ("parallel", "parallel", int, "Requests at once."),
    ("budget-day", "budget_day", float, "Money a day (UTC), in your currency."),
    ("budget-month", "budget_month", float, "Money a month (UTC), in your currency."),
    ("lanes", "lanes", None, "The lanes its requests may take: gateway,direct."),
    ("prefer-lane", "preferred_lane", str, "The lane they take where both are open."),
    ("scopes", "scopes", None, "What it opens: inference, manage, audit."),
)

# in words, and as /api/keys names the count, its limit, and when it begins anew
COUNTS = (
    ("requests this minute", "requests", "requests_per_minute", "requests_reset_at"),
    ("tokens this minute", "tokens", "tokens_per_minute", "tokens_reset_at"),
    ("running now", "parallel", "parallel", ""),
    ("spent today", "spent_day", "budget_day", "day_reset_at"),
    ("spent this month", "spent_month", "budget_month", "month_reset_at"),
)


def limit_options(command: F) -> F:
    """Every limit as an option of a command."""
    for option, field, kind, sentence in reversed(OPTIONS):
        metavar = {None: "A,B", int: "N", float: "X", str: "NAME"}[kind]
        decorate = click.option(
            f"--{option}", field, type=kind or str, metavar=metavar, help=sentence
        )
        command = decorate(command)
    return command


def wished_limits(given: Mapping[str, Given], clear: Sequence[str] = ()) -> dict[str, Any]:
    """What to send: the limits that were named, None for those that are to go."""
    lists = {field for _, field, kind, _ in OPTIONS if kind is None}
    wish: dict[str, Any] = {
        field: _listed(str(value)) if field in lists else value
        for field, value in given.items()
        if value is not None
    }
    fields = {option: field for option, field, _, _ in OPTIONS}
    for name in (part for text in clear for part in _listed(text)):
        if name not in fields:
            raise click.UsageError(f"there is no limit {name!r}; known: {', '.join(fields)}")
        wish[fields[name]] = None
    return wish


def limits_in_words(limits: Mapping[str, Any]) -> str:
    """On one line; nothing for a key that may everything it can be asked of."""
    parts = []
    for option, field, _, _ in OPTIONS:
        value = limits.get(field)
        if value in (None, []) or (field == "scopes" and value == ["inference"]):
            continue
        parts.append(f"{option} {_told(value)}")
    return "; ".join(parts)


def used_in_words(limits: Mapping[str, Any], used: Mapping[str, Any]) -> list[str]:
    """A line for each count: how much, of how much, and when it begins anew."""
    return [
        f"{words}: {used[count]:.10g}{_of(limits[limit], used.get(reset))}"
        for words, count, limit, reset in COUNTS
    ]


def _of(most: float | None, reset_at: int | None) -> str:
    if most is None:
        return ""
    return f" of {most:.10g}" + (f", anew at {day_and_time(reset_at)}" if reset_at else "")


def _told(value: list[str] | str | float) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else f"{value:.10g}"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
