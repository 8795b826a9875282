"""What a launch would be, shown before it is one: true to the launch, and without a secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.engines.launch_spec import HIDDEN, LaunchSpec
from core.engines.launches import build
from core.engines.sketch import Sketch, masked, not_installed, sketch, variable_changes
from core.engines.spelled import described_fields
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Settings

SETTINGS = Settings(home=Path("/home/someone"))
HOST = {"PATH": "/bin", "HF_TOKEN": "of-this-machine", "HTTPS_PROXY": "http://u:pw@proxy"}
TOKEN = "hf_abcdefghijklmnopqrstuvwxyzabcdefghijkl"


def build_it(
    recipe: Recipe, runtime: Runtime | None, port: int, key: str, env: Mapping[str, str]
) -> LaunchSpec:
    """The builders that launch."""
    return build(recipe, runtime=runtime, port=port, api_key=key, settings=SETTINGS, env=env)


def sketched(kind: str, **fields: Any) -> Sketch:
    """With no runtime installed."""
    recipe = Recipe(id="r", **fields)
    runtime = not_installed(kind, SETTINGS) if kind != "command" else None
    return sketch(masked(recipe), runtime, host=HOST, build=build_it)


@pytest.mark.parametrize("kind", ["vllm", "sglang", "transformers"])
def test_it_is_what_the_launch_would_be_but_for_port_and_secrets(kind: str) -> None:
    """The same words in the same order."""
    recipe = Recipe(id="r", engine=kind, model="org/m", dtype="auto", extra_args=("--x",))  # type: ignore[arg-type]
    runtime = not_installed(kind, SETTINGS)
    real = build_it(recipe, runtime, 8123, "the-key", HOST)
    shown = sketch(masked(recipe), runtime, host=HOST, build=build_it)
    expected = [w.replace("the-key", HIDDEN).replace("8123", "{port}") for w in real.argv]
    assert list(shown.spec.argv) == expected
    assert "{port}" in expected


def test_a_command_keeps_its_own_placeholders() -> None:
    """The port stands where its owner put it, also inside of a word."""
    shown = sketched("command", engine="command", command=("p", "--at=127.0.0.1:{port}", "{key}"))
    assert shown.spec.argv == ("p", "--at=127.0.0.1:{port}", HIDDEN)
    assert shown.runtime is None


def test_no_secret_of_the_recipe_or_the_machine_is_in_it() -> None:
    """Not as it is typed, not as it is kept, and nothing of what the machine hands down."""
    shown = sketched(
        "vllm",
        model="org/m",
        env={"HF_TOKEN": TOKEN, "MY_PASSWORD": "@secret:recipe.r.MY_PASSWORD.1", "OMP_NUM": "4"},
    )
    everything = f"{shown.text} {shown.variables} {shown.spec}"
    for secret in (TOKEN, "@secret", "of-this-machine", "pw@"):
        assert secret not in everything
    assert shown.variables["HF_TOKEN"] == (HIDDEN, "recipe")
    assert shown.variables["OMP_NUM"] == ("4", "recipe")
    assert shown.variables["VLLM_API_KEY"] == (HIDDEN, "studio")
    assert "HTTPS_PROXY" in shown.passed


def test_variables_are_compared_by_name() -> None:
    """Those of the recipe stand first."""
    before = sketched("vllm", model="org/m", env={"X_A": "1", "X_B": "1"})
    after = sketched("vllm", model="org/m", env={"X_B": "2", "X_C": "1"})
    told = [(o.change, o.name, o.before) for o in variable_changes(before, after)]
    changed = [one for one in told if one[0] != "same"]
    assert changed == [
        *[("removed", "X_A", ""), ("changed", "X_B", "1"), ("added", "X_C", "")],
    ]
    assert variable_changes(None, after)[0].source == "recipe"


def test_a_field_knows_what_it_becomes() -> None:
    """Found out from the launches, so that a search for a flag leads to its field."""
    flags = {field.name: field.flags for field in described_fields()}
    assert flags["context_length"] == {
        "vllm": ("--max-model-len",),
        "sglang": ("--context-length",),
    }
    assert flags["kv_cache_gib"]["vllm"] == ("--kv-cache-memory-bytes", "VLLM_CPU_KVCACHE_SPACE")
    assert flags["devices"]["command"] == ("CUDA_VISIBLE_DEVICES",)
    assert flags["nodes"]["sglang"] == ("--nnodes",)
    assert flags["notes"] == {}
