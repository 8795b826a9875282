"""When it is said that the gateway holds answers back, and when no longer."""

import os

from core.monitoring.bottleneck import Held, Look, judge, kept
from core.monitoring.process_load import wanted_s


def looks(share: float, *, seconds: int = 30, running: dict[str, int] | None = None) -> list[Look]:
    """A look every two seconds at a process that wants `share` of a core."""
    through = {"a": 3, "b": 1} if running is None else running
    return [
        Look(at=100.0 + s, pid=7, wanted_s=5.0 + share * s, running=through)
        for s in range(0, seconds + 1, 2)
    ]


def test_a_whole_core_for_half_a_minute_is_said_with_the_recipes_that_go_through_it() -> None:
    """The one with most requests first."""
    assert judge(looks(1.0), None) == Held(share=1.0, recipe_ids=("a", "b"))


def test_what_is_short_or_less_than_a_core_is_not_said() -> None:
    """A burst of ten seconds, or three quarters of a core for long."""
    assert judge(looks(1.0, seconds=10), None) is None
    assert judge(looks(0.75), None) is None


def test_it_has_to_ease_clearly() -> None:
    """Between the two marks stays what was said, so that it does not flicker."""
    said = judge(looks(0.97), None)
    assert judge(looks(0.75), said) is not None
    assert judge(looks(0.5), said) is None


def test_work_without_requests_is_none_of_them() -> None:
    """LiteLLM wants a whole core while it starts."""
    assert judge(looks(1.0, running={}), None) is None


def test_only_looks_at_one_process_without_a_gap_count() -> None:
    """After a restart of LiteLLM, or when nobody looked for a while, it begins anew."""
    before = looks(1.0)
    after = Look(at=131.0, pid=7, wanted_s=36.0, running={"a": 1})
    assert [one.at for one in kept(before, after)] == [*range(102, 131, 2), 131.0]
    other = Look(at=131.0, pid=8, wanted_s=0.5, running={"a": 1})
    assert kept(before, other) == (other,)
    late = Look(at=150.0, pid=7, wanted_s=55.0, running={"a": 1})
    assert kept(before, late) == (late,)
    assert judge(kept(before, late), None) is None


def test_a_process_that_computes_wants_what_it_uses() -> None:
    """This one here; and of none nothing is known."""
    before = wanted_s(os.getpid())
    used = sum(range(3_000_000))
    after = wanted_s(os.getpid())
    assert used > 0
    assert before is not None
    assert after is not None
    assert after > before
    assert wanted_s(2**22 + 1) is None
