"""Days and months as budgets count them: from 00:00 UTC, as the book of requests does."""

from datetime import UTC, datetime, timedelta

import msgspec

US = 1_000_000


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The day and the month of a moment; all moments in µs since the epoch."""

    day: str  # 2026-11-24
    month: str  # 2026-11
    day_began: int
    month_began: int
    day_ends: int
    month_ends: int

    @classmethod
    def of(cls, now: int) -> "Period":
        """The period around a moment."""
        moment = datetime.fromtimestamp(now / US, UTC)
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        month = day.replace(day=1)
        return cls(
            day=day.strftime("%Y-%m-%d"),
            month=day.strftime("%Y-%m"),
            day_began=_us(day),
            month_began=_us(month),
            day_ends=_us(day + timedelta(days=1)),
            month_ends=_us((month + timedelta(days=32)).replace(day=1)),
        )

    def holds(self, now: int) -> bool:
        """Whether that moment is in the same day."""
        return self.day_began <= now < self.day_ends


def moment(at: int) -> str:
    """A moment in words."""
    return datetime.fromtimestamp(at / US, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _us(moment: datetime) -> int:
    return round(moment.timestamp()) * US
