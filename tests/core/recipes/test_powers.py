"""What runs code of somebody's choosing is for the machine's owner to save."""

from typing import Any

import pytest

from core.recipes.powers import only_for_owner, runs_the_same
from core.recipes.recipe import Recipe


@pytest.mark.parametrize(
    "fields",
    [
        {"engine": "command", "command": ("x",)},
        {"trust_remote_code": True},
        {"sleep": "auto"},
        {"extra_args": ("--trust-remote-code",)},
        {"extra_args": ("--middleware", "mine.Middleware")},
        {"nodes": 2},
        {"node_address": "elsewhere:6379"},
        {"env": {"LD_PRELOAD": "/tmp/x.so"}},
        {"env": {"OMP_NUM_THREADS": "4", "PYTHONPATH": "/tmp"}},
        {"env": {"https_proxy": "http://elsewhere"}},
        {"env": {"VLLM_LOGGING_CONFIG_PATH": "/tmp/x.json"}},
    ],
)
def test_a_way_around_the_fields_needs_the_owner(fields: dict[str, Any]) -> None:
    """A command, code from the model, any extra argument, and variables that are not known."""
    assert only_for_owner(Recipe(id="a", model="m", **fields)) is not None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tensor_parallel": 2, "quantization": "awq", "reasoning_parser": "qwen3"},
        {"env": {"OMP_NUM_THREADS": "4", "HF_TOKEN": "@secret:recipe.a.HF_TOKEN.1"}},
    ],
)
def test_the_fields_are_for_everybody(fields: dict[str, Any]) -> None:
    """Ordinary recipes can be saved by whoever reaches the port."""
    assert only_for_owner(Recipe(id="a", model="m", **fields)) is None


def test_running_the_same_is_about_the_program_only() -> None:
    """Names for people, limits and prices do not reach it; everything else does."""
    one = Recipe(id="a", model="m")
    assert runs_the_same(one, Recipe(id="a", model="m", notes="x", pinned=True, ttl_s=3))
    assert not runs_the_same(one, Recipe(id="a", model="n"))
    assert not runs_the_same(one, Recipe(id="a", model="m", served_name="x"))
    assert not runs_the_same(one, Recipe(id="a", model="m", env={"A": "1"}))
