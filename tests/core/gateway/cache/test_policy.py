"""Who may share answers: what recipe and caller say."""

import pytest

from core.errors import Invalid
from core.gateway.cache import CachePolicy, policy_of
from core.gateway.cache.policy import is_deterministic, wish_of
from core.recipes.recipe import Recipe
from tests.core.gateway.cache.parts import BOTH, answers, asked


@pytest.mark.parametrize(
    ("fields", "certain"),
    [
        (b'"temperature":0', True),
        (b'"temperature":0.0', True),
        (b'"seed":7', True),
        (b'"seed":7,"temperature":1.5', True),
        (b'"x":0', False),
        (b'"temperature":0.1', False),
        (b'"temperature":null', False),
        (b'"temperature":"0"', False),
        (b'"temperature":false', False),
        (b'"seed":null', False),
        (b'"seed":true', False),
    ],
)
def test_only_a_request_without_a_lot_is_deterministic(fields: bytes, certain: bool) -> None:
    """Greedy, or with a seed."""
    assert is_deterministic(asked(b'{"model":"m",' + fields + b"}")) is certain


def test_nothing_is_drawn_for_embeddings() -> None:
    """Nor for ranks and counts."""
    for path in (b"/v1/embeddings", b"/v1/rerank", b"/v1/messages/count_tokens"):
        assert is_deterministic(asked(b'{"model":"m"}', path=path))


@pytest.mark.parametrize(
    ("headers", "wish"),
    [
        ({}, ""),
        ({b"x-studio-cache": b"off"}, "off"),
        ({b"x-studio-cache": b" Refresh "}, "refresh"),
        ({b"x-studio-cache": b"no-store", b"cache-control": b"no-cache"}, "no-store"),
        ({b"cache-control": b"no-cache"}, "refresh"),
        ({b"cache-control": b"max-age=0, no-store"}, "no-store"),
        ({b"cache-control": b"no-cache, no-store"}, "off"),
        ({b"cache-control": b"max-age=0"}, ""),
    ],
)
def test_a_caller_may_do_without(headers: dict[bytes, bytes], wish: str) -> None:
    """By our header, or by the standard's."""
    assert wish_of(headers) == wish


def test_a_wish_of_no_meaning_is_refused() -> None:
    """Rather than that somebody believes a cache to be off."""
    with pytest.raises(Invalid, match="off, no-store or refresh"):
        wish_of({b"x-studio-cache": b"none"})


def test_a_recipe_that_says_nothing_has_no_policy() -> None:
    """The cache is off unless it is wanted."""
    assert policy_of(Recipe(id="r")) is None
    assert policy_of(Recipe(id="r", cache=True, cache_ttl_s=5)) == CachePolicy(cache=True, ttl_s=5)
    assert policy_of(Recipe(id="r", single_flight=True)) == CachePolicy(single_flight=True)


def test_who_is_none_of_ours() -> None:
    """No policy, no revision, off, a promise for an answer, a lot with single flight alone."""
    lot = asked(b'{"model":"m"}')
    assert answers(None).plan(asked()) is None
    assert answers(BOTH, revision=lambda name: None).plan(asked()) is None
    assert answers(BOTH).plan(asked(headers={b"x-studio-cache": b"off"})) is None
    assert answers(BOTH).plan(asked(b'{"model":"m","seed":1,"background":true}')) is None
    assert answers(CachePolicy(single_flight=True)).plan(lot) is None
    assert answers(BOTH).plan(lot) is not None


def test_keys_share_nothing_unless_the_recipe_says_so() -> None:
    """Not even somebody's key with nobody's."""
    apart, shared = answers(BOTH), answers(CachePolicy(cache=True, shared=True))
    for cache, count in ((apart, 3), (shared, 1)):
        plans = [cache.plan(asked(key_id=key)) for key in (None, "a", "b")]
        assert len({plan.key for plan in plans if plan is not None}) == count
