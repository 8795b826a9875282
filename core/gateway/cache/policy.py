"""May this request's answer come from another's? What recipe and caller say about it. Pure."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from core.errors import Invalid
from core.gateway.hooks import Asked
from core.recipes.recipe import Recipe

HEADER = b"x-studio-cache"
Wish = Literal["", "off", "no-store", "refresh"]
_WISHES: dict[bytes, Wish] = {b"off": "off", b"no-store": "no-store", b"refresh": "refresh"}

# Nothing is drawn by lot there.
_CERTAIN = (
    b"/embeddings",
    b"/rerank",
    b"/score",
    b"/classify",
    b"/pooling",
    b"/count_tokens",
    b"/tokenize",
    b"/detokenize",
)


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipe says about its answers."""

    cache: bool = False
    ttl_s: float = 3600.0
    shared: bool = False
    single_flight: bool = False


def policy_of(recipe: Recipe) -> CachePolicy | None:
    """None: every request is the engine's own business."""
    if not recipe.cache and not recipe.single_flight:
        return None
    return CachePolicy(
        cache=recipe.cache,
        ttl_s=recipe.cache_ttl_s,
        shared=recipe.cache_shared,
        single_flight=recipe.single_flight,
    )


def wish_of(headers: Mapping[bytes, bytes]) -> Wish:
    """What the caller wants of the cache. Raises Invalid for an `x-studio-cache` of no meaning.

    off: leave it alone · no-store: do not keep my answer · refresh: ask anew, and keep that
    """
    named = headers.get(HEADER)
    if named is not None:
        wish = _WISHES.get(named.strip().lower())
        if wish is None:
            raise Invalid(
                f"x-studio-cache should be off, no-store or refresh, not {named!r:.40}",
                field="x-studio-cache",
                next_action="Leave it out to use the cache as the recipe says.",
            )
        return wish
    control = headers.get(b"cache-control", b"").lower()
    asks = {part.strip() for part in control.split(b",")} if control else set()
    if b"no-store" in asks:
        return "off" if b"no-cache" in asks else "no-store"
    return "refresh" if b"no-cache" in asks else ""


def is_deterministic(asked: Asked) -> bool:
    """Whether the engine, asked twice, is meant to say the same: greedy, seeded, no lot drawn."""
    if asked.path.endswith(_CERTAIN):
        return True
    temperature, seed = _value(asked, "temperature"), _value(asked, "seed")
    greedy = isinstance(temperature, int | float) and temperature == 0
    return (greedy and temperature is not False) or (
        isinstance(seed, int) and not isinstance(seed, bool)
    )


def is_answered_later(asked: Asked) -> bool:
    """The answer is only a promise (Responses API, `background`): never anybody else's."""
    return _value(asked, "background") is True


def _value(asked: Asked, name: str) -> object:
    raw = (asked.body.fields or {}).get(name)
    if raw is None:
        return None
    try:
        value: object = msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        return None
    return value
