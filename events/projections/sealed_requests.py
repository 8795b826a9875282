"""Which requests were there in a sealed month? Answers as `request_log` does of a live one.

The sums beside the segment know which kinds are wanted and in which of its blocks they are; only
those blocks are unpacked, the newest first.
"""

import sqlite3
from collections.abc import Callable, Iterator

import msgspec

from events.audit.segments import Segment
from events.codec import CODEC
from events.facts import RequestFinished
from events.projections.request_log import (
    LoggedRequest,
    RequestFilter,
    columns_wanted,
    kinds_wanted,
)
from events.projections.request_records import KIND, described


class _Line(msgspec.Struct, frozen=True, gc=False):
    """What is asked of a line here; the rest is passed over."""

    type: str
    schema: int
    recorded_at: int
    data: msgspec.Raw


_decoder = msgspec.json.Decoder(_Line)


def sealed_requests(
    segment: Segment,
    sums: Callable[[], sqlite3.Connection],
    wanted: RequestFilter,
    *,
    before: int | None = None,
    limit: int = 100,
) -> list[LoggedRequest]:
    """List the wanted requests of a sealed month, newest first, before a position.

    `sums` is called when they are needed, which an id does without.
    """
    found: list[LoggedRequest] = []
    columns = columns_wanted(wanted)
    if columns is None or limit < 1:
        return found
    asked = [(KIND.index(column), value) for column, value in columns.items()]
    end = segment.size + 1 if before is None else min(before, segment.size + 1)
    for position in _positions(segment, sums, wanted, end):
        one = logged(segment, position)
        if one is not None and _is_wanted(one, wanted, asked):
            found.append(one)
            if len(found) == limit:
                break
    return found


def logged(segment: Segment, position: int) -> LoggedRequest | None:
    """The request at a position; None when something else stands there."""
    line = _decoder.decode(segment.line(position))
    if line.type != "request-finished":
        return None
    event = CODEC.decode(line.type, line.schema, bytes(line.data))
    if not isinstance(event, RequestFinished):
        return None
    return LoggedRequest(position=position, finished_at=line.recorded_at, request=event)


def _positions(
    segment: Segment, sums: Callable[[], sqlite3.Connection], wanted: RequestFilter, end: int
) -> Iterator[int]:
    """Where wanted requests may stand, newest first."""
    if wanted.request_id is not None:
        yield from (p for p in reversed(segment.positions_of(wanted.request_id)) if p < end)
        return
    for number in _blocks(segment, sums(), wanted):
        block = segment.blocks[number]
        yield from range(min(end, block.first + block.lines) - 1, block.first - 1, -1)


def _blocks(segment: Segment, sums: sqlite3.Connection, wanted: RequestFilter) -> Iterator[int]:
    kinds = kinds_wanted(sums, wanted)
    numbers = range(len(segment.blocks)) if kinds is None else _of_kinds(sums, kinds)
    for number in sorted(numbers, reverse=True):
        block = segment.blocks[number]
        early = wanted.until is not None and block.since >= wanted.until
        late = wanted.since is not None and block.until < wanted.since
        if not early and not late:
            yield number


def _of_kinds(sums: sqlite3.Connection, kinds: frozenset[int]) -> set[int]:
    found: set[int] = set()
    for kind in kinds:
        rows = sums.execute("select block from kind_blocks where kind = ?", (kind,))
        found.update(block for (block,) in rows)
    return found


def _is_wanted(one: LoggedRequest, wanted: RequestFilter, asked: list[tuple[int, object]]) -> bool:
    if wanted.request_id is not None and one.request.request_id != wanted.request_id:
        return False
    if wanted.since is not None and one.finished_at < wanted.since:
        return False
    if wanted.until is not None and one.finished_at >= wanted.until:
        return False
    kind = described(one.request) if asked else ()
    return all(kind[column] == value for column, value in asked)
