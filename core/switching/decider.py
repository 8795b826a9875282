"""The rules of the `switching` stream: one change at a time, from request to outcome.

```
Idle ──SwitchRequested──► UnderWay ──DrainingStarted──► ──Drained──► ──EvictionFinished…──►
  ▲                          │
  └── Completed | Failed | Cancelled ◄┘
```
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from core.errors import Refused
from core.switching.commands import Change, RequestEvict, RequestLoad, RequestSwitch, kind_of
from core.switching.eviction import Resident, who_must_go
from events.facts import (
    SwitchCancelled,
    SwitchCompleted,
    SwitchDrained,
    SwitchDrainingStarted,
    SwitchEvictionFinished,
    SwitchFailed,
    SwitchRequested,
)
from events.facts.base import Fact

# ---- Commands -----------------------------------------------------------------------------------


class BeginChange(msgspec.Struct, frozen=True, kw_only=True):
    """A wish together with what had to be looked up to decide it."""

    switch_id: str
    change: Change
    residents: tuple[Resident, ...]
    room: int  # how many models may be resident at once


# ---- State --------------------------------------------------------------------------------------


class Idle(msgspec.Struct, frozen=True):
    """Nothing is being changed."""


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A change that has begun and has no outcome yet."""

    switch_id: str
    kind: str
    target: str | None
    evict: tuple[str, ...]
    force: bool = False
    draining: bool = False
    drained: bool = False
    gone: frozenset[str] = frozenset()


State = Idle | UnderWay
INITIAL: State = Idle()


# ---- Decide -------------------------------------------------------------------------------------


def decide(command: BeginChange, state: State) -> Sequence[Fact]:
    """The request as a fact, or nothing when it is already so."""
    match state:
        case UnderWay(kind=kind, target=target):
            raise Refused(f"a {kind} to {target} is under way", code="change-under-way")
        case Idle():
            return begin(command)
        case _:
            assert_never(state)


def begin(command: BeginChange) -> Sequence[Fact]:
    """Who must go, written down before anything is touched."""
    change = command.change
    match change:
        case RequestSwitch(target=target, exclusive=exclusive):
            evict = who_must_go(target, command.residents, room=command.room, exclusive=exclusive)
        case RequestLoad():
            evict = ()
        case RequestEvict(target=None):
            evict = tuple(r.recipe_id for r in command.residents)
        case RequestEvict(target=target):
            evict = tuple(r.recipe_id for r in command.residents if r.recipe_id == target)
        case _:
            assert_never(change)
    if isinstance(change, RequestEvict) and not evict:
        return []
    return [
        SwitchRequested(
            switch_id=command.switch_id,
            kind=kind_of(change),
            target=change.target,
            evict=evict,
            force=change.force,
        )
    ]


# ---- Evolve -------------------------------------------------------------------------------------


def evolve(state: State, fact: Fact) -> State:
    """The state after one more fact; facts that do not belong change nothing."""
    match state, fact:
        case _, SwitchRequested(switch_id=id_, kind=kind, target=target, evict=evict, force=force):
            return UnderWay(switch_id=id_, kind=kind, target=target, evict=evict, force=force)
        case UnderWay(), SwitchDrainingStarted():
            return msgspec.structs.replace(state, draining=True)
        case UnderWay(), SwitchDrained():
            return msgspec.structs.replace(state, drained=True)
        case UnderWay(gone=gone), SwitchEvictionFinished(recipe_id=recipe_id):
            return msgspec.structs.replace(state, gone=gone | {recipe_id})
        case UnderWay(), SwitchCompleted() | SwitchFailed() | SwitchCancelled():
            return Idle()
        case _:
            return state
