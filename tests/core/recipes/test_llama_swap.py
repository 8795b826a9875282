"""The models of a llama-swap configuration become command recipes."""

import pytest

from core.errors import Invalid
from core.recipes.exchange import load
from core.recipes.recipe import Recipe

CONFIG = """
healthCheckTimeout: 90
models:
  "Llama 3.1/8B":
    cmd: |
      # the small one
      llama-server --port ${PORT} \\
        --model '/models/my llama.gguf'
    aliases: [gpt-4o-mini]
    checkEndpoint: /healthz
    ttl: 300
    env: ["CUDA_LAUNCH_BLOCKING=1"]
  second:
    cmd: server ${PORT}
    ttl: -1
    checkEndpoint: none
"""


def test_each_cmd_becomes_a_recipe_that_answers_to_the_same_name() -> None:
    """Clients need not be changed: the old name stays the served name."""
    first, second = load(CONFIG, "yaml")
    assert first == Recipe(
        id="llama-3.1-8b",
        name="Llama 3.1/8B",
        engine="command",
        command=("llama-server", "--port", "{port}", "--model", "/models/my llama.gguf"),
        served_name="Llama 3.1/8B",
        aliases=("gpt-4o-mini",),
        health_path="/healthz",
        ttl_s=300,
        env={"CUDA_LAUNCH_BLOCKING": "1"},
    )
    assert second == Recipe(
        id="second", name="second", engine="command", command=("server", "{port}")
    )


def test_filters_are_taken_over() -> None:
    """Parameters to strip and to set, and the name upstream; the model is not for stripping."""
    filters = "{stripParams: 'temperature, top_p, model', setParams: {top_k: 20}}"
    (recipe,) = load(f"models: {{m: {{cmd: x, useModelName: real, filters: {filters}}}}}", "yaml")
    assert recipe.use_model_name == "real"
    assert recipe.strip_params == ("temperature", "top_p")
    assert recipe.set_params == {"top_k": 20}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("{cmd: 'x ${llama-bin}'}", "macro"),
        ('{cmd: "x \'y"}', "quotation"),
        ("{cmd: 3}", "text"),
        ("{cmd: x, env: {A: b}}", "NAME=value"),
        ("{cmd: x, filters: 3}", "table"),
    ],
)
def test_what_can_not_be_taken_over_is_named(model: str, words: str) -> None:
    """Nothing is guessed: the error names the model and the part of it."""
    with pytest.raises(Invalid, match=words) as error:
        load(f"models: {{m: {model}}}", "yaml")
    assert "models.m" in error.value.message
