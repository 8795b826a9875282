"""What tokens and energy cost: the one place where money is computed."""

from core.recipes.recipe import Price

MILLION = 1_000_000
JOULES_PER_KWH = 3_600_000


def cost_at(
    price: Price | None, prompt: int | None, completion: int | None, cached: int | None = None
) -> float | None:
    """What these tokens cost in the user's currency; None without a price or without counts.

    `cached` is a part of `prompt` and is paid at its own price where the recipe names one.
    """
    if price is None or (prompt is None and completion is None):
        return None
    prompt = prompt or 0
    reused = min(cached or 0, prompt)
    at_reused = price.cached_input_per_million
    if at_reused is None:
        at_reused = price.input_per_million
    paid = (
        (prompt - reused) * price.input_per_million
        + reused * at_reused
        + (completion or 0) * price.output_per_million
    )
    return paid / MILLION


def energy_cost_at(price_per_kwh: float, joules: float | None) -> float | None:
    """What that much energy costs; None when the price (0) or the energy is not known."""
    if joules is None or not price_per_kwh:
        return None
    return joules / JOULES_PER_KWH * price_per_kwh
