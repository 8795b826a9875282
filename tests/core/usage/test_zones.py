"""A zone's clocks as they were in the hour of a request."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.errors import Invalid
from core.usage import zones
from core.usage.zones import zone_told


def us(*moment: int) -> int:
    """That moment in UTC, in microseconds."""
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type,misc]


NOW = us(2026, 12, 1)
IN_MARCH, IN_OCTOBER = (
    us(2026, month, day, 1) // 3_600_000_000 for month, day in ((3, 29), (10, 25))
)


def test_both_sides_of_a_change_have_their_own_offset() -> None:
    """Berlin has been an hour nearer since the end of October."""
    told = zone_told("Europe/Berlin", us(2026, 10, 1), us(2026, 11, 1), NOW)
    assert told == (60, ((IN_OCTOBER, 120),))


def test_a_year_has_two_changes_and_what_is_to_come_none() -> None:
    """Oldest first; no request is later than now."""
    told = zone_told("Europe/Berlin", us(2026, 1, 1), us(2030, 1, 1), NOW)
    assert told == (60, ((IN_MARCH, 60), (IN_OCTOBER, 120)))


def test_a_time_without_a_change_and_a_zone_without_any_have_one_offset() -> None:
    """As a number would say it."""
    assert zone_told("Europe/Berlin", us(2026, 6, 1), us(2026, 7, 1), NOW) == (120, ())
    assert zone_told("Asia/Kolkata", None, None, NOW) == (330, ())
    assert zone_told("+05:30", None, None, NOW) == (330, ())


def test_no_beginning_is_all_there_is() -> None:
    """And a time that has not come has no change in it."""
    assert zone_told("Europe/Berlin", None, us(2025, 4, 1), NOW)[0] == 120
    assert zone_told("Europe/Berlin", us(2027, 1, 1), us(2027, 12, 1), NOW) == (60, ())


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("size", [0, 1, 10**15, 10**18, 10**25])
def test_a_time_that_no_calendar_has_is_that_of_the_first_requests_or_of_now(
    sign: int, size: int
) -> None:
    """No clock is asked what it showed then: there are years that it does not know."""
    far = sign * size
    for since, until in ((far, None), (None, far), (far, far)):
        minutes, before = zone_told("Europe/Berlin", since, until, NOW)
        assert minutes == 60
        assert before in ((), zone_told("Europe/Berlin", None, None, NOW)[1])


def test_no_clock_is_asked_for_a_time_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows none answers for one before 1970."""
    asked: list[int] = []

    def minutes(zone: ZoneInfo, hour: int) -> int:
        asked.append(hour)
        return 60

    monkeypatch.setattr(zones, "_minutes", minutes)
    zone_told("Europe/Berlin", -(10**15), -(10**15), NOW)
    assert asked
    assert min(asked) >= zones.EARLIEST


@pytest.mark.parametrize(
    "tz", ["Mars/Olympus", "Europe", "../../etc/passwd", "", "x" * 5000, "\x00"]
)
def test_what_is_no_zone_is_refused(tz: str) -> None:
    """By the name of the parameter."""
    with pytest.raises(Invalid) as refused:
        zone_told(tz, None, None, NOW)
    assert refused.value.field == "tz"
