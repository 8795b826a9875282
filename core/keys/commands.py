"""What may be asked of the keys. Time, ids and the secret's hash are made by whoever asks."""

import msgspec


class IssueKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let in whoever holds a secret with this hash."""

    key_id: str
    name: str
    prefix: str
    digest: str
    now: int  # µs since the epoch
    expires_at: int | None = None
    taken_names: frozenset[str] = frozenset()  # of keys that nobody revoked


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True):
    """Let its holder in no more."""

    key_id: str


KeyCommand = IssueKey | RevokeKey
