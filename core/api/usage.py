"""`/api/usage`: what was used, by whom and of what, in numbers that can be added up."""

from functools import partial
from typing import Any, cast

from litestar import Response, get

from core.application import Application
from core.errors import Invalid
from core.nearest import did_you_mean
from core.past.moments import LATEST_US
from core.usage.csv import table
from core.usage.report import UsageReport, entries, total
from core.usage.zones import zone_told
from events.projections.request_records import HOUR_US
from events.projections.sealed_months import PrunedMonth, pruned_months
from events.projections.usage_sums import DIMENSIONS, UsageQuery

MOST_ROWS = 100_000


@get("/usage")
async def show_usage(
    application: Application,
    by: str = "day",
    since: int | None = None,
    until: int | None = None,
    tz: str = "0",
    key: str | None = None,
    actor: str | None = None,
    model: str | None = None,
    recipe: str | None = None,
    engine: str | None = None,
    path: str | None = None,
    lane: str | None = None,
    outcome: str | None = None,
    status: int | None = None,
    error_code: str | None = None,
    cache: str | None = None,
    latencies: bool = False,
    format: str = "json",
) -> Response[UsageReport]:
    """Sums by what `by` names, comma-separated: month, day, hour, key, model, recipe, outcome, …

    `since` and `until` (µs since the epoch) are widened to whole hours. Days and months begin at
    midnight UTC, or of the zone that `tz` tells: Europe/Berlin, with its summers, minutes east of
    UTC, or +02:00. `key` is an id or a name. `latencies=true` adds percentiles, and reads every
    request for them.
    """
    told = told_apart(by)
    time_bounded(since=since, until=until)
    zone, before = zone_told(tz, since, until, application.clock.now())
    if format not in ("json", "csv"):
        raise Invalid(f"`format` should be json or csv, not {format!r}", field="format")
    asked = {
        "key": application.keys.named(key).key_id if key else None,
        "actor": actor, "model": model, "recipe": recipe, "engine": engine, "path": path,
        "lane": lane, "outcome": outcome, "status": status, "error_code": error_code,
        "cache": cache,
    }  # fmt: skip
    query = UsageQuery(
        by=told,
        since=since,
        until=until,
        zone=zone,
        zone_before=before,
        where={name: value for name, value in asked.items() if value is not None},
        latencies=latencies,
    )
    usage = await application.usage.usage(query, most=MOST_ROWS + 1)
    if len(usage.sums) > MOST_ROWS:
        raise Invalid(
            f"these are more than {MOST_ROWS} rows",
            field="by",
            next_action="tell less apart in `by`, or ask for a shorter time",
        )
    rows = entries(usage.sums, told, partial(name_of, application))
    if format == "csv":
        return Response(
            cast(Any, table(rows, told)),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="usage.csv"'},
        )
    return Response(
        UsageReport(
            by=told,
            since=None if since is None else since // HOUR_US * HOUR_US,
            until=None if until is None else -(-until // HOUR_US) * HOUR_US,
            tz=zone,
            currency=application.settings.current.currency,
            rows=rows,
            total=total(usage.sums),
            unreadable=usage.unreadable,
            pruned=pruned_in(application, since, until),
        )
    )


def name_of(application: Application, key_id: str) -> str | None:
    """What a key was called, also one that was revoked; None: no such key is known."""
    key = application.keys.get(key_id)
    return key.name if key else None


def pruned_in(
    application: Application, since: int | None, until: int | None
) -> tuple[PrunedMonth, ...]:
    """The months of that time whose single requests were erased."""
    with application.store.reading() as connection:
        return pruned_months(connection, since, until)


def time_bounded(**asked: int | None) -> None:
    """Raises Invalid, by the name of the parameter, for what no book and no calendar can hold."""
    for name, at in asked.items():
        if at is not None and abs(at) > LATEST_US:
            raise Invalid("a time is given in microseconds since 1970", field=name)


def told_apart(by: str) -> tuple[str, ...]:
    """The names in `by`; empty: everything in one row."""
    names = tuple(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    for name in names:
        if name not in DIMENSIONS:
            raise Invalid(
                f"`by` knows no {name!r}.{did_you_mean(name, DIMENSIONS)}",
                field="by",
                next_action=f"use some of {', '.join(DIMENSIONS)}",
            )
    return names


HANDLERS = (show_usage,)
