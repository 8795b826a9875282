"""What an engine will do with a recipe: every value that decides about memory, defaults filled in.

A recipe leaves most of them to the engine. Sources, each in the version that this was read in:
vLLM 0.32 `EngineArgs.get_batch_defaults` and `CacheConfig` (0.92 of each GPU; it was 0.9 until
0.1x), SGLang 0.5 `ServerArgs._handle_gpu_memory_settings`, `transformers serve` 5.23.
"""

import contextlib
from typing import Any, Literal

import msgspec

from core.fit.architecture import Architecture
from core.fit.number_formats import GIB, MIB
from core.recipes.fields import ALSO, FIELD
from core.recipes.flag_names import flag_name
from core.recipes.recipe import Recipe

Engine = Literal["vllm", "vllm-cpu", "sglang", "transformers"]

VLLM_FRACTION = 0.92
CPU_KV_CACHE_GIB = 2  # what core.engines.vllm gives vLLM on the CPU
GROWING_CACHE = 8192  # tokens: a cache that grows as it is used is counted up to here
# Recipe fields whose flags may also stand in extra_args, where they win.
_FIELDS = frozenset(
    str.split(
        "tensor_parallel pipeline_parallel data_parallel expert_parallel context_length "
        "memory_fraction kv_cache_dtype quantization dtype cpu_offload_gib swap_space_gib "
        "enforce_eager max_sequences max_batched_tokens"
    )
)


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU as far as an engine's defaults depend on it."""

    total: int  # bytes
    name: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The launch in numbers."""

    engine: Engine
    on_gpu: bool
    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    experts_apart: bool = False  # whole experts on each GPU, instead of a slice of all
    context: int
    sequences: int
    batched_tokens: int
    fraction: float | None = None  # of each GPU, that the engine keeps for itself
    kv_given: int | None = None  # bytes for the KV cache, whatever the fraction
    kv_cache_dtype: str | None = None
    dtype: str | None = None
    quantization: str | None = None
    eager: bool = False
    offload: int = 0  # bytes of each GPU's weights that stay in main memory
    swap: int = 0  # bytes of main memory for each GPU
    multi_token: bool = False  # the model's own prediction layers are loaded too

    @property
    def gpus(self) -> int:
        """How many GPUs it takes."""
        return self.tensor * self.pipeline * self.data if self.on_gpu else 0


def make_plan(recipe: Recipe, engine: Engine, model: Architecture, gpu: Gpu | None) -> Plan:
    """What `engine` makes of the recipe. `gpu`: the smallest that it may use, None on the CPU."""
    recipe = with_flags(recipe)
    on_gpu = engine in ("vllm", "sglang") or _asks_for_cuda(recipe)
    alone = engine == "transformers"
    tokens, sequences = _batch(recipe, engine, gpu)
    context = recipe.context_length or model.context
    return Plan(
        engine=engine,
        on_gpu=on_gpu,
        tensor=1 if alone else recipe.tensor_parallel or 1,
        pipeline=1 if alone else recipe.pipeline_parallel or 1,
        data=1 if alone else recipe.data_parallel or 1,
        experts_apart=recipe.expert_parallel,
        context=context,
        sequences=recipe.max_sequences or sequences,
        batched_tokens=recipe.max_batched_tokens
        or (max(tokens, context) if recipe.chunked_prefill is False else tokens),
        fraction=_fraction(recipe, engine, gpu, sequences),
        kv_given=_kv_given(recipe, engine),
        kv_cache_dtype=recipe.kv_cache_dtype,
        dtype=recipe.dtype,
        quantization=recipe.quantization,
        eager=recipe.enforce_eager,
        offload=_bytes(recipe.cpu_offload_gib),
        swap=_bytes(recipe.swap_space_gib),
        multi_token=recipe.speculative is not None and "mtp" in recipe.speculative.method,
    )


def with_flags(recipe: Recipe) -> Recipe:
    """The recipe with what its extra_args say about memory in the fields' own places."""
    found: dict[str, Any] = {}
    words = recipe.extra_args
    for index, word in enumerate(words):
        name = flag_name(word) or ""
        field = name if name in FIELD else ALSO.get(name, "")
        if field in _FIELDS:
            following = words[index + 1] if index + 1 < len(words) else ""
            found[field] = _value(field, word.partition("=")[2] or following)
    return msgspec.structs.replace(recipe, **{k: v for k, v in found.items() if v is not None})


def _value(field: str, text: str) -> object:
    kind = {one.name: one.type for one in msgspec.structs.fields(Recipe)}[field]
    if kind is bool:
        return True
    with contextlib.suppress(msgspec.ValidationError):
        return msgspec.convert(text, kind, strict=False)
    return None


def _asks_for_cuda(recipe: Recipe) -> bool:
    """The transformers runtime computes on the CPU unless told otherwise."""
    words = recipe.extra_args
    pairs = zip(words, (*words[1:], ""), strict=False)
    return recipe.engine == "transformers" and any(
        flag_name(word) == "device" and "cuda" in (word.partition("=")[2] or following)
        for word, following in pairs
    )


def _batch(recipe: Recipe, engine: Engine, gpu: Gpu | None) -> tuple[int, int]:
    """Tokens in one step and sequences at once, when the recipe says neither."""
    total, name = (gpu.total, gpu.name.lower()) if gpu else (0, "")
    if engine == "transformers":
        return 512, 1
    if engine == "vllm-cpu":
        world = (recipe.tensor_parallel or 1) * (recipe.pipeline_parallel or 1)
        return 2048 * world, 128 * world
    if engine == "sglang":
        return (8192 if total >= 60 * GIB else 2048), _graph_sequences(recipe, total)
    if total >= 160 * GIB:
        return 16384, 1024
    if total >= 70 * GIB and "a100" not in name:
        return 8192, 1024
    return 2048, 256


def _graph_sequences(recipe: Recipe, total: int) -> int:
    """SGLang's largest captured batch, by the size of the GPU."""
    many = (recipe.tensor_parallel or 1) >= 4
    for below, few, more in ((20, 8, 8), (35, 24, 80), (60, 32, 160), (90, 256, 512)):
        if total < below * GIB:
            return more if many else few
    return 512


def _fraction(recipe: Recipe, engine: Engine, gpu: Gpu | None, sequences: int) -> float | None:
    if engine == "vllm" and not (recipe.kv_cache_gib and recipe.kv_cache_gib > 0):
        return recipe.memory_fraction or VLLM_FRACTION
    if engine == "sglang":
        return recipe.memory_fraction or _static_fraction(recipe, gpu, sequences)
    return None


def _static_fraction(recipe: Recipe, gpu: Gpu | None, sequences: int) -> float:
    """SGLang's own choice: what is left when steps, graphs and a constant are set aside."""
    if gpu is None or gpu.total <= 0:
        return 0.88
    tokens = recipe.max_batched_tokens or (8192 if gpu.total >= 60 * GIB else 2048)
    world = (recipe.tensor_parallel or 1) * (recipe.pipeline_parallel or 1)
    aside = 512 + max(tokens, 2048) * 1.5 + sequences * 2 + world / 8 * 1024  # MiB
    if gpu.total > 60 * GIB:
        aside = max(aside, 10 * 1024)
    return max(0.1, round((gpu.total - aside * MIB) / gpu.total, 3))


def _kv_given(recipe: Recipe, engine: Engine) -> int | None:
    if engine == "vllm-cpu":
        named = recipe.env.get("VLLM_CPU_KVCACHE_SPACE", "")
        whole = int(named) if named.isdecimal() and int(named) else CPU_KV_CACHE_GIB
        given = recipe.kv_cache_gib
        return (whole if named or given is None else max(1, -int(-given // 1))) * GIB
    if engine == "vllm" and recipe.kv_cache_gib:
        return _bytes(recipe.kv_cache_gib)
    return None


def _bytes(gib: float | None) -> int:
    return round((gib or 0) * GIB)
