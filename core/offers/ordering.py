"""Which member of a virtual model answers. Pure.

1. members that are ready come first; where there are any, the others are not asked: a request that
   failed once is no reason to push a working model out of memory
2. `spill`: of these, those with a free place come before the full ones, and of the full ones the
   least busy comes first
3. none is ready: all in their order, so the first is loaded, and the next when that can not be
"""

from collections.abc import Sequence

import msgspec

from core.offers.virtual import Policy


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One of a virtual model's members, as it stands now."""

    name: str
    ready: bool
    busy: int = 0  # requests
    places: int | None = None  # requests at once; None: it is never full

    @property
    def is_full(self) -> bool:
        """Whether one more request would have to wait, or be refused."""
        return self.places is not None and self.busy >= self.places


def ordered(policy: Policy, members: Sequence[Member]) -> tuple[str, ...]:
    """The names to try in turn, best first."""
    ready = [member for member in members if member.ready]  # 1
    if not ready:
        return tuple(member.name for member in members)  # 3
    if policy == "spill":
        ready.sort(key=_load)  # 2
    return tuple(member.name for member in ready)


def _load(member: Member) -> float:
    """Nought while there is a place; the sort is stable, so the order stands among equals."""
    return member.busy / member.places if member.is_full and member.places else 0.0
