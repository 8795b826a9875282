"""A wish on its way, and the answers to whoever waits for it."""

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

from core.errors import StudioError
from core.ids import new_id
from core.placement.placement import Placement
from core.switching.commands import Change, RequestEvict, kind_of
from core.switching.scheduling.scene import Wish
from events.facts import SwitchRequested

T = TypeVar("T")


@dataclass(eq=False)
class Pending:
    """A wish on its way; `done` ends with None, or with the StudioError that refused it."""

    change: Change
    actor: str
    correlation_id: str
    asked_at: float  # monotonic seconds
    manual: bool  # a person asked, rather than a request that names a model
    priority: int
    begun: asyncio.Future[SwitchRequested | None]
    done: asyncio.Future[None]
    switch_id: str = field(default_factory=lambda: new_id("switch"))
    options: tuple[Placement, ...] | None = None  # None: not looked up yet
    wanted: bool = True  # somebody waits for it
    looked_twice: bool = False  # there seemed to be no room, and it was looked again
    caused_by: str | None = None  # the event that led to it, then its own newest fact
    resumed: bool = False  # left over from before a restart, and nobody has asked for it since

    def as_wish(self) -> Wish:
        """What the scheduler sees of it."""
        change = self.change
        return Wish(
            wish_id=self.switch_id,
            kind=kind_of(change),
            target=change.target,
            asked_at=self.asked_at,
            manual=self.manual,
            priority=self.priority,
            exclusive=getattr(change, "exclusive", False),
            only_idle=isinstance(change, RequestEvict) and change.only_idle,
            options=self.options or (),
        )


def new_pending(
    change: Change,
    *,
    actor: str,
    correlation_id: str,
    asked_at: float,
    manual: bool,
    priority: int = 0,
    causation_id: str | None = None,
) -> Pending:
    """A wish nobody has begun; both answers may go unheard."""
    loop = asyncio.get_running_loop()
    pending = Pending(
        change=change,
        actor=actor,
        correlation_id=correlation_id,
        asked_at=asked_at,
        manual=manual,
        priority=priority,
        begun=loop.create_future(),
        done=loop.create_future(),
        caused_by=causation_id,
    )
    pending.begun.add_done_callback(_heard)
    pending.done.add_done_callback(_heard)
    return pending


def answer(future: "asyncio.Future[T]", value: T) -> None:
    """Resolve once; a second answer is ignored."""
    if not future.done():
        future.set_result(value)


def refuse(pending: Pending, refusal: StudioError) -> None:
    """Tell whoever waits, for the beginning or for the end."""
    for future in (pending.begun, pending.done):
        if not future.done():
            future.set_exception(refusal)


def _heard(future: "asyncio.Future[T]") -> None:
    """An outcome nobody waits for is no "exception was never retrieved"; the log has it."""
    if not future.cancelled():
        future.exception()
