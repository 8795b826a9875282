"""How far a key is: what it used, what stopped it, and the headers that tell its holder.

The headers are OpenAI's: `x-ratelimit-limit-requests`, `-remaining-requests`, `-reset-requests`,
and the same for tokens; a reset reads as `6m0s`, `8.64s` or `120ms`.
"""

import math

import msgspec

from core.keys.errors import Header
from events.facts.key import KeyLimits


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What counts against a key's limits now."""

    requests: int = 0  # in the last minute
    tokens: int = 0  # the same, with those that are reserved
    parallel: int = 0
    spent_day: float = 0.0
    spent_month: float = 0.0
    requests_reset_s: float = 0.0  # until all of them have left the minute
    tokens_reset_s: float = 0.0


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may not come in."""

    limit: str  # requests | tokens | parallel | budget_day | budget_month
    retry_after: float
    use: Use


def headers_of(limits: KeyLimits, use: Use) -> tuple[Header, ...]:
    """What an answer, or a refusal, carries."""
    return (
        *_told(b"requests", limits.requests_per_minute, use.requests, use.requests_reset_s),
        *_told(b"tokens", limits.tokens_per_minute, use.tokens, use.tokens_reset_s),
    )


def duration(seconds: float) -> str:
    """As OpenAI writes it."""
    if seconds < 1:
        return f"{max(0, math.ceil(seconds * 1000))}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _told(what: bytes, limit: int | None, used: int, reset_s: float) -> tuple[Header, ...]:
    if limit is None:
        return ()
    return (
        (b"x-ratelimit-limit-" + what, str(limit).encode()),
        (b"x-ratelimit-remaining-" + what, str(max(0, limit - used)).encode()),
        (b"x-ratelimit-reset-" + what, duration(reset_s).encode()),
    )
