"""Facts about keys. Stream: `key-<key_id>`. The secret itself never comes here, only its hash."""

from events.facts.base import Fact


class KeyIssued(Fact, frozen=True, kw_only=True, tag="key-issued"):
    """The key {name} was issued as {key_id}."""

    key_id: str
    name: str
    prefix: str  # the secret's first letters, by which a person knows it again
    digest: str  # SHA-256 of the secret, in hex
    expires_at: int | None = None  # µs since the epoch; None: it does not expire


class KeyRevoked(Fact, frozen=True, kw_only=True, tag="key-revoked"):
    """The key {name} was revoked."""

    key_id: str
    name: str
