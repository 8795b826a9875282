"""How SGLang is launched."""

from collections.abc import Mapping, Sequence

from core.engines.environment import child_environment
from core.engines.flags import Emit, Table, flags_of, lora_modules, nothing, switch, value
from core.engines.launch_spec import NEUTRAL, LaunchSpec
from core.engines.nodes import sglang_flags
from core.engines.sleep import levels
from core.recipes.recipe import Recipe, Speculative
from core.runtimes.runtime import Runtime
from core.settings import Paths

HOST = "127.0.0.1"


def _whole(flag: str) -> Emit:
    return lambda given: (flag, str(round(given)))


def _speculative(given: Speculative) -> Sequence[str]:
    words = ["--speculative-algorithm", given.method.upper()]
    if given.model is not None:
        words += ["--speculative-draft-model-path", given.model]
    return (*words, "--speculative-num-draft-tokens", str(given.tokens))


FLAGS: Table = {
    "revision": value("--revision"),
    "tokenizer": value("--tokenizer-path"),
    "tensor_parallel": value("--tp-size"),
    "pipeline_parallel": value("--pp-size"),
    "data_parallel": value("--dp-size"),
    "expert_parallel": nothing,  # needs the number of GPUs: see experts
    "context_length": value("--context-length"),
    "memory_fraction": value("--mem-fraction-static"),
    "kv_cache_dtype": value("--kv-cache-dtype"),
    "quantization": value("--quantization"),
    "dtype": value("--dtype"),
    "cpu_offload_gib": _whole("--cpu-offload-gb"),
    "swap_space_gib": _whole("--hicache-size"),
    "enforce_eager": switch("--disable-cuda-graph"),
    "max_sequences": value("--max-running-requests"),
    "max_batched_tokens": value("--max-prefill-tokens"),
    "chunked_prefill": nothing,  # on by default
    "prefix_caching": nothing,  # on by default
    "tool_call_parser": value("--tool-call-parser"),
    "reasoning_parser": value("--reasoning-parser"),
    "chat_template": value("--chat-template"),
    "seed": value("--random-seed"),
    "trust_remote_code": switch("--trust-remote-code"),
    "loras": lora_modules(("--enable-lora",), "--lora-paths"),
    "speculative": _speculative,
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

    SGLang takes its key only as a flag; `LaunchSpec.shown_argv` hides it from the log.
    """
    key = ("--api-key", api_key) if api_key else ()
    return LaunchSpec(
        argv=(
            *(str(runtime.python), "-m", "sglang.launch_server", "--model-path", recipe.model),
            *("--host", HOST, "--port", str(port), "--served-model-name", recipe.public_name),
            "--enable-metrics",
            *key,
            *flags_of(recipe, FLAGS),
            *experts(recipe),
            *sglang_flags(recipe),
            *_memory_saver(recipe, runtime),
            *recipe.extra_args,
        ),
        env=child_environment(
            env, model=recipe.model, devices=recipe.devices, recipe_env=recipe.env
        ),
        cwd=paths.run / NEUTRAL,
        model_name=recipe.public_name,
        api_key=api_key,
    )


def experts(recipe: Recipe) -> tuple[str, ...]:
    """Experts are spread over the GPUs of the tensor-parallel group."""
    if not recipe.expert_parallel:
        return ()
    return ("--ep-size", str(recipe.tensor_parallel or 1))


def _memory_saver(recipe: Recipe, runtime: Runtime) -> tuple[str, ...]:
    """Whether the weights are kept in main memory is settled here, not when it falls asleep."""
    match levels(recipe, runtime.id):
        case (1,):
            return ("--enable-memory-saver", "--enable-weights-cpu-backup")
        case (2,):
            return ("--enable-memory-saver",)
        case _:
            return ()
