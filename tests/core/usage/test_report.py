"""Sums as rows, in the order in which they are read."""

import pytest

from core.usage.report import entries
from events.projections.usage_sums import Sums


@pytest.mark.parametrize(
    "hours",
    [
        ("2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"),
        ("2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00", "2026-11-01T02:00-05:00"),
        ("2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T03:00"),
    ],
)
def test_hours_follow_each_other_as_they_passed(hours: tuple[str, ...]) -> None:
    """Also where the clock showed one of them twice, on either side of Greenwich."""
    sums = [Sums(group=("m", hour), sums={}) for hour in reversed(hours)]
    rows = entries(sums, ("model", "hour"), lambda key_id: None)
    assert tuple(row.group["hour"] for row in rows) == hours
