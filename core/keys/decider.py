"""Which keys may be issued, limited, revoked and reinstated. Pure: facts in, facts out.

    Absent ── issued ──► InForce ── revoked ──► Revoked
                          │   ▲                   │
               new limits └───┘◄── reinstated ────┘

That a key expires is no fact: it stands in the one that issued it.
"""

from typing import assert_never

import msgspec

from core.errors import Invalid, NotFound, Refused
from core.keys.commands import IssueKey, KeyCommand, ReinstateKey, RevokeKey, SetLimits
from core.keys.limits import demand_sensible
from events.facts import KeyIssued, KeyLimitsSet, KeyReinstated, KeyRevoked
from events.facts.base import Fact
from events.facts.key import KeyLimits

LONGEST_NAME = 100

# State


class Absent(msgspec.Struct, frozen=True):
    """No key of this id was ever issued."""


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """It opens the door until it expires."""

    name: str
    limits: KeyLimits = KeyLimits()


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """It opens nothing, unless it is reinstated; then it may what it might before."""

    name: str
    limits: KeyLimits = KeyLimits()


State = Absent | InForce | Revoked
initial: State = Absent()


# Decide


def decide(command: KeyCommand, state: State) -> list[Fact]:
    """The facts that follow from the wish, or a refusal."""
    match command:
        case IssueKey():
            return _issue(command, state)
        case SetLimits():
            return _set_limits(command, state)
        case RevokeKey():
            return _revoke(command, state)
        case ReinstateKey():
            return _reinstate(command, state)
        case _:
            assert_never(command)


def _issue(command: IssueKey, state: State) -> list[Fact]:
    if not isinstance(state, Absent):
        raise Refused(f"the key {command.key_id} was issued already", code="key-exists")
    _demand_name(command)
    if command.expires_at is not None and command.expires_at <= command.now:
        raise Invalid("a key can not expire before it is issued", field="expires_at")
    demand_sensible(command.limits)
    issued = KeyIssued(
        key_id=command.key_id,
        name=command.name,
        prefix=command.prefix,
        digest=command.digest,
        expires_at=command.expires_at,
    )
    if command.limits == KeyLimits():
        return [issued]
    return [issued, _limits_set(command.key_id, command.name, command.limits)]


def _demand_name(command: IssueKey) -> None:
    name = command.name
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or not _one_line(name):
        raise Invalid(
            f"a key's name is one line of 1 to {LONGEST_NAME} characters, without spaces around it",
            field="name",
        )
    if name in command.taken_names:
        raise _name_taken(name, "choose another name, or revoke that key first")


def _name_taken(name: str, next_action: str) -> Refused:
    return Refused(
        f"there is a key {name!r} already", code="key-name-taken", next_action=next_action
    )


def _one_line(name: str) -> bool:
    return name.isprintable()


def _set_limits(command: SetLimits, state: State) -> list[Fact]:
    match state:
        case Absent():
            raise _not_found(command.key_id)
        case Revoked(name=name):
            raise Refused(f"the key {name!r} was revoked: it has no limits", code="key-revoked")
        case InForce(name=name, limits=limits):
            demand_sensible(command.limits)
            same = command.limits == limits
            return [] if same else [_limits_set(command.key_id, name, command.limits)]
        case _:
            assert_never(state)


def _limits_set(key_id: str, name: str, limits: KeyLimits) -> Fact:
    return KeyLimitsSet(key_id=key_id, name=name, limits=limits)


def _not_found(key_id: str) -> NotFound:
    return NotFound(
        f"there is no key {key_id!r}",
        code="key_not_found",
        next_action="`vllm-studio keys list` shows the keys there are",
    )


def _revoke(command: RevokeKey, state: State) -> list[Fact]:
    match state:
        case Absent():
            raise _not_found(command.key_id)
        case InForce(name=name):
            return [KeyRevoked(key_id=command.key_id, name=name)]
        case Revoked():
            return []
        case _:
            assert_never(state)


def _reinstate(command: ReinstateKey, state: State) -> list[Fact]:
    match state:
        case Absent():
            raise _not_found(command.key_id)
        case InForce():
            return []
        case Revoked(name=name):
            if name in command.taken_names:
                raise _name_taken(name, "revoke that key first")
            return [KeyReinstated(key_id=command.key_id, name=name)]
        case _:
            assert_never(state)


# Evolve


def evolve(state: State, fact: Fact) -> State:
    """The state after the fact. What is not about a key changes nothing."""
    match fact:
        case KeyIssued(name=name):
            return InForce(name=name)
        case KeyLimitsSet(limits=limits) if isinstance(state, InForce):
            return InForce(name=state.name, limits=limits)
        case KeyRevoked() if isinstance(state, InForce):
            return Revoked(name=state.name, limits=state.limits)
        case KeyReinstated() if isinstance(state, Revoked):
            return InForce(name=state.name, limits=state.limits)
        case _:
            return state
