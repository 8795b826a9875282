"""Every field of a recipe becomes exactly the flags it should, for every engine, or none."""

from pathlib import Path

import msgspec
import pytest

from core.engines import sglang, transformers, vllm
from core.engines.flags import NOT_FLAGS, Table, flags_of, unsupported
from core.recipes.recipe import Lora, Recipe, Speculative

DATA = Path(__file__).parent / "data"

VALUES: dict[str, object] = {
    "revision": "main",
    "tokenizer": "/t",
    "tensor_parallel": 2,
    "pipeline_parallel": 3,
    "data_parallel": 4,
    "expert_parallel": True,
    "context_length": 4096,
    "memory_fraction": 0.8,
    "kv_cache_dtype": "fp8",
    "kv_cache_gib": 1.5,
    "quantization": "awq",
    "dtype": "half",
    "cpu_offload_gib": 4.0,
    "swap_space_gib": 8.0,
    "enforce_eager": True,
    "max_sequences": 16,
    "max_batched_tokens": 2048,
    "chunked_prefill": True,
    "prefix_caching": True,
    "tool_call_parser": "hermes",
    "reasoning_parser": "qwen3",
    "chat_template": "/c.jinja",
    "generation_config": "vllm",
    "seed": 0,
    "trust_remote_code": True,
    "loras": (Lora(name="a", path="/a"), Lora(name="b", path="/b")),
    "speculative": Speculative(method="ngram", tokens=4),
    "load_format": "dummy",
}

VLLM: dict[str, str] = {
    "revision": "--revision main",
    "tokenizer": "--tokenizer /t",
    "tensor_parallel": "--tensor-parallel-size 2",
    "pipeline_parallel": "--pipeline-parallel-size 3",
    "data_parallel": "--data-parallel-size 4",
    "expert_parallel": "--enable-expert-parallel",
    "context_length": "--max-model-len 4096",
    "memory_fraction": "--gpu-memory-utilization 0.8",
    "kv_cache_dtype": "--kv-cache-dtype fp8",
    "kv_cache_gib": "",
    "quantization": "--quantization awq",
    "dtype": "--dtype half",
    "cpu_offload_gib": "--cpu-offload-gb 4.0",
    "swap_space_gib": "--swap-space 8.0",
    "enforce_eager": "--enforce-eager",
    "max_sequences": "--max-num-seqs 16",
    "max_batched_tokens": "--max-num-batched-tokens 2048",
    "chunked_prefill": "--enable-chunked-prefill",
    "prefix_caching": "--enable-prefix-caching",
    "tool_call_parser": "--enable-auto-tool-choice --tool-call-parser hermes",
    "reasoning_parser": "--reasoning-parser qwen3",
    "chat_template": "--chat-template /c.jinja",
    "generation_config": "--generation-config vllm",
    "seed": "--seed 0",
    "trust_remote_code": "--trust-remote-code",
    "loras": "--enable-lora --lora-modules a=/a b=/b",
    "speculative": '--speculative-config {"method": "ngram", "num_speculative_tokens": 4}',
    "load_format": "--load-format dummy",
}

SGLANG: dict[str, str] = {
    "revision": "--revision main",
    "tokenizer": "--tokenizer-path /t",
    "tensor_parallel": "--tp-size 2",
    "pipeline_parallel": "--pp-size 3",
    "data_parallel": "--dp-size 4",
    "expert_parallel": "",
    "context_length": "--context-length 4096",
    "memory_fraction": "--mem-fraction-static 0.8",
    "kv_cache_dtype": "--kv-cache-dtype fp8",
    "quantization": "--quantization awq",
    "dtype": "--dtype half",
    "cpu_offload_gib": "--cpu-offload-gb 4",
    "swap_space_gib": "--hicache-size 8",
    "enforce_eager": "--disable-cuda-graph",
    "max_sequences": "--max-running-requests 16",
    "max_batched_tokens": "--max-prefill-tokens 2048",
    "chunked_prefill": "",
    "prefix_caching": "",
    "tool_call_parser": "--tool-call-parser hermes",
    "reasoning_parser": "--reasoning-parser qwen3",
    "chat_template": "--chat-template /c.jinja",
    "seed": "--random-seed 0",
    "trust_remote_code": "--trust-remote-code",
    "loras": "--enable-lora --lora-paths a=/a b=/b",
    "speculative": "--speculative-algorithm NGRAM --speculative-num-draft-tokens 4",
    "load_format": "--load-format dummy",
}

TRANSFORMERS: dict[str, str] = {
    "quantization": "--quantization awq",
    "dtype": "--dtype half",
    "seed": "--default-seed 0",
    "trust_remote_code": "--trust-remote-code",
}

ENGINES: dict[str, tuple[Table, dict[str, str]]] = {
    "vllm": (vllm.FLAGS, VLLM),
    "sglang": (sglang.FLAGS, SGLANG),
    "transformers": (transformers.FLAGS, TRANSFORMERS),
}
CASES = [(engine, field) for engine, (_, wanted) in ENGINES.items() for field in wanted]
KNOWN_GONE = {"--swap-space"}  # older vLLM; the check before the launch says so for newer


def with_field(field: str, value: object) -> Recipe:
    """A recipe with one field set."""
    return msgspec.structs.replace(Recipe(id="r", model="/m"), **{field: value})


@pytest.mark.parametrize(("engine", "field"), CASES)
def test_a_field_becomes_its_flags(engine: str, field: str) -> None:
    """One row of the table, word for word."""
    table, wanted = ENGINES[engine]
    assert " ".join(flags_of(with_field(field, VALUES[field]), table)) == wanted[field]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_row_of_the_table_is_tested(engine: str) -> None:
    """A new row without an expectation fails here."""
    table, wanted = ENGINES[engine]
    assert set(table) == set(wanted)


def test_every_field_of_a_recipe_is_a_flag_or_said_to_be_none() -> None:
    """A new recipe field can not be forgotten: vLLM has a row for each, or it is no flag at all."""
    assert set(Recipe.__struct_fields__) == NOT_FLAGS | set(vllm.FLAGS)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_set_is_no_flag(engine: str) -> None:
    """None leaves the engine its own default."""
    assert flags_of(Recipe(id="r", model="/m"), ENGINES[engine][0]) == ()


@pytest.mark.parametrize(
    "field", ["expert_parallel", "enforce_eager", "chunked_prefill", "prefix_caching"]
)
@pytest.mark.parametrize("engine", ENGINES)
def test_false_never_emits_a_flag(engine: str, field: str) -> None:
    """Neither `--flag false` nor `--no-flag`."""
    assert flags_of(with_field(field, False), ENGINES[engine][0]) == ()


def test_a_draft_model_is_named_in_vllms_json() -> None:
    """Speculative decoding with a model of its own."""
    recipe = with_field("speculative", Speculative(method="eagle", model="/draft", tokens=3))
    assert flags_of(recipe, vllm.FLAGS)[1] == (
        '{"method": "eagle", "model": "/draft", "num_speculative_tokens": 3}'
    )


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_every_flag_exists_in_the_real_engine(engine: str) -> None:
    """The engine's own parser (vLLM 0.32.0, SGLang 0.5.23) knows every flag we emit."""
    known = set((DATA / f"{engine}-flags.txt").read_text(encoding="utf-8").split("\n"))
    _, wanted = ENGINES[engine]
    emitted = {word for words in wanted.values() for word in words.split() if word[:2] == "--"}
    assert emitted - known - KNOWN_GONE == set()


def test_fields_an_engine_has_nothing_for_are_named() -> None:
    """A set field that would be lost silently is told."""
    recipe = msgspec.structs.replace(Recipe(id="r", model="/m"), tensor_parallel=2, seed=1)
    assert unsupported(recipe, transformers.FLAGS) == ("tensor_parallel",)
