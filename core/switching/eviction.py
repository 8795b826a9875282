"""Who must go when a model comes. Pure: a picture of the residents in, recipe ids out."""

from collections.abc import Sequence

import msgspec

from core.errors import Refused


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that holds memory, ready or still loading."""

    recipe_id: str
    pinned: bool = False
    in_flight: int = 0
    last_used: int = 0  # µs since the epoch


def who_must_go(
    target: str, residents: Sequence[Resident], *, room: int, exclusive: bool
) -> tuple[str, ...]:
    """Recipe ids to evict so that `target` fits among at most `room` residents.

    Pinned models never go. Otherwise the idle ones go first, and of those the longest unused.
    Raises Refused, naming the pinned, when they leave no room.
    """
    others = [r for r in residents if r.recipe_id != target]
    movable = sorted(
        (r for r in others if not r.pinned), key=lambda r: (r.in_flight > 0, r.last_used)
    )
    if any(r.recipe_id == target for r in residents) and not exclusive:
        return ()
    surplus = len(movable) if exclusive else max(0, len(others) - (room - 1))
    if len(others) - min(surplus, len(movable)) > max(0, room - 1):
        raise no_room(target, [r.recipe_id for r in others if r.pinned], room)
    return tuple(r.recipe_id for r in movable[:surplus])


def no_room(target: str, pinned: list[str], room: int) -> Refused:
    """The sentence for a machine whose places are all taken by pinned models."""
    names = ", ".join(sorted(pinned))
    return Refused(
        f"there is no room for {target}: {names} "
        f"{'is' if len(pinned) == 1 else 'are'} pinned and {room} model(s) may be resident at once",
        code="all-pinned",
        next_action="unpin one of them, evict it, or raise the setting max_resident",
    )
