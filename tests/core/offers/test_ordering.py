"""Which member of a virtual model answers."""

import pytest

from core.offers.ordering import Member, ordered

COLD = Member(name="cold", ready=False)
IDLE = Member(name="idle", ready=True, busy=0, places=4)
BUSY = Member(name="busy", ready=True, busy=2, places=2)
BUSIER = Member(name="busier", ready=True, busy=12, places=4)
ENDLESS = Member(name="endless", ready=True, busy=99)


@pytest.mark.parametrize(
    ("policy", "members", "names"),
    [
        ("first-resident", [COLD, BUSY, IDLE], "busy idle"),
        ("first-resident", [COLD], "cold"),
        ("spill", [COLD, BUSY, IDLE], "idle busy"),
        ("spill", [BUSIER, BUSY], "busy busier"),
        ("spill", [BUSIER, BUSY, ENDLESS], "endless busy busier"),
        ("spill", [IDLE, ENDLESS], "idle endless"),
        ("spill", [COLD], "cold"),
    ],
)
def test_ready_comes_first_then_room_then_the_least_busy(
    policy: str, members: list[Member], names: str
) -> None:
    """And what is not ready is not asked while something is."""
    assert ordered(policy, members) == tuple(names.split())  # type: ignore[arg-type]  # one of two


def test_when_none_is_ready_they_are_loaded_in_turn() -> None:
    """The second only when the first could not be."""
    other = Member(name="other", ready=False)
    for policy in ("first-resident", "spill"):
        assert ordered(policy, [COLD, other]) == ("cold", "other")
