"""What may happen to a preset. Pure: facts in, facts out.

    Absent ── saved ──► Saved ◄──┐ saved anew
                          │ └────┘
                          └── removed ──► Removed, for ever: its key is destroyed

One that is wanted back is saved as another, with a key of its own.
"""

from typing import assert_never

import msgspec

from core.errors import NotFound, Refused
from events.facts import PresetRemoved, PresetSaved
from events.facts.base import Fact

# Commands


class SavePreset(msgspec.Struct, frozen=True, kw_only=True):
    """Keep it as this ciphertext says."""

    preset_id: str
    sealed: bytes


class RemovePreset(msgspec.Struct, frozen=True, kw_only=True):
    """Keep it no more."""

    preset_id: str


PresetCommand = SavePreset | RemovePreset

# State


class Absent(msgspec.Struct, frozen=True):
    """Nobody saved it."""


class Saved(msgspec.Struct, frozen=True):
    """It can be used."""


class Removed(msgspec.Struct, frozen=True):
    """Nobody can read it any more."""


State = Absent | Saved | Removed
initial: State = Absent()

# Decide


def decide(command: PresetCommand, state: State) -> list[Fact]:
    """The facts that follow from the wish, or a refusal."""
    match command:
        case SavePreset(preset_id=which, sealed=sealed):
            if isinstance(state, Removed):
                raise Refused(
                    "this preset was removed meanwhile",
                    code="preset-removed",
                    next_action="save it under a name again",
                )
            return [PresetSaved(preset_id=which, sealed=sealed)]
        case RemovePreset(preset_id=which):
            if isinstance(state, Absent):
                raise NotFound("there is no such preset", code="preset-not-found")
            return [PresetRemoved(preset_id=which)] if isinstance(state, Saved) else []
        case _:
            assert_never(command)


# Evolve


def evolve(state: State, fact: Fact) -> State:
    """The state after the fact. What is not about a preset changes nothing."""
    match fact:
        case PresetSaved():
            return Saved()
        case PresetRemoved():
            return Removed()
        case _:
            return state
