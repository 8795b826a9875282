"""`/api/state`: the studio as it stood at any moment, and what two moments differ in."""

import asyncio
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter

from core.api.usage import name_of
from core.application import Application
from core.errors import Invalid
from core.past.differences import Difference, differences
from core.past.moments import moment
from core.past.state import State
from core.usage.report import UsageEntry, entries, total
from core.usage_log import midnight, month_of
from events.projections.request_records import HOUR_US
from events.projections.usage_sums import UsageQuery


class UsageThen(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of a month added up to, up to a whole hour."""

    month: str
    until: int  # µs since the epoch: the last whole hour before the moment
    total: UsageEntry
    models: tuple[UsageEntry, ...]
    unreadable: tuple[str, ...] = ()  # months that are missing, because they could not be read


class StateAt(State, frozen=True, kw_only=True):
    """The studio as the facts up to `position` tell it; `head` is the newest position there is."""

    head: int
    usage: UsageThen | None  # None before the first event


class StateDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What is not as it was; `from_position` and `to_position` are what the moments meant."""

    from_position: int
    from_recorded_at: int | None  # µs since the epoch
    to_position: int
    to_recorded_at: int | None
    differences: list[Difference]


@get("/state")
async def show_state(application: Application, at: str = "now") -> StateAt:
    """Everything that the log knows of the studio, as of a position or a time.

    A time is such as `14:02`, `yesterday 14:02`, `-2h`, `2026-11-30T14:02:11+01:00` or
    microseconds since 1970, and means the newest position recorded at or before it; one before
    the log began means position 0.
    """
    past, head = application.past, application.store.head
    wanted = moment(at, application.clock.now())
    position = await asyncio.to_thread(past.position_of, wanted)
    state = await asyncio.to_thread(past.state, position)
    told = {name: getattr(state, name) for name in State.__struct_fields__}
    when = wanted.at if wanted.at is not None else state.recorded_at
    usage = None if state.recorded_at is None or when is None else await _usage(application, when)
    return StateAt(**told, head=head, usage=usage)


@get("/state/diff")
async def show_differences(
    application: Application,
    from_: Annotated[str, QueryParameter(name="from")],
    to: str = "now",
) -> StateDiff:
    """What was added, removed or changed between two moments, and the facts that did it."""
    past, now = application.past, application.clock.now()

    def ask() -> StateDiff:
        first, last = past.position(from_, now, "from"), past.position(to, now, "to")
        if first > last:
            raise Invalid("`from` is later than `to`", field="from")
        before, after = past.state(first), past.state(last)
        with application.store.reading() as connection:
            found = differences(connection, before, after)
        return StateDiff(
            from_position=first,
            from_recorded_at=before.recorded_at,
            to_position=last,
            to_recorded_at=after.recorded_at,
            differences=found,
        )

    return await asyncio.to_thread(ask)


async def _usage(application: Application, when: int) -> UsageThen:
    """Sums of the month; a table of hours, so that it costs little."""
    month = month_of(min(max(when, 0), application.clock.now()))
    until = min(when, application.clock.now()) // HOUR_US * HOUR_US
    query = UsageQuery(by=("model",), since=_begin(month), until=until)
    found = await application.usage.usage(query)
    return UsageThen(
        month=month,
        until=until,
        total=total(found.sums),
        models=entries(found.sums, ("model",), lambda key_id: name_of(application, key_id)),
        unreadable=found.unreadable,
    )


def _begin(month: str) -> int:
    """Its first moment (UTC), in µs since the epoch."""
    return midnight(f"{month}-01")


HANDLERS = (show_state, show_differences)
