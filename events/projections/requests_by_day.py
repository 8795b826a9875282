"""How many requests did each recipe answer on a day, and how many tokens were that?

Folded in the usage log, whose streams are named `usage-<day>`: the writer of the stream says
which day a request belongs to.
"""

import sqlite3
from datetime import UTC, datetime

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import RequestFinished


class RequestsOfDay(msgspec.Struct, frozen=True, kw_only=True):
    """What came to one recipe under one outcome on one day."""

    day: str  # "2026-11-23"
    recipe_id: str  # empty when no recipe was found for the name
    outcome: str  # ok | error | client_gone | rejected | timeout
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    duration_ms: float  # of all of them together
    cost: float


class RequestsByDay:
    """One row for each day, recipe and outcome."""

    name = "requests-by-day"
    version = 1
    tables = ("requests_by_day",)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("requests_by_day").create(
            {
                "day": str,
                "recipe_id": str,
                "outcome": str,
                "requests": int,
                "prompt_tokens": int,
                "completion_tokens": int,
                "cached_tokens": int,
                "duration_ms": float,
                "cost": float,
            },
            pk=("day", "recipe_id", "outcome"),
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        if isinstance(done := recorded.event, RequestFinished):
            connection.execute(
                "insert into requests_by_day values (?, ?, ?, 1, ?, ?, ?, ?, ?)"
                " on conflict (day, recipe_id, outcome) do update set requests = requests + 1,"
                " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
                " completion_tokens = completion_tokens + excluded.completion_tokens,"
                " cached_tokens = cached_tokens + excluded.cached_tokens,"
                " duration_ms = duration_ms + excluded.duration_ms,"
                " cost = cost + excluded.cost",
                (
                    day_of(recorded),
                    done.recipe_id or "",
                    done.outcome,
                    done.prompt_tokens or 0,
                    done.completion_tokens or 0,
                    done.cached_tokens or 0,
                    done.duration_ms,
                    done.cost or 0.0,
                ),
            )


def requests_by_day(connection: sqlite3.Connection, day: str | None = None) -> list[RequestsOfDay]:
    """List what each recipe answered, of one day ("2026-11-23") or of all, in order of days."""
    rows = connection.execute(
        f"select {', '.join(RequestsOfDay.__struct_fields__)} from requests_by_day"
        " where day = coalesce(?, day) order by day, recipe_id, outcome",
        (day,),
    ).fetchall()
    fields = RequestsOfDay.__struct_fields__
    return [RequestsOfDay(**dict(zip(fields, row, strict=True))) for row in rows]


def day_of(recorded: Recorded) -> str:
    """Give the day a request is counted on: its stream's, else the UTC day it was recorded."""
    prefix, _, day = recorded.stream.partition("-")
    if prefix == "usage" and day:
        return day
    return datetime.fromtimestamp(recorded.recorded_at / 1e6, UTC).date().isoformat()
