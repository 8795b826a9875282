"""The last minute, by the second: never more in any sixty seconds than the window says."""

from hypothesis import given
from hypothesis import strategies as st

from core.keys.use import duration
from core.keys.window import Window

TIMES = st.lists(st.floats(0, 400), max_size=60).map(sorted)


@given(TIMES)
def test_no_stretch_of_a_minute_holds_more_than_the_window_said(times: list[float]) -> None:
    """Whatever came in the sixty seconds before a moment is still counted at that moment."""
    window = Window()
    for n, at in enumerate(times):
        window.slide(at)
        window.add(int(at), requests=1, tokens=3)
        truly = sum(1 for other in times[: n + 1] if other > at - 60)
        assert truly <= window.requests <= sum(1 for other in times[: n + 1] if other > at - 62)
        assert window.tokens == 3 * window.requests
        assert len(window.seconds()) <= 61


@given(TIMES, st.integers(1, 60))
def test_what_is_said_to_be_gone_by_then_is_gone_then_and_not_before(
    times: list[float], count: int
) -> None:
    """To the moment: this is where `retry-after` comes from."""
    window = Window()
    for at in times:
        window.slide(at)
        window.add(int(at), requests=1)
    had = window.requests
    gone_at = window.requests_gone_at(min(count, had))
    if had:
        before = gone_at - 0.001
        window.slide(before)
        assert window.requests > had - min(count, had)
        window.slide(gone_at)
        assert window.requests <= had - min(count, had)


def test_a_second_that_came_late_stands_where_it_belongs() -> None:
    """After a start, requests of before are counted in beside those that came since."""
    window = Window()
    window.add(100, requests=1)
    window.add(70, requests=1)
    window.slide(131)
    assert window.seconds() == {100: (1, 0)}


def test_what_is_taken_back_never_falls_below_nothing() -> None:
    """Also when it has left the window already."""
    window = Window()
    window.add(1, requests=1, tokens=5)
    window.take_back(1, requests=2, tokens=9)
    window.take_back(77, tokens=9)
    assert (window.requests, window.tokens) == (0, 0)


def test_durations_read_as_openais() -> None:
    """`6m0s`, `8.64s`, `120ms`."""
    told = [duration(s) for s in (0, 0.12, 1, 8.64, 59.9996, 360, 3661.5)]
    assert told == ["0ms", "120ms", "1s", "8.64s", "1m0s", "6m0s", "1h1m1.5s"]
