"""Who must go: enumerated, because this is the rule people feel."""

import pytest

from core.errors import Refused
from core.switching.eviction import Resident, who_must_go


def resident(
    recipe_id: str, *, pinned: bool = False, in_flight: int = 0, last_used: int = 0
) -> Resident:
    """A resident in one line."""
    return Resident(recipe_id=recipe_id, pinned=pinned, in_flight=in_flight, last_used=last_used)


def test_nobody_goes_while_there_is_room() -> None:
    """A second model that fits beside the first leaves it alone."""
    assert who_must_go("b", [resident("a")], room=2, exclusive=False) == ()


def test_the_only_place_is_made_free() -> None:
    """With room for one, the one that is there goes."""
    assert who_must_go("b", [resident("a")], room=1, exclusive=False) == ("a",)


def test_a_resident_target_evicts_nobody() -> None:
    """Asking for what is there already costs nobody anything."""
    residents = [resident("a"), resident("b")]
    assert who_must_go("b", residents, room=1, exclusive=False) == ()


def test_the_longest_unused_goes_first() -> None:
    """Of two idle models the one nobody used for longer makes room."""
    residents = [resident("new", last_used=9), resident("old", last_used=1)]
    assert who_must_go("c", residents, room=2, exclusive=False) == ("old",)


def test_an_idle_model_goes_before_a_busy_one() -> None:
    """A running request weighs more than recency: waiting for a drain is the last choice."""
    residents = [resident("busy", in_flight=2, last_used=1), resident("idle", last_used=9)]
    assert who_must_go("c", residents, room=2, exclusive=False) == ("idle",)


def test_pinned_models_stay() -> None:
    """A pin holds, whoever asks."""
    residents = [resident("pin", pinned=True), resident("a", last_used=5)]
    assert who_must_go("c", residents, room=2, exclusive=False) == ("a",)
    assert who_must_go("c", residents, room=2, exclusive=True) == ("a",)


def test_when_all_places_are_pinned_the_refusal_names_them() -> None:
    """Nobody waits for room that will never come, and the sentence says whose it is."""
    with pytest.raises(Refused, match=r"pin-1, pin-2 are pinned") as refusal:
        who_must_go(
            "c",
            [resident("pin-1", pinned=True), resident("pin-2", pinned=True)],
            room=2,
            exclusive=False,
        )
    assert refusal.value.code == "all-pinned"


def test_exclusive_clears_everything_that_may_go() -> None:
    """What a person calls "only this one"."""
    residents = [resident("a", last_used=2), resident("b", last_used=1)]
    assert who_must_go("c", residents, room=5, exclusive=True) == ("b", "a")
