"""Moments as people write them."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from core.errors import Invalid
from core.past.moments import US, Moment, moment

NOW = datetime(2026, 11, 30, 13, 30, 5, tzinfo=UTC)  # 14:30:05 in Berlin
MINUTE = 60 * US


@pytest.fixture(autouse=True)
def _in_berlin() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def us(*fields: int) -> int:
    """A moment of UTC."""
    return round(datetime(*fields, tzinfo=UTC).timestamp() * US)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0", Moment(position=0)),
        (" 4711 ", Moment(position=4711)),
        ("1795435201500000", Moment(at=1795435201500000)),
        ("now", Moment(at=us(2026, 11, 30, 13, 30, 5))),
        ("-2h", Moment(at=us(2026, 11, 30, 11, 30, 5))),
        ("90 min", Moment(at=us(2026, 11, 30, 12, 0, 5))),
        ("1w", Moment(at=us(2026, 11, 23, 13, 30, 5))),
        ("14:02", Moment(at=us(2026, 11, 30, 13, 2), lasts=MINUTE)),
        ("9:05:07", Moment(at=us(2026, 11, 30, 8, 5, 7), lasts=US)),
        ("15:00", Moment(at=us(2026, 11, 29, 14, 0), lasts=MINUTE)),  # it is yet to come today
        ("today 15:00", Moment(at=us(2026, 11, 30, 14, 0), lasts=MINUTE)),
        ("Yesterday  14:02", Moment(at=us(2026, 11, 29, 13, 2), lasts=MINUTE)),
        ("yesterday", Moment(at=us(2026, 11, 28, 23, 0))),
        ("2026-11-30", Moment(at=us(2026, 11, 29, 23, 0))),
        ("2026-07-01T10:00", Moment(at=us(2026, 7, 1, 8, 0), lasts=MINUTE)),
        ("2026-07-01 10:00:30", Moment(at=us(2026, 7, 1, 8, 0, 30), lasts=US)),
        ("2026-07-01T10:00:30.25Z", Moment(at=us(2026, 7, 1, 10, 0, 30) + 250_000, lasts=US)),
        ("2026-07-01T10:00+05:30", Moment(at=us(2026, 7, 1, 4, 30), lasts=MINUTE)),
    ],
)
def test_a_moment_as_it_is_written(text: str, meant: Moment) -> None:
    """Local where nothing else is said, on the right side of summer time."""
    assert moment(text, round(NOW.timestamp() * US)) == meant


@pytest.mark.parametrize(
    "text",
    ["", "soon", "25:00", "14:61", "2026-13-01", "-2", "2h30", "99999999w", "9" * 30, "٣", "1.5"],
)
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    """And with the name of the field that it was given in."""
    with pytest.raises(Invalid, match="yesterday 14:02") as refused:
        moment(text, round(NOW.timestamp() * US), field="from")
    assert refused.value.field == "from"
