"""What may be asked of the keys. Time, ids and the secret's hash are made by whoever asks."""

import msgspec

from events.facts.key import KeyLimits


class IssueKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let in whoever holds a secret with this hash."""

    key_id: str
    name: str
    prefix: str
    digest: str
    now: int  # µs since the epoch
    expires_at: int | None = None
    limits: KeyLimits = KeyLimits()
    taken_names: frozenset[str] = frozenset()  # of keys that nobody revoked


class SetLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Let its holder do this much from now on: all limits, not only those that change."""

    key_id: str
    limits: KeyLimits


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let its holder in no more."""

    key_id: str


class ReinstateKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let its holder in again, as before it was revoked."""

    key_id: str
    taken_names: frozenset[str] = frozenset()


KeyCommand = IssueKey | SetLimits | RevokeKey | ReinstateKey
