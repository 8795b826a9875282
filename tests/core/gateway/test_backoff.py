"""How often, and how soon again."""

from core.gateway.backoff import Backoff


def test_pauses_double_up_to_a_bound() -> None:
    """0.5, 1, 2, … and then no longer."""
    backoff = Backoff(limit=20)
    pauses = [backoff.after(1.0) for _ in range(9)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_after_too_many_failures_in_a_row_a_person_is_waited_for() -> None:
    """The limit is the setting's."""
    backoff = Backoff(limit=2)
    assert [backoff.after(1.0) for _ in range(3)] == [0.5, 1.0, None]


def test_a_long_run_forgives_what_was_before() -> None:
    """A crash a day is not a crash loop."""
    backoff = Backoff(limit=1)
    assert [backoff.after(600.0) for _ in range(4)] == [0.5] * 4


def test_a_person_starts_it_afresh() -> None:
    """After `reset` the count begins again."""
    backoff = Backoff(limit=1)
    backoff.after(0), backoff.after(0)
    backoff.reset()
    assert backoff.after(0) == 0.5
