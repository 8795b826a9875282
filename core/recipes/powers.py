"""Which recipes hand something to a program, so that only the machine's owner may save them.

An engine is a large program, and among its hundreds of flags and variables are dozens that load
code, write files or send data elsewhere; a list of the bad ones would never be complete. So the
fields of a recipe are for everybody, and the ways around them (a command, code from the model,
extra arguments, variables) are for the owner, except for the variables named below.

This keeps a web page, or another user of this machine, who can reach the port but does not have
the owner's token, from starting programs through a recipe.
"""

import msgspec

from core.recipes.recipe import Recipe

# Variables that tune, name a token, or keep an engine offline; none of them names code or a place.
_HARMLESS_VARIABLES = frozenset(
    {
        "CUDA_DEVICE_ORDER",
        "CUDA_LAUNCH_BLOCKING",
        "HF_HUB_OFFLINE",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "MKL_NUM_THREADS",
        "NCCL_DEBUG",
        "NCCL_IB_DISABLE",
        "NCCL_P2P_DISABLE",
        "NCCL_SHM_DISABLE",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TOKENIZERS_PARALLELISM",
        "TRANSFORMERS_OFFLINE",
        "VLLM_CPU_KVCACHE_SPACE",
        "VLLM_CPU_OMP_THREADS_BIND",
        "VLLM_LOGGING_LEVEL",
    }
)

# What a person without the owner's token may still change in a recipe that the owner saved.
_HARMLESS_FIELDS = (
    "aliases",
    "cache",
    "cache_shared",
    "cache_ttl_s",
    "concurrency",
    "fallbacks",
    "lane",
    "load_timeout_s",
    "name",
    "notes",
    "pinned",
    "preload",
    "presets",
    "price",
    "priority",
    "set_params",
    "single_flight",
    "sleeper_ttl_s",
    "stop_grace_s",
    "strip_params",
    "ttl_s",
    "unlisted",
    "use_model_name",
)


def only_for_owner(recipe: Recipe) -> str | None:
    """Why only the owner may save it, as the first half of a sentence; None when anybody may."""
    if recipe.engine == "command":
        return "A recipe with a command runs a program"
    if recipe.trust_remote_code:
        return "trust_remote_code runs code that comes with the model"
    if recipe.extra_args:
        return f"extra_args ({recipe.extra_args[0].split('=')[0]}) can make the engine run code"
    if recipe.sleep != "off":
        return "sleep opens development routes of the engine to every program of this machine"
    if recipe.nodes is not None or recipe.node_address is not None:
        return "nodes joins other machines, which run each other's code"
    for name in recipe.env:
        if name not in _HARMLESS_VARIABLES:
            return f"The variable {name} may change what the engine runs"
    return None


def runs_the_same(one: Recipe, other: Recipe) -> bool:
    """They differ in nothing that reaches the program."""
    return _program(one) == _program(other)


def _program(recipe: Recipe) -> Recipe:
    fields = msgspec.structs.fields(Recipe)
    defaults = {field.name: field.default for field in fields if field.name in _HARMLESS_FIELDS}
    return msgspec.structs.replace(recipe, **defaults)
