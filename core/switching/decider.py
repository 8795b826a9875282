"""The rules of the `switching` stream: each change goes from its request to one outcome.

```
          SwitchRequested──► UnderWay ──DrainingStarted──► ──Drained──► ──EvictionFinished…──►
                                │
   (no more)  ◄── Completed | Failed | Cancelled
```

Several changes may be under way at once, as long as no model belongs to two of them. Which change
is begun when is the scheduler's to say (scheduling/plan.py); here stands what can not be broken.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from core.errors import Refused
from core.switching.commands import Change, kind_of
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
    """A wish together with what the scheduler has found for it."""

    switch_id: str
    change: Change
    evict: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


# ---- State --------------------------------------------------------------------------------------


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A change that has begun and has no outcome yet."""

    switch_id: str
    kind: str
    target: str | None
    evict: tuple[str, ...]
    devices: tuple[str, ...] = ()
    force: bool = False
    draining: bool = False
    drained: bool = False
    gone: frozenset[str] = frozenset()

    @property
    def touches(self) -> frozenset[str]:
        """Every model it starts, or evicts and has not evicted yet."""
        evicts = frozenset(self.evict) - self.gone
        return evicts if self.target is None or self.kind == "evict" else evicts | {self.target}


State = Mapping[str, UnderWay]  # by switch id, oldest first
INITIAL: State = MappingProxyType({})


# ---- Decide -------------------------------------------------------------------------------------


def decide(command: BeginChange, state: State) -> Sequence[Fact]:
    """The request as a fact: who must go is written down before anything is touched."""
    begun = UnderWay(
        switch_id=command.switch_id,
        kind=kind_of(command.change),
        target=command.change.target,
        evict=command.evict,
    )
    for other in state.values():
        if other.touches & begun.touches:
            raise Refused(f"a {other.kind} to {other.target} is under way", code="change-under-way")
    return [
        SwitchRequested(
            switch_id=command.switch_id,
            kind=begun.kind,
            target=begun.target,
            evict=command.evict,
            force=command.change.force,
            devices=command.devices,
        )
    ]


# ---- Evolve -------------------------------------------------------------------------------------


def evolve(state: State, fact: Fact) -> State:
    """The state after one more fact; facts that do not belong change nothing."""
    match fact:
        case SwitchRequested():
            return _with(state, _begun(fact))
        case SwitchCompleted() | SwitchFailed() | SwitchCancelled():
            return MappingProxyType({k: v for k, v in state.items() if k != fact.switch_id})
        case SwitchDrainingStarted() | SwitchDrained() | SwitchEvictionFinished():
            change = state.get(fact.switch_id)
            return state if change is None else _with(state, _further(change, fact))
        case _:
            return state


def _begun(fact: SwitchRequested) -> UnderWay:
    return UnderWay(
        switch_id=fact.switch_id,
        kind=fact.kind,
        target=fact.target,
        evict=fact.evict,
        devices=fact.devices,
        force=fact.force,
    )


def _further(
    change: UnderWay, fact: SwitchDrainingStarted | SwitchDrained | SwitchEvictionFinished
) -> UnderWay:
    match fact:
        case SwitchDrainingStarted():
            return msgspec.structs.replace(change, draining=True)
        case SwitchDrained():
            return msgspec.structs.replace(change, drained=True)
        case SwitchEvictionFinished(recipe_id=recipe_id):
            return msgspec.structs.replace(change, gone=change.gone | {recipe_id})


def _with(state: State, change: UnderWay) -> State:
    return MappingProxyType({**state, change.switch_id: change})
