"""Money is computed by one rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recipes.recipe import Price
from core.usage.cost import cost_at, energy_cost_at

PRICE = Price(input_per_million=3.0, output_per_million=15.0)
CACHED = Price(input_per_million=3.0, output_per_million=15.0, cached_input_per_million=0.3)


@pytest.mark.parametrize(
    ("price", "prompt", "completion", "cached", "cost"),
    [
        (None, 1_000_000, 1_000_000, None, None),
        (PRICE, None, None, None, None),
        (PRICE, 1_000_000, 1_000_000, None, 18.0),
        (PRICE, 1_000_000, None, None, 3.0),  # an embedding
        (PRICE, 1_000_000, 0, 500_000, 3.0),
        (CACHED, 1_000_000, 0, 500_000, 1.65),
        (CACHED, 1_000_000, 0, 2_000_000, 0.3),  # more than there was can not be cached
        (Price(), 5, 5, None, 0.0),
    ],
)
def test_tokens_cost_what_the_recipe_says(
    price: Price | None,
    prompt: int | None,
    completion: int | None,
    cached: int | None,
    cost: float | None,
) -> None:
    """The cached part at its own price, and nothing is made up."""
    told = cost_at(price, prompt, completion, cached)
    assert told == (None if cost is None else pytest.approx(cost))


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_cached_prompt_is_never_dearer(prompt: int, completion: int, cached: int) -> None:
    """When its price is lower."""
    plain = cost_at(CACHED, prompt, completion)
    reused = cost_at(CACHED, prompt, completion, cached)
    assert plain is not None
    assert reused is not None
    assert 0 <= reused <= plain + 1e-9


def test_energy_costs_what_the_electricity_does() -> None:
    """A kilowatt-hour is 3.6 MJ; without a price or a reading nothing is told."""
    assert energy_cost_at(0.3, 3_600_000) == pytest.approx(0.3)
    assert energy_cost_at(0.0, 3_600_000) is None
    assert energy_cost_at(0.3, None) is None
