"""What happened, told in sentences? Has no table: the log itself is the answer."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from events.codec import plain
from events.envelope import Recorded, UnknownEvent
from events.reading import COLUMNS, from_row
from events.sentences import sentence

if TYPE_CHECKING:
    from events.store import EventStore

LONGEST_SEALED = 256  # characters
SEARCHED = 10_000  # events in whose sentences a text is looked for, in one go
SCANNED = 100_000  # events that are held against what is wanted, in one go


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event, as a person or a follower sees it."""

    position: int
    recorded_at: int  # µs since the epoch
    type: str
    stream: str
    actor: str
    sentence: str
    correlation_id: str | None
    causation_id: str | None
    data: dict[str, Any]
    known: bool = True  # this version knows what it means


class TimelineFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted: those for which everything that is set holds."""

    actor: str | None = None  # such as "window" or "key:<id>"; "key": any key
    model: str | None = None  # a recipe's id: what is about it, starts it or evicts it
    kind: str | None = None  # a type, the beginning of types, or a stream; several with commas
    correlation: str | None = None
    text: str | None = None  # in the sentence, in whatever case
    since: int | None = None  # µs since the epoch, that moment included
    until: int | None = None  # … and this one not


class TimelinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in the order that was asked for, and where to go on."""

    entries: list[TimelineEntry]
    reached: int | None  # every event up to here was looked at; None: all that there are
    reached_at: int | None = None  # when that was, µs since the epoch


def entry(recorded: Recorded) -> TimelineEntry:
    """Tell one event."""
    return TimelineEntry(
        position=recorded.position,
        recorded_at=recorded.recorded_at,
        type=recorded.type,
        stream=recorded.stream,
        actor=recorded.actor,
        sentence=sentence(recorded.event),
        correlation_id=recorded.correlation_id,
        causation_id=recorded.causation_id,
        data=_told(plain(recorded.data)),
        known=not isinstance(recorded.event, UnknownEvent),
    )


def _told(data: dict[str, Any]) -> dict[str, Any]:
    """Ciphertext says nothing to anybody and may be megabytes: only how long it is is told."""
    sealed = data.get("sealed")
    if isinstance(sealed, str) and len(sealed) > LONGEST_SEALED:
        return {**data, "sealed": f"({len(sealed):,} characters)"}
    return data


def timeline(
    store: "EventStore",
    *,
    before: int | None = None,
    after: int = 0,
    limit: int = 100,
    streams: Sequence[str] = (),
    types: Sequence[str] = (),
    newest_first: bool = True,
) -> list[TimelineEntry]:
    """Tell the events with after < position < before, the newest first unless asked otherwise."""
    found = store.read_all(
        after, limit, before=before, newest_first=newest_first, streams=streams, types=types
    )
    return [entry(recorded) for recorded in found]


def timeline_page(
    connection: sqlite3.Connection,
    wanted: TimelineFilter,
    *,
    before: int | None = None,
    after: int = 0,
    limit: int = 100,
    newest_first: bool = True,
) -> TimelinePage:
    """Tell the wanted events with after < position < before, a page in either direction.

    At most `SCANNED` events are looked at, and a text is looked for in at most `SEARCHED` of them:
    the page may hold less than it could, or nothing, and `reached` still says where to go on.
    """
    edge = _edge(connection, wanted, before, after, newest_first=newest_first)
    if edge is not None:
        before, after = (before, edge - 1) if newest_first else (edge + 1, after)
    where, values = _conditions(wanted, before, after)
    most = limit if wanted.text is None else SEARCHED
    rows = connection.execute(
        f"select {COLUMNS} from events where {' and '.join(where)}"
        f" order by position {'desc' if newest_first else 'asc'} limit ?",
        (*values, most),
    ).fetchall()
    entries: list[TimelineEntry] = []
    told = None
    for row in rows:
        told = entry(from_row(row))
        if wanted.text is None or wanted.text.casefold() in told.sentence.casefold():
            entries.append(told)
            if len(entries) == limit:
                return TimelinePage(
                    entries=entries, reached=told.position, reached_at=told.recorded_at
                )
    if told is not None and len(rows) == most:
        return TimelinePage(entries=entries, reached=told.position, reached_at=told.recorded_at)
    return TimelinePage(entries=entries, reached=edge, reached_at=_when(connection, edge))


def _edge(
    connection: sqlite3.Connection,
    wanted: TimelineFilter,
    before: int | None,
    after: int,
    *,
    newest_first: bool,
) -> int | None:
    """The last event that is looked at in one go; None: there are no more than may be.

    Only what no index finds has to be looked for event by event.
    """
    looked_for = msgspec.structs.replace(wanted, correlation=None)
    if wanted.correlation is not None or looked_for == TimelineFilter():
        return None
    head = connection.execute("select coalesce(max(position), 0) from events").fetchone()[0]
    end = int(head) + 1 if before is None else min(before, int(head) + 1)
    if end - after - 1 <= SCANNED:
        return None
    return end - SCANNED if newest_first else after + SCANNED


def _when(connection: sqlite3.Connection, position: int | None) -> int | None:
    if position is None:
        return None
    found = connection.execute(
        "select recorded_at from events where position = ?", (position,)
    ).fetchone()
    return int(found[0]) if found else None


def _conditions(
    wanted: TimelineFilter, before: int | None, after: int
) -> tuple[list[str], list[str | int]]:
    where, values = ["position > ?"], list[str | int]([after])

    def demand(condition: str, *given: str | int) -> None:
        where.append(condition)
        values.extend(given)

    if before is not None:
        demand("position < ?", before)
    if wanted.correlation is not None:
        demand("correlation_id = ?", wanted.correlation)
    if wanted.actor is not None:
        any_key = wanted.actor == "key"
        demand("actor glob ?" if any_key else "actor = ?", "key:*" if any_key else wanted.actor)
    if wanted.kind is not None:  # types of one concept begin alike, whatever their stream
        kinds = wanted.kind.split(",")
        one_of = " or ".join(["type = ? or type glob ? or stream = ?"] * len(kinds))
        each = ((kind, f"{_literally(kind)}-*", kind) for kind in kinds)
        demand(f"({one_of})", *chain.from_iterable(each))
    if wanted.model is not None:
        demand(
            "(stream = ? or data ->> 'recipe_id' = ? or data ->> 'target' = ? or (type ="
            " 'switch-requested' and exists (select 1 from json_each(data, '$.evict') e where"
            " e.value = ?)))",
            f"recipe-{wanted.model}",
            *[wanted.model] * 3,
        )
    if wanted.since is not None:
        demand("recorded_at >= ?", wanted.since)
    if wanted.until is not None:
        demand("recorded_at < ?", wanted.until)
    return where, values


def _literally(text: str) -> str:
    """For GLOB: nothing in it stands for anything else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
