"""Who may answer for a model, by the key that asks."""

from types import SimpleNamespace
from typing import Any

from core.gateway.standing_in import may_answer
from tests.core.gateway.cache.parts import asked


def answering(*chain: str, permitted: set[str] | None = None) -> tuple[str, ...]:
    """For a request for "m" with this chain, by a key that may ask these; None: no named keys."""
    choices: Any = SimpleNamespace(chain=lambda name: chain or None)
    gate: Any = SimpleNamespace(permits=lambda key_id, name: name in (permitted or ()))
    return may_answer(asked(key_id="k"), choices, None if permitted is None else gate)


def test_a_model_with_nobody_to_stand_in_answers_alone() -> None:
    """With choices and without."""
    assert may_answer(asked(), None, None) == ("m",)
    assert answering() == ("m",)


def test_a_fallback_answers_only_keys_that_may_ask_for_it() -> None:
    """The model itself was demanded before."""
    assert answering("m", "spare") == ("m", "spare")
    assert answering("m", "spare", "other", permitted={"other"}) == ("m", "other")


def test_who_may_ask_for_a_virtual_model_may_use_its_members() -> None:
    """Its name is not among them."""
    assert answering("one", "two", permitted={"m"}) == ("one", "two")
