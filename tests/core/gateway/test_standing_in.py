"""Who may answer for a model, by the key that asks."""

from types import SimpleNamespace
from typing import Any

import pytest

from core.gateway.errors import UnknownPath
from core.gateway.standing_in import able, may_answer
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


def test_a_path_that_litellm_has_not_is_asked_only_of_engines_that_speak_it() -> None:
    """What is not known beforehand, such as a model elsewhere, is found out on the way."""
    kinds: Any = {"m": "transformers", "v": "vllm", "x": None}
    score = asked(path=b"/v1/score")
    assert able(("m", "v", "x"), score, kinds.get) == ("v", "x")
    with pytest.raises(UnknownPath, match="/v1/score of m"):
        able(("m",), score, kinds.get)
