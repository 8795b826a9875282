"""A short bad night in every run of the tests; `make chaos` is the long one."""

import pytest

from tests.chaos.__main__ import told
from tests.chaos.night import night

SEED = 20_261_123


@pytest.mark.real
@pytest.mark.timeout(420)
def test_after_a_bad_minute_the_books_balance(litellm_runtime: None) -> None:
    """Everything goes wrong at least once, and no invariant is broken."""
    result = night(SEED, 50)
    assert not result.wrong, told(result)
    assert {client.ending for client in result.history.clients} >= {"answered", "refused"}
