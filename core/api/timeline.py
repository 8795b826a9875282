"""`/api/timeline`: what happened, who asked for it, what led to it and what came of it."""

import asyncio
import sqlite3

import msgspec
from litestar import get

from core.api.requests import RequestEntry
from core.api.requests import entry as request_entry
from core.api.usage import name_of
from core.application import Application
from core.errors import Invalid, NotFound
from core.gateway.calls import RunningRequest
from core.past.moments import moment
from core.past.why import Thread, answer, newest_change, thread
from events.envelope import Recorded
from events.projections.causes import LONGEST, consequences_of, event_at
from events.projections.request_log import RequestFilter
from events.projections.timeline import (
    TimelineEntry,
    TimelineFilter,
    TimelinePage,
    entry,
    timeline_page,
)
from events.store import EventStore

MOST = 1000
MOST_KINDS = 32  # that are asked for at once
MOST_POSITIONS = 2**63  # that a log can have
DAY_US = 24 * 3600 * 1_000_000


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A page of facts; `head` is the newest position there is.

    `older` goes into `before` and `newer` into `after` to go on in that direction; None: there is
    nothing more. A page may be short, or empty, and there still be more: `reached_at` says how far
    in time it was looked.
    """

    entries: list[TimelineEntry]
    head: int
    older: int | None = None
    newer: int | None = None
    reached_at: int | None = None  # µs since the epoch; None: all there are were looked at


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """What led to an event."""

    position: int
    answer: str  # in one line
    thread: list[TimelineEntry]  # the first cause first, the event itself last
    request_id: str | None  # of the request that was the first cause, where it is known
    request: RequestEntry | None  # how it ended, where it has
    running: RunningRequest | None  # as it is now, where it has not


class Consequences(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an event, in the order of the log."""

    position: int
    entries: list[TimelineEntry]
    complete: bool  # False: there are more than are shown


@get("/timeline")
async def show_timeline(
    application: Application,
    after: int = 0,
    before: int | None = None,
    limit: int = 100,
    order: str = "newest",
    actor: str | None = None,
    model: str | None = None,
    kind: str | None = None,
    correlation: str | None = None,
    text: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Timeline:
    """Facts between two positions (both exclusive) for which everything that is asked for holds.

    `order`: `newest` or `oldest` first. `model`: by any of its names. `kind`: a type such as
    `engine-crashed`, or the beginning of types such as `engine`; several with commas between them.
    `since` and `until` are times as in /api/state.
    """
    if limit < 1 or order not in ("newest", "oldest"):
        field = "limit" if limit < 1 else "order"
        raise Invalid("`limit` is at least 1, `order` is newest or oldest", field=field)
    if kind is not None and kind.count(",") >= MOST_KINDS:
        raise Invalid(f"`kind` is {MOST_KINDS} kinds at most", field="kind")
    last = application.store.head + 1  # further than that there is nothing, nor a column for it
    after, before = max(0, min(after, last)), None if before is None else max(0, min(before, last))
    wanted = TimelineFilter(
        actor=actor,
        model=(application.book.resolve(model) or model) if model else None,
        kind=kind,
        correlation=correlation,
        text=text or None,
        since=_time(application, since, "since"),
        until=_time(application, until, "until"),
    )

    def ask() -> TimelinePage:
        with application.store.reading() as connection:
            return timeline_page(
                connection,
                wanted,
                before=before,
                after=after,
                limit=min(limit, MOST),
                newest_first=order == "newest",
            )

    page = await asyncio.to_thread(ask)
    return _with_cursors(page, application.store.head, before, after, newest=order == "newest")


@get("/timeline/{position:int}/why")
async def show_why(application: Application, position: int) -> Why:
    """What led to an event: its thread from the first cause on, and the answer in one line."""
    told = await asyncio.to_thread(lambda: _thread(application.store, position))
    return await _why(application, told)


@get("/timeline/why")
async def show_why_of_model(
    application: Application, model: str | None = None, at: str = "now"
) -> Why:
    """Why a model, or without one any, came or went, the last time at or before a moment.

    A time that shows only minutes means all of that minute; then its going is meant before its
    coming.
    """
    recipe_id = (application.book.resolve(model) or model) if model else None
    wanted = moment(at, application.clock.now())

    def ask() -> Thread:
        past = application.past
        begin = past.position_of(wanted)
        until = begin
        if wanted.at is not None and wanted.lasts:
            until = max(begin, past.snapshots.position_at(wanted.at + wanted.lasts - 1))
        with application.store.reading() as connection:
            within = begin if until > begin else None
            return thread(
                connection, newest_change(connection, recipe_id, until=until, within=within)
            )

    return await _why(application, await asyncio.to_thread(ask))


@get("/timeline/{position:int}/consequences")
async def show_consequences(application: Application, position: int) -> Consequences:
    """Everything that would not have happened without an event, as far as the log tells."""

    def ask() -> list[Recorded]:
        with application.store.reading() as connection:
            return consequences_of(connection, _event(connection, position))

    found = await asyncio.to_thread(ask)
    return Consequences(
        position=position, entries=list(map(entry, found)), complete=len(found) < LONGEST
    )


async def _why(application: Application, told: Thread) -> Why:
    request, running = None, None
    wish = told.wish
    if wish is not None:
        since = told.events[0].recorded_at - DAY_US
        page = await application.usage.page(
            RequestFilter(request_id=wish, since=since), before=None, limit=1
        )
        request = request_entry(page.requests[0], application) if page.requests else None
        calls = application.proxy.calls.all()
        running = next((call for call in calls if call.request_id == wish), None)
    is_request = request is not None or running is not None
    return Why(
        position=told.explained.position,
        answer=answer(
            told,
            key_name=lambda key_id: name_of(application, key_id),
            is_request=is_request,
            now=application.clock.now(),
        ),
        thread=told.entries(),
        request_id=wish if is_request else None,
        request=request,
        running=running,
    )


def _thread(store: EventStore, position: int) -> Thread:
    with store.reading() as connection:
        return thread(connection, _event(connection, position))


def _event(connection: sqlite3.Connection, position: int) -> Recorded:
    found = event_at(connection, position) if 0 < position < MOST_POSITIONS else None
    if found is None:
        raise NotFound(f"there is no event at position {position}")
    return found


def _time(application: Application, text: str | None, field: str) -> int | None:
    """A time; a position would be `before` or `after`."""
    if text is None:
        return None
    found = moment(text, application.clock.now(), field)
    if found.at is None:
        raise Invalid(f"`{field}` is a time; positions go into `after` and `before`", field=field)
    return found.at


def _with_cursors(
    page: TimelinePage, head: int, before: int | None, after: int, *, newest: bool
) -> Timeline:
    """Where to go on: onwards from what was looked at, back from where this page began."""
    reached = page.reached if page.reached is not None and 1 < page.reached <= head else None
    reached_at = page.reached_at if reached is not None else None
    first = page.entries[0].position if page.entries else None
    if newest:
        back = first if first is not None else (before - 1 if before is not None else None)
        newer = back if back is not None and back < head else None
        return Timeline(
            entries=page.entries, head=head, older=reached, newer=newer, reached_at=reached_at
        )
    older = first if first is not None and first > 1 else (after + 1 if after else None)
    newer = reached if reached is not None and reached < head else None
    return Timeline(
        entries=page.entries, head=head, older=older, newer=newer, reached_at=reached_at
    )


HANDLERS = (show_timeline, show_why, show_why_of_model, show_consequences)
