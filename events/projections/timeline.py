"""What happened, told in sentences? Has no table: the log itself is the answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from events.codec import plain
from events.envelope import Recorded
from events.sentences import sentence

if TYPE_CHECKING:
    from events.store import EventStore


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
        data=plain(recorded.data),
    )


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
