"""Who must go so that a model can come: by devices, by measured memory, by number. Pure.

Devices are resources. Two models share one when both are known to fit; a model of unknown size
claims its devices for itself. In main memory alone a number of places that somebody has set is
taken as their word that so many fit. Of several ways to place the newcomer the cheapest wins:
nobody in use, few, quick to bring back, and otherwise the order in which the ways were given.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from core.placement.placement import HOST, Placement
from core.switching.scheduling.scene import Resident


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """There is room once these have gone."""

    placement: Placement
    evict: tuple[str, ...]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """There is none, and these, which may not go, are in the way."""

    by: frozenset[str]


Movable = Callable[[Resident], bool]


def make_room(
    newcomer: str,
    options: Sequence[Placement],
    residents: Sequence[Resident],
    capacity: Mapping[str, int],
    *,
    max_resident: int,
    exclusive: bool = False,
    movable: Movable = lambda r: not r.pinned,
) -> Room | Taken:
    """The cheapest way in, or who is in the way of every one of them."""
    others = [r for r in residents if r.recipe_id != newcomer]
    best: Room | None = None
    best_cost: tuple[int, int, float] | None = None
    in_the_way: frozenset[str] = frozenset()
    for placement in options:
        found = _evictions(placement, others, capacity, max_resident, exclusive, movable)
        if isinstance(found, Taken):
            in_the_way |= found.by
            continue
        cost = _cost(found)
        if best_cost is None or cost < best_cost:
            best, best_cost = Room(placement=placement, evict=_ids(found)), cost
    return best if best is not None else Taken(by=in_the_way)


def beside(newcomer: Placement, sleeper: Placement, capacity: Mapping[str, int]) -> bool:
    """Whether a model can come while one that sleeps keeps what it still holds."""
    asleep = Resident(recipe_id="", placement=sleeper, asleep=True)
    return _fits(newcomer, [asleep], capacity, max_resident=0)


def _evictions(
    placement: Placement,
    others: Sequence[Resident],
    capacity: Mapping[str, int],
    max_resident: int,
    exclusive: bool,
    movable: Movable,
) -> list[Resident] | Taken:
    """Those who must leave for this placement; fewest that suffice."""
    may_go: list[Resident] = []
    stay: list[Resident] = []
    for resident in others:
        (may_go if movable(resident) else stay).append(resident)
    may_go.sort(key=_cheapest_first)
    if not _fits(placement, stay, capacity, max_resident):
        return Taken(by=frozenset(_ids(_those_in_the_way(placement, stay, max_resident))))
    if exclusive:
        return may_go
    for resident in reversed(may_go):  # keep the dearest first, as long as there is room
        if _fits(placement, [*stay, resident], capacity, max_resident):
            stay.append(resident)
    kept = {r.recipe_id for r in stay}
    return [r for r in may_go if r.recipe_id not in kept]


def _fits(
    placement: Placement,
    beside: Sequence[Resident],
    capacity: Mapping[str, int],
    max_resident: int,
) -> bool:
    """Whether it can be there together with these."""
    if max_resident and len([r for r in beside if not r.asleep]) >= max_resident:
        return False
    for share in placement.shares:
        vouched = bool(max_resident) and share.device == HOST
        if not _fits_on(share.device, share.bytes, beside, capacity, vouched=vouched):
            return False
    return True


def _fits_on(
    device: str,
    need: int | None,
    beside: Sequence[Resident],
    capacity: Mapping[str, int],
    *,
    vouched: bool,
) -> bool:
    """A sleeper has given its memory back: what little it keeps counts, but it claims nothing."""
    if need == 0 or (need is None and vouched):
        return True
    limit = capacity.get(device)
    there = [(resident, resident.placement.bytes_on(device)) for resident in beside]
    if device == HOST and all(held == 0 for _, held in there):
        return True  # alone: the system makes room in main memory, as no GPU does
    known = 0
    for resident, held in there:
        if held is None and vouched:
            continue
        if held is None or (held and not resident.asleep and (need is None or limit is None)):
            return False
        known += held
    return need is None or limit is None or need + known <= limit


def _those_in_the_way(
    placement: Placement, stay: Sequence[Resident], max_resident: int
) -> list[Resident]:
    """Who shares a device with it; everybody, when it is the number that is reached."""
    if max_resident and sum(not r.asleep for r in stay) >= max_resident:
        return [r for r in stay if not r.asleep]
    return [r for r in stay if r.placement.claimed & placement.claimed]


def _cheapest_first(resident: Resident) -> tuple[bool, bool, float, float]:
    """Sleepers, then the unused, the longest unused first, and the quick to bring back."""
    return (
        not resident.asleep,
        resident.in_flight > 0 or resident.owed > 0,
        resident.last_used,
        resident.reload_s,
    )


def _cost(evicted: Sequence[Resident]) -> tuple[int, int, float]:
    awake = [r for r in evicted if not r.asleep]
    busy = sum(r.in_flight > 0 or r.owed > 0 for r in awake)
    return busy, len(awake), sum(r.reload_s for r in evicted)


def _ids(residents: Sequence[Resident]) -> tuple[str, ...]:
    return tuple([r.recipe_id for r in residents])
