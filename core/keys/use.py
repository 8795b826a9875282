"""How far a key is: what it used, what stopped it, and the headers that tell its holder.

The headers are OpenAI's: `x-ratelimit-limit-requests`, `-remaining-requests`, `-reset-requests`,
and the same for tokens; a reset reads as `6m0s`, `8.64s` or `120ms`.
"""

from functools import lru_cache

import msgspec

from core.keys.errors import Header
from core.keys.window import Window
from events.facts.key import KeyLimits

REQUESTS = (
    b"x-ratelimit-limit-requests",
    b"x-ratelimit-remaining-requests",
    b"x-ratelimit-reset-requests",
)
TOKENS = (
    b"x-ratelimit-limit-tokens",
    b"x-ratelimit-remaining-tokens",
    b"x-ratelimit-reset-tokens",
)


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
    return _headers(limits, use.requests, use.tokens, use.requests_reset_s, use.tokens_reset_s)


def headers_with(limits: KeyLimits, window: Window, now: float) -> tuple[Header, ...]:
    """The same, as a key's window is now."""
    requests, tokens = window.resets_at()
    return _headers(limits, window.requests, window.tokens, requests - now, tokens - now)


def _headers(
    limits: KeyLimits, requests: int, tokens: int, requests_reset_s: float, tokens_reset_s: float
) -> tuple[Header, ...]:
    told: tuple[Header, ...] = ()
    reset, at = b"", None
    most = limits.requests_per_minute
    if most is not None:
        at = requests_reset_s
        reset = _written(round(at * 1000) if at > 0 else 0)
        told = _told(REQUESTS, most, most - requests, reset)
    most = limits.tokens_per_minute
    if most is not None:
        if tokens_reset_s != at:  # mostly the same moment
            at = tokens_reset_s
            reset = _written(round(at * 1000) if at > 0 else 0)
        told += _told(TOKENS, most, most - tokens, reset)
    return told


def duration(seconds: float) -> str:
    """As OpenAI writes it."""
    return _written(round(seconds * 1000) if seconds > 0 else 0).decode()


@lru_cache(1024)  # who comes within the same millisecond is told the same
def _written(ms: int) -> bytes:
    if ms < 1000:
        return b"%dms" % ms
    if ms < 60_000:
        return b"%gs" % (ms / 1000)
    minutes, ms = divmod(ms, 60_000)
    if minutes < 60:
        return b"%dm%gs" % (minutes, ms / 1000)
    return b"%dh%dm%gs" % (minutes // 60, minutes % 60, ms / 1000)


def _told(
    names: tuple[bytes, bytes, bytes], most: int, left: int, reset: bytes
) -> tuple[Header, ...]:
    limit, remaining, resets = names
    told = b"%d" % left if left > 0 else b"0"
    return _named(limit, most), (remaining, told), (resets, reset)


@lru_cache(256)
def _named(limit: bytes, most: int) -> Header:
    return limit, b"%d" % most
