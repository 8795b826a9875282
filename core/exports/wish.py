"""What somebody wants exported: which lines, in which form. Pure."""

import re
from datetime import UTC, datetime
from typing import Literal, cast, get_args

import msgspec

from core.errors import Invalid
from events.audit.manifest import Lines

FIRST_MOMENT = 10**14  # µs: a number from here on is a time of 1973 or later, and no position


class Bound(msgspec.Struct, frozen=True):
    """Where an export begins or ends."""

    kind: Literal["position", "moment"]
    value: int  # a position, or µs since the epoch


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, unless something is said."""

    lines: Lines = "jsonl"
    since: Bound | None = None
    until: Bound | None = None  # a position is itself exported, a moment is not
    usage: bool = True

    @property
    def by_position(self) -> bool:
        """Positions are those of the main log; the books of requests have their own."""
        return any(bound and bound.kind == "position" for bound in (self.since, self.until))


def wish_of(
    lines: str = "jsonl", since: str | None = None, until: str | None = None, usage: bool = True
) -> Wish:
    """Read what was typed or asked. Raises Invalid."""
    if lines not in get_args(Lines):
        raise Invalid(f"`format` should be jsonl or cloudevents, not {lines!r}", field="format")
    wish = Wish(
        lines=cast(Lines, lines),
        since=_bound(since, "from"),
        until=_bound(until, "until"),
        usage=usage,
    )
    if wish.since and wish.until and wish.since.kind != wish.until.kind:
        raise Invalid("`from` and `until` should both be positions or both be times", field="from")
    return wish


def _bound(text: str | None, field: str) -> Bound | None:
    if text is None or not text.strip():
        return None
    if re.fullmatch(r"[0-9]{1,18}", text.strip()):
        number = int(text)
        return Bound("moment" if number >= FIRST_MOMENT else "position", number)
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise Invalid(
            f"`{field}` is a position such as 812 or a time such as 2026-11-30T14:00:00Z,"
            f" not {text!r:.60}",
            field=field,
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Bound("moment", int(moment.timestamp() * 1e6))
