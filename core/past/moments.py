"""A moment as people write it: a position of the log, or a time.

    4711                       the position: after that event
    2026-11-30T14:02:11+01:00  ISO 8601; local time without an offset; a date is its beginning
    14:02  14:02:11            the last time that the clock showed it
    yesterday  yesterday 14:02
    -2h  2h  30m  -1d          so long ago
    now

A time stands for the newest position recorded at or before it. Where the clock was set back there
are two such moments; the later one is meant, for positions are the order of what happened.
"""

import re
from datetime import datetime, timedelta

import msgspec

from core.errors import Invalid

US = 1_000_000
OLDEST_TIME_US = 10**14  # numbers from here on (1973) are µs since the epoch, below it positions
LATEST_US = 2**62
EXAMPLES = "a position such as 4711, or a time such as 14:02, 'yesterday 14:02', -2h or 2026-11-30"

_AGO = re.compile(r"-?(\d{1,7})\s*(s|m|min|h|d|w)")
_CLOCK = re.compile(r"(?:(yesterday|today)\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Moment(msgspec.Struct, frozen=True):
    """What was written: one of the two."""

    position: int | None = None
    at: int | None = None  # µs since the epoch
    lasts: int = 0  # µs: "14:02" means all of that minute, where something is looked for in it


def moment(text: str, now: int, field: str = "at") -> Moment:
    """Read it; `now` in µs since the epoch. Raises Invalid, which says what can be written."""
    words = " ".join(text.strip().lower().split())
    try:
        return _read(words, now)
    except (ValueError, OverflowError, OSError):
        raise Invalid(
            f"{text!r} is no moment: it should be {EXAMPLES}", field=field, code="no-moment"
        ) from None


def _read(words: str, now: int) -> Moment:
    if words.isascii() and words.isdigit():
        number = int(words[:20])
        if number > LATEST_US:
            raise ValueError(words)
        return Moment(at=number) if number >= OLDEST_TIME_US else Moment(position=number)
    if words == "now":
        return Moment(at=now)
    if ago := _AGO.fullmatch(words):
        return Moment(at=now - int(ago[1]) * _SECONDS[ago[2]] * US)
    here = datetime.fromtimestamp(now / US)  # as the wall shows it, so that offsets may change
    if words in ("yesterday", "today"):
        day = here - timedelta(days=words == "yesterday")
        return Moment(at=_us(day.replace(hour=0, minute=0, second=0, microsecond=0)))
    if shown := _CLOCK.fullmatch(words):
        return _clock_shown(shown, here)
    written = datetime.fromisoformat(words.upper())
    minutes = re.search(r"\d:\d\d(:\d\d)?", words)
    lasts = 0 if minutes is None else (US if minutes[1] else 60 * US)
    return Moment(at=_us(written), lasts=lasts)


def _clock_shown(shown: re.Match[str], here: datetime) -> Moment:
    day, hour, minute, second = shown.groups()
    then = here.replace(hour=int(hour), minute=int(minute), second=int(second or 0), microsecond=0)
    if day == "yesterday" or (day is None and then > here):
        then -= timedelta(days=1)
    return Moment(at=_us(then), lasts=US if second else 60 * US)


def _us(moment: datetime) -> int:
    """Local wall time where it names no offset."""
    return round(moment.timestamp() * US)
