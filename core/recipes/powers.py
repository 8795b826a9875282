"""Which recipes run code of somebody's choosing, so that only the machine's owner may save them.

Not a sandbox: an engine is a large program, and the list below is what is known to load code,
send data elsewhere or open doors. It keeps a web page or another user of this machine, who can
reach the port but not the owner's token, from starting programs through a recipe.
"""

import msgspec

from core.recipes.recipe import Recipe

# Flags of engines that import or run what they are given, or read files for clients.
_CODE_FLAGS = frozenset(
    {
        "allowed_local_media_path",
        "custom_sigquit_handler",
        "enable_custom_logit_processor",
        "forward_hooks",
        "io_processor_plugin",
        "kv_transfer_config",
        "logits_processors",
        "middleware",
        "model_loader_extra_config",
        "reasoning_parser_plugin",
        "scheduler_cls",
        "tool_parser_plugin",
        "tool_server",
        "trust_remote_code",
        "worker_cls",
        "worker_extension_cls",
    }
)
# Variables that make any program load code, or send what it knows to another place.
_CODE_VARIABLES = frozenset(
    {
        "ALL_PROXY",
        "BASH_ENV",
        "CC",
        "CUDA_HOME",
        "CXX",
        "ENV",
        "HF_ENDPOINT",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "PATH",
        "TRITON_CACHE_DIR",
        "VLLM_ALLOW_INSECURE_SERIALIZATION",
        "VLLM_CACHE_ROOT",
        "VLLM_LOGGING_CONFIG_PATH",
        "VLLM_PLUGINS",
    }
)
_CODE_PREFIXES = ("DYLD_", "GCONV_", "LD_", "PYTHON", "SGLANG_EXTERNAL_")

# What a person without the owner's token may still change in a recipe that the owner saved.
_HARMLESS = (
    "aliases",
    "concurrency",
    "load_timeout_s",
    "name",
    "notes",
    "pinned",
    "preload",
    "price",
    "stop_grace_s",
    "ttl_s",
    "unlisted",
)


def only_for_owner(recipe: Recipe) -> str | None:
    """Why only the owner may save it, as the first half of a sentence; None when anybody may."""
    if recipe.engine == "command":
        return "A recipe with a command runs a program"
    if recipe.trust_remote_code:
        return "trust_remote_code runs code that comes with the model"
    for argument in recipe.extra_args:
        if flag_name(argument) in _CODE_FLAGS:
            return f"{argument.split('=')[0]} can run code"
    for name in recipe.env:
        if name.upper() in _CODE_VARIABLES or name.upper().startswith(_CODE_PREFIXES):
            return f"The variable {name} can run code or send data elsewhere"
    return None


def runs_the_same(one: Recipe, other: Recipe) -> bool:
    """They differ in nothing that reaches the program."""
    return _program(one) == _program(other)


def flag_name(argument: str) -> str | None:
    """ "--Max-Model-Len=1" and "--max_model_len" are "max_model_len"; None for what is no flag."""
    if not argument.startswith("-"):
        return None
    return argument.split("=", 1)[0].lstrip("-").replace("-", "_").lower()


def _program(recipe: Recipe) -> Recipe:
    defaults = {f.name: f.default for f in msgspec.structs.fields(Recipe) if f.name in _HARMLESS}
    return msgspec.structs.replace(recipe, **defaults)
