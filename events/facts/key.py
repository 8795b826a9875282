"""Facts about keys. Stream: `key-<key_id>`. The secret itself never comes here, only its hash."""

import msgspec

from events.facts.base import Fact

LIMIT_WORDS = {
    "requests": "requests a minute",
    "tokens": "tokens a minute",
    "parallel": "requests at once",
    "budget_day": "spent in a day",
    "budget_month": "spent in a month",
}


class KeyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may do, and how much of it. Without a word about it there is no limit."""

    scopes: tuple[str, ...] = ("inference",)  # inference | manage | audit
    models: tuple[str, ...] = ()  # by any name of theirs; none: every model
    lanes: tuple[str, ...] = ()  # gateway | direct; none: both
    preferred_lane: str | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    parallel: int | None = None  # requests at once
    budget_day: float | None = None  # in the user's currency, from 00:00 UTC
    budget_month: float | None = None


class KeyIssued(Fact, frozen=True, kw_only=True, tag="key-issued"):
    """The key {name} was issued as {key_id}."""

    key_id: str
    name: str
    prefix: str  # the secret's first letters, by which a person knows it again
    digest: str  # SHA-256 of the secret, in hex
    expires_at: int | None = None  # µs since the epoch; None: it does not expire


class KeyLimitsSet(Fact, frozen=True, kw_only=True, tag="key-limits-set"):
    """The key {name} has new limits: {in_words}."""

    key_id: str
    name: str
    limits: KeyLimits  # all of them, also those that stayed

    @property
    def in_words(self) -> str:
        """The limits on one line."""
        free = KeyLimits()
        told = [
            f"{name} {_plain(getattr(self.limits, name))}"
            for name in self.limits.__struct_fields__
            if getattr(self.limits, name) != getattr(free, name)
        ]
        return ", ".join(told) or "none"


class KeyLimitReached(Fact, frozen=True, kw_only=True, tag="key-limit-reached"):
    """The key {name} reached its limit of {allowed:g} {words}."""

    key_id: str
    name: str
    limit: str  # requests | tokens | parallel | budget_day | budget_month
    allowed: float

    @property
    def words(self) -> str:
        """What there are so many of."""
        return LIMIT_WORDS.get(self.limit, self.limit)


class KeyRevoked(Fact, frozen=True, kw_only=True, tag="key-revoked"):
    """The key {name} was revoked."""

    key_id: str
    name: str


class KeyReinstated(Fact, frozen=True, kw_only=True, tag="key-reinstated"):
    """The key {name} opens the door again, as it did before it was revoked."""

    key_id: str
    name: str


def _plain(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)
