"""The weights of real models, split by hand."""

from math import prod
from typing import Any

from core.fit.plan import Gpu, Plan, make_plan
from core.fit.weights import layers_of_stages, stage_weights
from core.recipes.recipe import Recipe, Speculative
from tests.core.fit.models import (
    DEEPSEEK_V2_LITE,
    LLAMA_3_8B,
    MIXTRAL_8X7B,
    QWEN3_32B,
    Config,
    Shapes,
    dense,
    files,
    mixtral,
)

RTX = Gpu(total=24 * 1024**3)


def split(config: Config, shapes: Shapes | None = None, dtype: str = "BF16", **fields: Any) -> Any:
    """Bytes on one GPU of each stage."""
    model = files(config, shapes, dtype)
    return stage_weights(model.tensors, model.architecture, plan(config, **fields))


def plan(config: Config, engine: str = "vllm", **fields: Any) -> Plan:
    """What an engine makes of a recipe."""
    recipe = Recipe(id="m", model="/m", **fields)
    return make_plan(recipe, engine, files(config).architecture, RTX)  # type: ignore[arg-type]


def parameters(shapes: Shapes) -> int:
    """Numbers in the model."""
    return sum(prod(shape) for shape in shapes.values())


def test_a_whole_model_on_one_gpu() -> None:
    """Llama 3 8B has 8,030,261,248 parameters of two bytes."""
    assert split(LLAMA_3_8B) == [2 * 8_030_261_248]
    assert split(MIXTRAL_8X7B, mixtral()) == [2 * 46_702_792_704]


def test_tensor_parallel_splits_matrices_and_repeats_norms() -> None:
    """Llama over four: everything in four parts but 65 norms of 4096."""
    norms = 65 * 4096
    assert split(LLAMA_3_8B, tensor_parallel=4) == [2 * ((8_030_261_248 - norms) // 4 + norms)]


def test_key_and_value_heads_are_not_cut() -> None:
    """Eight heads on sixteen GPUs: an eighth of those matrices, a sixteenth of the others."""
    shapes = dense(LLAMA_3_8B)
    keys = sum(prod(s) for n, s in shapes.items() if ".k_proj." in n or ".v_proj." in n)
    norms = 65 * 4096
    rest = 8_030_261_248 - keys - norms
    assert split(LLAMA_3_8B, tensor_parallel=16) == [2 * (keys // 8 + rest // 16 + norms)]


def test_a_pipeline_has_the_embeddings_first_and_the_head_last() -> None:
    """Two stages of sixteen layers."""
    shapes = dense(LLAMA_3_8B)
    layers = sum(prod(s) for n, s in shapes.items() if ".layers." in n)
    table = 128256 * 4096
    first, last = split(LLAMA_3_8B, pipeline_parallel=2)
    assert (first, last) == (2 * (layers // 2 + table), 2 * (layers // 2 + table + 4096))


def test_tied_embeddings_are_loaded_once_and_on_both_ends_of_a_pipeline() -> None:
    """A checkpoint may hold the head although it is the same tensor."""
    tied: Config = {**LLAMA_3_8B, "tie_word_embeddings": True}
    alone = split(tied, dense(LLAMA_3_8B))[0]
    assert alone == 2 * (8_030_261_248 - 128256 * 4096)
    assert sum(split(tied, pipeline_parallel=2)) == alone + 2 * 128256 * 4096


def test_layers_that_do_not_divide_go_to_the_middle() -> None:
    """As vLLM's get_pp_indices: never to the last stage, to the first one at last."""
    assert [len(s) for s in layers_of_stages(61, 4)] == [15, 15, 16, 15]
    assert [len(s) for s in layers_of_stages(27, 2)] == [14, 13]
    assert [len(s) for s in layers_of_stages(62, 4)] == [15, 16, 16, 15]


def test_experts_are_sliced_or_kept_whole() -> None:
    """Eight experts over three GPUs: three whole ones on the fullest."""
    shapes = mixtral()
    experts = sum(prod(s) for n, s in shapes.items() if ".experts." in n)
    sliced = split(MIXTRAL_8X7B, shapes, tensor_parallel=4)[0]
    whole = split(MIXTRAL_8X7B, shapes, tensor_parallel=4, expert_parallel=True)[0]
    assert sliced == whole
    uneven = split(MIXTRAL_8X7B, shapes, tensor_parallel=3, expert_parallel=True)[0]
    assert uneven - split(MIXTRAL_8X7B, shapes, tensor_parallel=3)[0] == round(
        2 * experts * (3 / 8 - 1 / 3)
    )


def test_experts_are_spread_over_the_copies_too() -> None:
    """Data parallel with whole experts: each GPU holds a sixteenth of them, and all of the rest."""
    shapes = mixtral()
    experts = sum(prod(s) for n, s in shapes.items() if ".experts." in n)
    found = split(MIXTRAL_8X7B, shapes, data_parallel=4, expert_parallel=True)[0]
    assert found == 2 * (parameters(shapes) - experts + experts // 4)


def test_routers_and_latent_projections_are_the_same_everywhere() -> None:
    """Only what vLLM makes a replicated layer."""
    shapes: Shapes = {
        "model.layers.0.self_attn.kv_a_proj_with_mqa.weight": (576, 2048),
        "model.layers.0.mlp.gate.weight": (64, 2048),
        "model.layers.0.self_attn.kv_b_proj.weight": (4096, 512),
    }
    replicated = 576 * 2048 + 64 * 2048
    found = split(DEEPSEEK_V2_LITE, shapes, tensor_parallel=4)
    assert found == [2 * (replicated + 4096 * 512 // 4)]


def test_prediction_layers_are_loaded_only_when_they_predict() -> None:
    """DeepSeek's lie behind the last layer, Qwen's under `mtp.`."""
    shapes = dense(LLAMA_3_8B)
    extra: Shapes = {"model.layers.32.mlp.up_proj.weight": (10, 10), "mtp.fc.weight": (10, 10)}
    assert split(LLAMA_3_8B, shapes | extra) == split(LLAMA_3_8B, shapes)
    predicting = split(LLAMA_3_8B, shapes | extra, speculative=Speculative(method="mtp"))
    assert predicting[0] == split(LLAMA_3_8B, shapes)[0] + 2 * 200


def test_float32_is_loaded_in_sixteen_bits_unless_told_otherwise() -> None:
    """Engines cast; transformers keeps what is stored."""
    assert split(LLAMA_3_8B, dtype="F32") == split(LLAMA_3_8B)
    assert _asked_for("float32") == 2 * split(LLAMA_3_8B)[0]
    stored = files({**LLAMA_3_8B, "torch_dtype": "float32"}, dense(LLAMA_3_8B), "F32")
    kept = plan(LLAMA_3_8B, engine="transformers")
    assert stage_weights(stored.tensors, stored.architecture, kept) == [4 * 8_030_261_248]


def _asked_for(dtype: str) -> int:
    model = files(LLAMA_3_8B)
    recipe = Recipe(id="m", model="/m", dtype=dtype)
    asked = make_plan(recipe, "vllm", model.architecture, RTX)
    return stage_weights(model.tensors, model.architecture, asked)[0]


def test_compressing_while_loading_spares_embeddings_and_norms() -> None:
    """FP8: one byte for every weight of a linear layer."""
    shapes = dense(QWEN3_32B)
    linear = sum(prod(s) for n, s in shapes.items() if "_proj." in n)
    rest = parameters(shapes) - linear
    for method in ("fp8", "fp8_per_tensor"):
        assert split(QWEN3_32B, quantization=method) == [linear + 2 * rest]


def test_a_compressed_checkpoint_is_as_large_as_its_files() -> None:
    """Its quantization in the recipe changes nothing."""
    config: Config = {**LLAMA_3_8B, "quantization_config": {"quant_method": "awq", "bits": 4}}
    assert split(config, quantization="awq") == split(config)
