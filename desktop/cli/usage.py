"""`usage`: what was used, by whom, and what it cost, as a table with its total."""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from core.errors import Invalid
from core.past.moments import moment as moment_of
from desktop.cli.harmless import harmless, on_one_line
from desktop.cli.past import now
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time

TIMES = "7d, 12h, 14:02, yesterday, 2026-11-01"
ALWAYS = ("requests", "in", "out")
LOCALTIME = Path("/etc/localtime")
PATIENCE_S = 300.0  # months of an older version are folded anew when they are first asked for


@click.command(cls=StudioCommand)
@click.option("--since", default="7d", show_default=True, help=f"{TIMES}, or `all`.")
@click.option("--until", help="The same, or nothing: until now.")
@click.option("--by", default="day", show_default=True, help="month, day, hour, key, model, …")
@click.option("--key", help="One key, by name or id.")
@click.option("--model", help="One model, as it was asked for.")
@click.option("--recipe", help="One recipe.")
@click.option("--outcome", help="ok, error, rejected, cancelled, client_gone, timeout.")
@click.option("--lane", help="gateway, direct or none.")
@click.option("--latencies", is_flag=True, help="Percentiles too; slower, for it reads them all.")
@click.option("--utc", is_flag=True, help="Days of UTC instead of this machine's.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV, for spreadsheets.")
@pass_terminal
def usage(
    terminal: Terminal,
    /,
    since: str,
    until: str | None,
    by: str,
    latencies: bool,
    utc: bool,
    as_csv: bool,
    **wanted: str | None,
) -> None:
    """What was used: requests, tokens, cost, by whatever is named in --by, comma-separated."""
    query: dict[str, Any] = {
        "by": by,
        "since": None if since == "all" else moment(since),
        "until": moment(until) if until else None,
        "tz": 0 if utc else zone_here(),
        **wanted,
    }
    if latencies:
        query["latencies"] = "true"
    client = terminal.client()
    if as_csv:
        text = client.get("/api/usage", timeout_s=PATIENCE_S, **query, format="csv")
        click.echo(text if not sys.stdout.isatty() else harmless(text), nl=False)
        return
    answer = client.get("/api/usage", timeout_s=PATIENCE_S, **query)
    terminal.answer(answer, lambda: in_words(answer))


def moment(text: str) -> int:
    """A time as `events` and `why` take it, in µs since the epoch; positions are of another log."""
    with suppress(Invalid):
        if at := moment_of(text, now()).at:
            return at
    raise click.UsageError(f"a time is such as {TIMES} or 2026-11-01T14:00, not {text!r}")


def zone_here() -> str:
    """The zone of this machine's clock, with its summers; without a name, so many minutes east."""
    east = minutes_east()
    name = zone_named(os.environ.get("TZ"), LOCALTIME)
    if name is None or datetime.now(ZoneInfo(name)).utcoffset() != timedelta(minutes=east):
        return str(east)
    return name


def zone_named(tz: str | None, localtime: Path) -> str | None:
    """The zone that TZ names, or where there is no TZ, the link by which the machine's is set."""
    told = localtime.resolve().as_posix() if tz is None else tz.removeprefix(":")
    name = re.sub("^.*zoneinfo/(posix/|right/)?", "", told)
    try:
        return ZoneInfo(name).key if name else None
    except (KeyError, ValueError, OSError):  # a folder of them is an OSError
        return None


def minutes_east() -> int:
    """Of UTC, now and here."""
    offset = datetime.now().astimezone().utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0


def in_words(answer: Mapping[str, Any]) -> str:
    """The table, and under it the total."""
    by, currency, total = answer["by"], answer["currency"], answer["total"]
    if not answer["rows"]:
        return "Nothing was asked in that time." + _missing(answer) + erased(answer)
    shown: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "requests": lambda row: f"{row['requests']:,}",
        "in": lambda row: f"{row['prompt_tokens']:,}",
        "out": lambda row: f"{row['completion_tokens']:,}",
        "cached": lambda row: _some(row["cached_tokens"]),
        "thought": lambda row: _some(row["reasoning_tokens"]),
        "saved": lambda row: _some(row["saved_tokens"]),
        "ttft ms": lambda row: _ms(row["ttft"]["mean"]),
        "ttft p95": lambda row: _ms(row["ttft"]["p95"]),
        "itl p95": lambda row: _ms(row["itl"]["p95"]),
        f"cost {currency}": lambda row: _money(row["cost"]),
        "energy Wh": lambda row: (
            "" if row["energy_j"] is None else f"{row['energy_j'] / 3600:,.2f}"
        ),
        f"energy {currency}": lambda row: _money(row["energy_cost"]),
    }
    lines = [([*_group(row, by)], row) for row in answer["rows"] if by]
    lines.append((["total", *[""] * (len(by) - 1)][: len(by)], total))
    cells = {name: [tell(row) for _, row in lines] for name, tell in shown.items()}
    told = [name for name in shown if name in ALWAYS or any(cells[name])]
    head = (*by, *(name.rjust(max(map(len, cells[name]))) for name in told))
    rows = [
        (*group, *(cells[name][at].rjust(len(name)) for name in told))
        for at, (group, _) in enumerate(lines)
    ]
    return (
        columns(head, _right(rows, len(by))) + _uncounted(total) + _missing(answer) + erased(answer)
    )


def _group(row: Mapping[str, Any], by: Sequence[str]) -> list[str]:
    """What tells a row from the others, keys by their names."""
    found = [on_one_line(row["group"][told]) or "–" for told in by]
    if row["key_name"]:
        found[by.index("key")] = on_one_line(row["key_name"])
    return found


def _right(rows: list[tuple[str, ...]], after: int) -> list[tuple[str, ...]]:
    """Numbers stand below each other, by their ends."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        tuple(c if i < after else c.rjust(widths[i]) for i, c in enumerate(row)) for row in rows
    ]


def _some(count: int) -> str:
    return f"{count:,}" if count else ""


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _money(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}" if value >= 1 else f"{value:.6f}"


def _uncounted(total: Mapping[str, Any]) -> str:
    many = total["uncounted"]
    return f"\n\nOf {many:,} answered requests nobody knows the tokens." if many else ""


def _missing(answer: Mapping[str, Any]) -> str:
    months = ", ".join(answer["unreadable"])
    return f"\n\nWithout {months}: what was recorded then can not be read." if months else ""


def erased(answer: Mapping[str, Any]) -> str:
    """Which months' single requests were erased, and by whom."""
    lines = [
        f"The {one['requests']:,} single requests of {one['month']} were erased on"
        f" {day_and_time(one['pruned_at'])[:10]} by {one['pruned_by']} ({one['pruned_why']})."
        for one in answer.get("pruned", ())
    ]
    return "\n\n" + "\n".join(lines) if lines else ""
