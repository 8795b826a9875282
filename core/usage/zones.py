"""Time zones as whoever asks for usage names them: `Europe/Berlin`, or so far east of UTC.

A zone with a name has a summer and a winter: what it was set to in the hour of a request counts,
not what it is set to now. Pure, but for the zones themselves, which are the system's or tzdata's.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.errors import Invalid
from events.projections.request_records import HOUR_US

FURTHEST = 14 * 60  # minutes: no time zone is further from UTC
HOUR_S = 3600
EARLIEST = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) // HOUR_S  # no request is older
STEP = 24 * 7  # hours; nobody sets clocks twice in a week
_OFFSET = re.compile(r"([+-]?)(\d{1,2}):?([0-5]\d)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]{1,63}")


def minutes_east(tz: str) -> int | None:
    """`120`, `+02:00` or `-0330` as minutes east of UTC; None: it is none of these."""
    text = tz.strip().replace(" ", "+")  # an unescaped plus in a query is a blank
    if (found := _OFFSET.fullmatch(text)) and (":" in text or len(found[2] + found[3]) == 4):
        minutes = int(found[2]) * 60 + int(found[3])
        minutes = -minutes if found[1] == "-" else minutes
    elif re.fullmatch(r"[+-]?\d{1,3}", text):
        minutes = int(text)
    else:
        return None
    if abs(minutes) > FURTHEST:
        raise Invalid(f"no time zone is {tz} from UTC", field="tz")
    return minutes


def zone_told(
    tz: str, since: int | None, until: int | None, now: int
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Minutes east of UTC at the end of that time (µs), and before: (first hour after, minutes).

    Raises Invalid for what is no zone.
    """
    fixed = minutes_east(tz)
    if fixed is not None:
        return fixed, ()
    zone = _named(tz)
    last = max(EARLIEST, (now if until is None else min(until, now)) // HOUR_US)
    first = min(last, max(EARLIEST, EARLIEST if since is None else since // HOUR_US))
    return _offsets(zone, first, last)


def _offsets(zone: ZoneInfo, first: int, last: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    before: list[tuple[int, int]] = []
    at, minutes = first, _minutes(zone, first)
    while at < last:
        then = min(at + STEP, last)
        changed = _minutes(zone, then)
        if changed != minutes:
            low, high = at, then  # the change lies behind `low`, and not behind `high`
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _minutes(zone, middle) == minutes else (low, middle)
            before.append((high, minutes))
            minutes = changed
        at = then
    return minutes, tuple(before)


def _minutes(zone: ZoneInfo, hour: int) -> int:
    offset = datetime.fromtimestamp(hour * HOUR_S, zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


def _named(tz: str) -> ZoneInfo:
    if _NAME.fullmatch(tz):
        try:
            return ZoneInfo(tz)
        except (KeyError, ValueError, OSError):  # a folder of them is an OSError
            pass
    raise Invalid(
        f"`tz` should be a zone such as Europe/Berlin, minutes east of UTC or +hh:mm, not {tz!r}",
        field="tz",
    )
