"""The KV cache of real models, in numbers computed by hand."""

from typing import Any

import pytest

from core.fit.architecture import Architecture, read_architecture
from core.fit.kv_cache import request_bytes, token_bytes
from core.fit.plan import Gpu, Plan, make_plan
from core.recipes.recipe import Recipe
from tests.core.fit.models import (
    BAMBA_9B,
    DEEPSEEK_V2_LITE,
    GEMMA_3_27B,
    LLAMA_3_8B,
    MISTRAL_7B,
    MIXTRAL_8X7B,
    QWEN3_32B,
    QWEN3_NEXT_80B,
    Config,
)

RTX = Gpu(total=24 * 1024**3, name="NVIDIA GeForce RTX 4090")


def shape(config: Config) -> Architecture:
    """The configuration as one shape."""
    found = read_architecture(config)
    assert found is not None
    return found


def plan(config: Config, **fields: Any) -> Plan:
    """What vLLM makes of a recipe for it on one kind of GPU."""
    recipe = Recipe(id="m", model="/m", **fields)
    return make_plan(recipe, "vllm", shape(config), RTX)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (LLAMA_3_8B, 2 * 8 * 128 * 32 * 2),  # K and V, 8 heads of 128, 32 layers, 2 bytes
        (QWEN3_32B, 2 * 8 * 128 * 64 * 2),
        (MIXTRAL_8X7B, 2 * 8 * 128 * 32 * 2),
        (DEEPSEEK_V2_LITE, (512 + 64) * 27 * 2),  # one latent vector, no keys and values
        (BAMBA_9B, 2 * 8 * 128 * 3 * 2),  # three of 32 layers attend
        (QWEN3_NEXT_80B, 2 * 2 * 256 * 12 * 2),  # every fourth of 48
        (GEMMA_3_27B, 2 * 16 * 128 * 10 * 2),  # 10 of 62 look at everything
    ],
)
def test_one_more_token(config: Config, expected: int) -> None:
    """What every layer that remembers everything keeps of it."""
    assert token_bytes(shape(config), plan(config)) == expected


def test_a_request_of_the_whole_context() -> None:
    """Llama 3 8B: 8192 tokens are exactly one GiB."""
    assert request_bytes(shape(LLAMA_3_8B), plan(LLAMA_3_8B)) == [1024**3]


def test_a_request_is_rounded_up_to_blocks() -> None:
    """vLLM hands out the cache in blocks of 16 tokens."""
    found = request_bytes(shape(LLAMA_3_8B), plan(LLAMA_3_8B, context_length=1001))
    assert found == [1008 * 131072]


def test_a_sliding_window_bounds_the_cache() -> None:
    """Mistral: 4095 tokens of the window, 2048 on their way, and one block for the edge."""
    found = request_bytes(shape(MISTRAL_7B), plan(MISTRAL_7B))
    assert found == [(6144 + 16) * 131072]


def test_five_of_six_layers_of_gemma_see_a_window_only() -> None:
    """10 layers keep 131072 tokens, 52 keep 1023 + 2048 and a block."""
    layer = 2 * 16 * 128 * 2
    found = request_bytes(shape(GEMMA_3_27B), plan(GEMMA_3_27B))
    assert found == [10 * 131072 * layer + 52 * (3072 + 16) * layer]


def test_a_state_does_not_grow() -> None:
    """Bamba: 29 states of a convolution's 3 inputs and 128 × 64 × 128 numbers, beside 3 caches."""
    state = (8192 + 2 * 128) * 3 + 8192 * 128
    short = request_bytes(shape(BAMBA_9B), plan(BAMBA_9B, context_length=1024))[0]
    long = request_bytes(shape(BAMBA_9B), plan(BAMBA_9B, context_length=2048))[0]
    assert long - short == 1024 * 2 * 8 * 128 * 3 * 2
    assert short == 1024 * 2 * 8 * 128 * 3 * 2 + 29 * state * 2


def test_linear_attention_has_a_matrix_for_each_head() -> None:
    """Qwen3-Next: 36 layers with 32 matrices of 128 × 128 and the convolution over K, K and V."""
    assert shape(QWEN3_NEXT_80B).state == (2 * 2048 + 4096) * 3 + 4096 * 128


def test_heads_are_split_over_gpus_until_there_is_one_each() -> None:
    """Eight heads on sixteen GPUs: each GPU still holds a whole one."""
    whole = request_bytes(shape(LLAMA_3_8B), plan(LLAMA_3_8B))[0]
    for tensor, part in ((2, 2), (4, 4), (8, 8), (16, 8)):
        split = request_bytes(shape(LLAMA_3_8B), plan(LLAMA_3_8B, tensor_parallel=tensor))[0]
        assert split == whole // part


def test_the_latent_vector_is_the_same_on_every_gpu() -> None:
    """MLA has nothing to split."""
    alone = request_bytes(shape(DEEPSEEK_V2_LITE), plan(DEEPSEEK_V2_LITE))
    split = request_bytes(shape(DEEPSEEK_V2_LITE), plan(DEEPSEEK_V2_LITE, tensor_parallel=8))
    assert alone == split == [163840 * 31104]


def test_a_pipeline_gives_each_stage_its_layers() -> None:
    """27 layers over two stages: the extra one goes to the first."""
    found = request_bytes(shape(DEEPSEEK_V2_LITE), plan(DEEPSEEK_V2_LITE, pipeline_parallel=2))
    assert found == [163840 * 1152 * 14, 163840 * 1152 * 13]


def test_fp8_halves_the_cache() -> None:
    """And nothing else changes it."""
    whole = request_bytes(shape(QWEN3_32B), plan(QWEN3_32B))[0]
    assert request_bytes(shape(QWEN3_32B), plan(QWEN3_32B, kv_cache_dtype="fp8"))[0] * 2 == whole
    assert request_bytes(shape(QWEN3_32B), plan(QWEN3_32B, dtype="float32"))[0] == 2 * whole


def test_an_unused_window_is_none() -> None:
    """Qwen2 and 3 name a window and say that they do not use it."""
    config = {**QWEN3_32B, "sliding_window": 4096}
    assert {layer.kind for layer in shape(config).layers} == {"full"}


@pytest.mark.parametrize(
    ("extra", "full"),
    [
        ({"layer_types": ["sliding_attention", "full_attention"] * 16}, 16),
        ({"layer_types": ["chunked_attention"] * 32, "attention_chunk_size": 8192}, 0),
        ({"sliding_window_pattern": "LLLG", "sliding_window": 4096}, 8),
        ({"hybrid_override_pattern": "M-M*" * 8}, 8),
        ({"attn_layer_period": 8, "attn_layer_offset": 4}, 4),
        ({"model_type": "gemma2", "sliding_window": 4096}, 16),
        ({"num_kv_shared_layers": 12, "sliding_window": None}, 20),
    ],
)
def test_the_ways_in_which_layers_are_told_apart(extra: Config, full: int) -> None:
    """Every family has its own; how many layers keep everything is what they come to."""
    layers = shape({**MISTRAL_7B, "sliding_window": 4096, **extra}).layers
    assert sum(layer.kind == "full" for layer in layers) == full


def test_an_older_name_is_understood() -> None:
    """GPT-2, Falcon and ChatGLM call the same things otherwise."""
    gpt2 = shape({"n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024})
    assert (len(gpt2.layers), gpt2.context, gpt2.layers[0].kv_heads) == (12, 1024, 12)
    falcon = shape(
        {"num_hidden_layers": 32, "hidden_size": 4544, "num_attention_heads": 71}
        | {"multi_query": True}
    )
    assert falcon.layers[0].kv_heads == 1


def test_what_is_no_language_model_has_no_shape() -> None:
    """Nothing is guessed."""
    assert read_architecture({}) is None
    assert read_architecture({"hidden_size": 8}) is None
    assert read_architecture({"hidden_size": "8", "num_hidden_layers": True}) is None


@pytest.mark.parametrize(
    ("rope", "expected"),
    [
        (None, 8192),
        ({"rope_type": "llama3", "factor": 8.0}, 8192),
        ({"rope_type": "yarn", "factor": 4.0}, 8192),
        ({"rope_type": "dynamic", "factor": 2.0}, 16384),
        ({"type": "linear", "factor": 4}, 32768),
    ],
)
def test_the_context_that_a_model_was_made_for(rope: Config | None, expected: int) -> None:
    """Some configurations name the stretched length, some the one before."""
    assert shape({**LLAMA_3_8B, "rope_scaling": rope}).context == expected
