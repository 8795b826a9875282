"""What makes two launches the same, so that a running engine is current or is not."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.engines.fingerprint import PLACED, fingerprint, model_files
from core.engines.flags import NOT_FLAGS
from core.recipes.powers import runs_the_same
from core.recipes.recipe import Lora, Recipe

RECIPE = Recipe(id="q", model="/m/q", context_length=4096)


def with_fields(**changes: Any) -> Recipe:
    """The recipe with other fields."""
    return msgspec.structs.replace(RECIPE, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"notes": "x", "name": "Qwen"},
        {"aliases": ("x",), "unlisted": True},
        {"ttl_s": 5.0, "pinned": True, "preload": True, "priority": 3},
        {"load_timeout_s": 5.0, "stop_grace_s": 1.0, "concurrency": 2},
        {"sleeper_ttl_s": 5.0},
        {"served_name": "q"},
        {"seed": None, "enforce_eager": False, "extra_args": ()},
    ],
)
def test_what_reaches_no_program_leaves_it_current(changes: dict[str, Any]) -> None:
    """Names for people, limits, how long it stays, and what was so anyway."""
    assert fingerprint(with_fields(**changes), "vllm-1") == fingerprint(RECIPE, "vllm-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "/m/r"},
        {"context_length": 8192},
        {"served_name": "other"},
        {"devices": (1,)},
        {"env": {"A": "1"}},
        {"extra_args": ("--x",)},
        {"loras": (Lora(name="l", path="/l"),)},
        {"sleep": "auto"},
        {"seed": 0},
    ],
)
def test_what_reaches_the_program_is_another_launch(changes: dict[str, Any]) -> None:
    """Also a zero."""
    assert fingerprint(with_fields(**changes), "vllm-1") != fingerprint(RECIPE, "vllm-1")


def test_another_runtime_is_another_launch() -> None:
    """Its version is in its id."""
    assert fingerprint(RECIPE, "vllm-1") != fingerprint(RECIPE, "vllm-2")


def test_the_level_of_sleep_is_vllms_to_hear_later_and_sglangs_at_its_launch() -> None:
    """vLLM's flag is the same for both levels."""
    one, two = with_fields(sleep="1"), with_fields(sleep="2")
    assert fingerprint(one, "vllm-1") == fingerprint(two, "vllm-1")
    one, two = (msgspec.structs.replace(r, engine="sglang") for r in (one, two))
    assert fingerprint(one, "sglang-1") != fingerprint(two, "sglang-1")


def test_every_field_that_reaches_the_program_counts() -> None:
    """Two lists say what reaches the program; they must not disagree."""
    for name in set(Recipe.__struct_fields__) & NOT_FLAGS - PLACED - {
        *("id", "served_name", "runtime", "sleep", "health_path"),  # counted another way, or not
    }:
        default = getattr(Recipe(id="q"), name)
        other = {str: "x", bool: True, tuple: ("x",), dict: {"x": 1}}.get(type(default), 7)
        changed = msgspec.structs.replace(RECIPE, **{name: other})
        assert runs_the_same(RECIPE, changed), name


def test_a_model_that_took_anothers_place_is_told_from_it(tmp_path: Path) -> None:
    """By its configuration and the size of its weights; a log file beside them says nothing."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"1234")
    before = model_files(str(tmp_path))
    (tmp_path / "train.log").write_text("x")
    assert model_files(str(tmp_path)) == before
    os.utime(tmp_path / "model.safetensors", (1, 1))
    assert model_files(str(tmp_path)) == before, "a copy of the same weights is the same"
    (tmp_path / "model.safetensors").write_bytes(b"12345")
    larger = model_files(str(tmp_path))
    assert larger != before
    os.utime(tmp_path / "config.json", (1, 1))
    assert model_files(str(tmp_path)) != larger
    assert fingerprint(RECIPE, "v", before) != fingerprint(RECIPE, "v", larger)


@pytest.mark.parametrize(
    "model", ["", "Qwen/Qwen3-8B", "/no/such/model", "~nobody-is-called-so/model"]
)
def test_a_model_without_files_here_has_none(model: str) -> None:
    """A hub's is named by its revision."""
    assert model_files(model) == ()
