"""How vLLM is launched, on a GPU and (as the runtime kind "vllm-cpu") on the CPU."""

import math
from collections.abc import Mapping

from core.engines.environment import child_environment
from core.engines.flags import (
    Table,
    flags_of,
    lora_modules,
    nothing,
    speculative_json,
    switch,
    value,
    with_switch,
)
from core.engines.launch_spec import NEUTRAL, LaunchSpec
from core.engines.nodes import variables, vllm_flags
from core.engines.sleep import levels
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths

HOST = "127.0.0.1"
CPU_KV_CACHE_GIB = 2  # when the recipe does not say; vLLM's own default takes far more

FLAGS: Table = {
    "revision": value("--revision"),
    "tokenizer": value("--tokenizer"),
    "tensor_parallel": value("--tensor-parallel-size"),
    "pipeline_parallel": value("--pipeline-parallel-size"),
    "data_parallel": value("--data-parallel-size"),
    "expert_parallel": switch("--enable-expert-parallel"),
    "context_length": value("--max-model-len"),
    "memory_fraction": value("--gpu-memory-utilization"),
    "kv_cache_dtype": value("--kv-cache-dtype"),
    "kv_cache_gib": nothing,  # CPU: VLLM_CPU_KVCACHE_SPACE; GPU: see below
    "quantization": value("--quantization"),
    "dtype": value("--dtype"),
    "cpu_offload_gib": value("--cpu-offload-gb"),
    "swap_space_gib": value("--swap-space"),  # gone since 0.3x; the preflight says so
    "enforce_eager": switch("--enforce-eager"),
    "max_sequences": value("--max-num-seqs"),
    "max_batched_tokens": value("--max-num-batched-tokens"),
    "chunked_prefill": switch("--enable-chunked-prefill"),
    "prefix_caching": switch("--enable-prefix-caching"),
    "tool_call_parser": with_switch("--enable-auto-tool-choice", "--tool-call-parser"),
    "reasoning_parser": value("--reasoning-parser"),
    "chat_template": value("--chat-template"),
    "generation_config": value("--generation-config"),
    "seed": value("--seed"),
    "trust_remote_code": switch("--trust-remote-code"),
    "loras": lora_modules(("--enable-lora",), "--lora-modules"),
    "speculative": speculative_json("--speculative-config"),
    "load_format": value("--load-format"),
}


def build(
    recipe: Recipe,
    *,
    runtime: Runtime,
    port: int,
    api_key: str | None,
    paths: Paths,
    env: Mapping[str, str],
) -> LaunchSpec:
    """The command for this recipe. `env` is the host's environment; nothing is read from disk.

    The key goes by environment (VLLM_API_KEY), where `ps` does not show it.
    """
    on_cpu = runtime.kind == "vllm-cpu"
    defaults = {"VLLM_CPU_KVCACHE_SPACE": _whole_gib(recipe.kv_cache_gib)} if on_cpu else {}
    defaults |= variables(recipe, env)
    if api_key:
        defaults["VLLM_API_KEY"] = api_key
    if opens_routes(recipe, runtime.id):
        defaults["VLLM_SERVER_DEV_MODE"] = "1"  # without it there are no routes to sleep by
    return LaunchSpec(
        argv=(
            *_program(recipe, runtime),
            *("--host", HOST, "--port", str(port), "--served-model-name", recipe.public_name),
            *flags_of(recipe, FLAGS),
            *vllm_flags(recipe),
            *(() if on_cpu else gpu_kv_cache(recipe)),
            *(() if on_cpu else _sleep_mode(recipe, runtime)),
            *recipe.extra_args,
        ),
        env=child_environment(
            env,
            model=recipe.model,
            devices=recipe.devices,
            defaults=defaults,
            recipe_env=recipe.env,
        ),
        cwd=paths.run / NEUTRAL,
        model_name=recipe.public_name,
        api_key=api_key,
    )


def opens_routes(recipe: Recipe, runtime_id: str | None) -> bool:
    """Whether its launch opens vLLM's development routes, which ask for no key."""
    return recipe.engine == "vllm" and bool(levels(recipe, runtime_id))


def _sleep_mode(recipe: Recipe, runtime: Runtime) -> tuple[str, ...]:
    """On the CPU the flag ends the start; the routes alone are there, and lie."""
    return ("--enable-sleep-mode",) if levels(recipe, runtime.id) else ()


def _program(recipe: Recipe, runtime: Runtime) -> tuple[str, ...]:
    """The CPU build has no package metadata, which its `vllm` command needs even for --help."""
    if runtime.kind == "vllm-cpu":
        module = "vllm.entrypoints.openai.api_server"
        return (str(runtime.python), "-m", module, "--model", recipe.model)
    return (str(runtime.python.with_name("vllm")), "serve", recipe.model)


def _whole_gib(gib: float | None) -> str:
    """vLLM reads this variable as a whole number."""
    return str(max(1, math.ceil(gib)) if gib is not None else CPU_KV_CACHE_GIB)


def gpu_kv_cache(recipe: Recipe) -> tuple[str, ...]:
    """On a GPU the room for the KV cache is a flag, in bytes."""
    if recipe.kv_cache_gib is None:
        return ()
    return ("--kv-cache-memory-bytes", str(round(recipe.kv_cache_gib * 1024**3)))
