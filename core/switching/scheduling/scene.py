"""Everything the scheduler may know, as plain values. Times are seconds of one monotonic clock.

The scheduler keeps no state of its own between two looks: who waits, what runs and what is under
way stand here each time. So nothing can be forgotten, and a plan can be made again at any moment.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from core.placement.placement import Placement

Kind = Literal["switch", "load", "evict"]


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A model that holds memory: loading, answering, asleep or on its way out."""

    recipe_id: str
    placement: Placement
    asleep: bool = False
    pinned: bool = False
    in_flight: int = 0  # requests it serves
    owed: int = 0  # requests that waited for it and were just let through
    ready_at: float | None = None  # since when it answers; None: it does not yet
    last_used: float = 0.0
    reload_s: float = 0.0  # what bringing it back would take


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants a change. All requests that wait for one model are one wish."""

    wish_id: str
    kind: Kind
    target: str | None  # None: everything (evict)
    asked_at: float
    manual: bool = False  # a person asked, rather than a request that names a model
    priority: int = 0
    exclusive: bool = False  # every other model goes, pinned ones excepted
    only_idle: bool = False  # evict: not when it turns out to be in use
    options: tuple[Placement, ...] = ()  # the ways in which the target may run, best first


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A change that has begun and has no outcome yet."""

    job_id: str
    kind: Kind
    target: str | None
    evict: frozenset[str] = frozenset()  # what has not left yet
    placement: Placement | None = None  # where the target will be
    manual: bool = False
    asked_at: float = 0.0
    draining: bool = False  # nothing is lost yet: it can be given up as if never begun
    unwanted: bool = False  # nobody waits for it any more
    ending: bool = False  # it was interrupted, and is being tidied up

    @property
    def touches(self) -> frozenset[str]:
        """Every model it starts, or evicts and has not evicted yet."""
        if self.target is None or self.kind == "evict":
            return self.evict
        return self.evict | {self.target}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that decide."""

    max_resident: int = 0  # models awake at once; 0: as many as are known to fit
    min_residence_s: float = 0.0  # against thrashing: see `plan.stays_until`
    patience_s: float = 60.0  # after so long a wish is no longer overtaken by priority


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One look at everything."""

    now: float
    rules: Rules
    wishes: tuple[Wish, ...] = ()
    jobs: tuple[Job, ...] = ()
    residents: tuple[Resident, ...] = ()
    capacity: Mapping[str, int] = {}  # device → bytes that are ours to plan with
    left_at: Mapping[str, float] = {}  # when a model last left memory


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """Begin this wish."""

    wish_id: str
    evict: tuple[str, ...] = ()
    placement: Placement | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """It is already so."""

    wish_id: str


class Refuse(msgspec.Struct, frozen=True, kw_only=True):
    """It can not be; `pinned` stand in the way, or, when empty, it fits nowhere."""

    wish_id: str
    pinned: tuple[str, ...] = ()


class Interrupt(msgspec.Struct, frozen=True, kw_only=True):
    """Give up a job."""

    job_id: str
    why: str


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """Forget a wish that another took the place of."""

    wish_id: str
    why: str


Step = Begin | Answer | Refuse | Interrupt | Drop


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now, and when to look again though nothing happened (None: no need)."""

    steps: tuple[Step, ...] = ()
    look_at: float | None = None
    waits_for: Mapping[str, str] = {}  # wish → why it is not begun, in words
