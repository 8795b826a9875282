"""What is taken and what is needed, of each device."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.fit.estimate import host, per_gpu, unknown
from core.fit.number_formats import GIB
from core.recipes.recipe import Recipe
from tests.core.fit.machines import known, machine, recipe
from tests.core.fit.models import (
    DEEPSEEK_V2_LITE,
    GEMMA_3_27B,
    LLAMA_3_8B,
    MIXTRAL_8X7B,
    QWEN3_32B,
    dense,
    files,
    mixtral,
)

LLAMA = files(LLAMA_3_8B)
WEIGHTS = 2 * 8_030_261_248


def test_vllm_takes_its_fraction_of_the_gpu_whatever_the_model() -> None:
    """0.92 unless the recipe says otherwise; the parts add up to it."""
    found = known(LLAMA, machine(24))
    (load,) = found.gpus
    assert load.takes == round(0.92 * 24 * GIB)
    assert sum(segment.bytes for segment in load.segments) == load.takes
    assert load.of("weights") == WEIGHTS
    assert per_gpu(known(LLAMA, machine(24), recipe(memory_fraction=0.5))) == 12 * GIB


def test_it_needs_no_more_than_weights_one_request_and_the_least_of_the_rest() -> None:
    """15 GiB of weights, one of cache, and less than another of what is guessed."""
    (load,) = known(LLAMA, machine(24)).gpus
    assert WEIGHTS + GIB < load.needs < WEIGHTS + 2 * GIB


def test_the_guess_is_close_to_what_others_measured() -> None:
    """Llama 3 8B on a 24 GiB card: vLLM itself says 0.8 GiB beside weights and cache."""
    (load,) = known(LLAMA, machine(22.5)).gpus
    guessed = sum(load.of(kind) for kind in ("activations", "graphs", "overhead"))
    assert 0.6 * GIB < guessed < 1.4 * GIB


def test_the_same_recipe_takes_another_amount_of_another_gpu() -> None:
    """`per_gpu` answers for a GPU that the estimate was not made for."""
    found = known(LLAMA, machine(24))
    assert per_gpu(found, 80 * GIB) == round(0.92 * 80 * GIB)
    assert per_gpu(found) == per_gpu(found, 24 * GIB)


def test_an_unknown_estimate_has_no_bytes() -> None:
    """Nobody knows is not nothing."""
    assert per_gpu(unknown("x")) is None
    assert host(unknown("x")) is None


def test_sglang_takes_its_fraction_and_what_it_set_aside() -> None:
    """Its fraction covers weights and cache; steps and graphs come on top."""
    found = known(LLAMA, machine(24), recipe(engine="sglang", memory_fraction=0.8), "sglang")
    (load,) = found.gpus
    assert load.of("weights") + load.of("kv_cache") == round(0.8 * 24 * GIB)
    assert round(0.8 * 24 * GIB) < load.takes <= 24 * GIB


def test_sglang_chooses_a_fraction_from_the_size_of_the_gpu() -> None:
    """On 24 GiB: 512 MiB, 2048 tokens, 24 graphs and an eighth of a GPU are set aside."""
    found = known(LLAMA, machine(24), recipe(engine="sglang"), "sglang")
    assert found.fraction == round((24 * 1024 - (512 + 3072 + 48 + 128)) / (24 * 1024), 3)


def test_on_the_cpu_everything_is_in_main_memory() -> None:
    """The cache has the size that it was given, in whole GiB as vLLM reads it."""
    asked = recipe(kv_cache_gib=3.5)
    found = known(LLAMA, machine(memory=64), asked, "vllm-cpu")
    assert found.gpus == ()
    assert per_gpu(found) == 0
    assert found.host is not None
    assert found.host.of("weights") == WEIGHTS
    assert found.host.of("kv_cache") == 4 * GIB
    assert (host(found) or 0) > WEIGHTS + 4 * GIB


def test_ranks_stand_in_the_order_in_which_engines_count_them() -> None:
    """Two stages of two slices each: the first two hold the embeddings, the others the head."""
    asked = recipe(tensor_parallel=2, pipeline_parallel=2)
    weights = [load.of("weights") for load in known(LLAMA, machine(24, 24, 24, 24), asked).gpus]
    assert weights[0] == weights[1] != weights[2] == weights[3]


def test_offloaded_weights_are_in_main_memory() -> None:
    """Four GiB of each GPU's."""
    asked = recipe(cpu_offload_gib=4, tensor_parallel=2)
    found = known(LLAMA, machine(24, 24), asked)
    assert found.gpus[0].of("weights") < WEIGHTS // 2 - 3 * GIB
    assert found.host is not None
    assert found.host.of("offload") == 8 * GIB


def test_a_cache_of_a_given_size_takes_the_place_of_the_fraction() -> None:
    """vLLM then looks at no fraction at all."""
    (load,) = known(LLAMA, machine(24), recipe(kv_cache_gib=2.0)).gpus
    assert load.of("kv_cache") == 2 * GIB
    assert load.takes < 20 * GIB


def test_flags_beside_the_fields_count_too() -> None:
    """What stands in extra_args is what the engine does."""
    by_field = recipe(context_length=4096, memory_fraction=0.5, enforce_eager=True)
    by_flag = recipe(
        extra_args=(
            *("--max-model-len", "4096"),
            "--gpu_memory_utilization=0.5",
            "--enforce-eager",
            *("--max-num-seqs", "many"),
        )
    )
    assert known(LLAMA, machine(24), by_field) == known(LLAMA, machine(24), by_flag)


def test_larger_gpus_take_larger_steps() -> None:
    """vLLM's own defaults: from 70 GiB on, but not on an A100."""
    small, large = known(LLAMA, machine(24)).numbers, known(LLAMA, machine(80)).numbers
    assert small is not None
    assert large is not None
    assert (small.batched_tokens, small.sequences) == (2048, 256)
    assert (large.batched_tokens, large.sequences) == (8192, 1024)


MODELS = st.sampled_from(
    [
        LLAMA,
        files(QWEN3_32B),
        files(DEEPSEEK_V2_LITE, dense(DEEPSEEK_V2_LITE | {"num_key_value_heads": 16})),
        files(GEMMA_3_27B, dense(GEMMA_3_27B["text_config"], "language_model.model.")),
        files(MIXTRAL_8X7B, mixtral()),
    ]
)
ENGINES = st.sampled_from(["vllm", "sglang"])
BIG = machine(*[80] * 16)


def needs(asked: Recipe, model: object, engine: str) -> int:
    """The most that any GPU needs."""
    return max(load.needs for load in known(model, BIG, asked, engine).gpus)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(MODELS, ENGINES, st.integers(1, 200_000), st.integers(0, 100_000), st.integers(0, 3))
def test_a_longer_context_never_needs_less(
    model: object, engine: str, context: int, more: int, splits: int
) -> None:
    """However the model is split."""
    asked = recipe(tensor_parallel=2**splits, context_length=context)
    longer = recipe(tensor_parallel=2**splits, context_length=context + more)
    assert needs(asked, model, engine) <= needs(longer, model, engine)


@settings(max_examples=60, deadline=None)
@given(MODELS, ENGINES, st.integers(1, 2048), st.integers(0, 2048), st.booleans())
def test_more_sequences_never_need_less(
    model: object, engine: str, sequences: int, more: int, eager: bool
) -> None:
    """Graphs and likelihoods grow with them."""
    asked = recipe(max_sequences=sequences, enforce_eager=eager)
    larger = recipe(max_sequences=sequences + more, enforce_eager=eager)
    assert needs(asked, model, engine) <= needs(larger, model, engine)


@settings(max_examples=60, deadline=None)
@given(MODELS, ENGINES, st.integers(1, 3), st.integers(1, 65_536))
def test_more_gpus_never_need_more_of_each(
    model: object, engine: str, splits: int, context: int
) -> None:
    """But for the buffers between them, from one to two."""
    asked = recipe(tensor_parallel=2**splits, context_length=context)
    wider = recipe(tensor_parallel=2 ** (splits + 1), context_length=context)
    assert needs(wider, model, engine) <= needs(asked, model, engine)
