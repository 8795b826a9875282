"""What the scheduler's small world consists of."""

from dataclasses import dataclass, field

from core.placement.placement import Placement
from core.switching.scheduling.scene import Job, Wish


@dataclass(kw_only=True)
class Model:
    """One model of the world: where it may run and how it behaves."""

    name: str
    options: tuple[Placement, ...]
    pinned: bool = False
    priority: int = 0
    fails: float = 0.0  # how likely a load fails


@dataclass(kw_only=True)
class Request:
    """One client's request."""

    number: int
    model: str
    came: float
    leaves: float | None = None
    let_through: float | None = None
    ended: str = ""


@dataclass(kw_only=True)
class Engine:
    """One process in memory."""

    model: str
    placement: Placement
    state: str = "loading"  # loading | ready | stopping
    ready_at: float | None = None
    last_used: float = 0.0
    serving: set[int] = field(default_factory=set)
    withdrawn: bool = False


@dataclass(kw_only=True)
class Change:
    """A job as it runs."""

    job: Job
    wish: Wish
    phase: str = "draining"
    left: set[str] = field(default_factory=set)
