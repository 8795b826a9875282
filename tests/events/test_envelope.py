"""Identities sort by time and do not repeat."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from events.envelope import uuid7

MOMENT = st.integers(0, (1 << 48) * 1000 - 1)


@given(MOMENT)
def test_an_id_is_a_valid_version_seven_uuid(at: int) -> None:
    """Other programs recognise it, and find the millisecond in it."""
    made = uuid.UUID(uuid7(at))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == at // 1000


@given(MOMENT, MOMENT)
def test_ids_of_different_microseconds_sort_by_time(one: int, other: int) -> None:
    """Sorting ids sorts events by when they were made."""
    if one != other:
        assert (uuid7(one) < uuid7(other)) == (one < other)


def test_ids_of_one_moment_differ() -> None:
    """Many events in one microsecond still have identities of their own."""
    assert len({uuid7(1) for _ in range(10_000)}) == 10_000
